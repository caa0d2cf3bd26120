import { existsSync } from 'node:fs';
import path from 'node:path';
import { acquireDirectoryLock } from '../store/directory-lock.ts';
import type { CommandContext } from './command-context.ts';
import { workspaceFolder } from './workspace-folder.ts';

/**
 * Refuses at once, before the hub's modules are loaded, when another process holds the embedded store. Only a hub that opens the store
 * takes the lock for good.
 * @throws ConfigError `store_locked`
 */
export function refuseLocked({ settings, folder, dataDir }: CommandContext): void {
  if (settings.databaseUrl !== undefined) return;
  const directory = dataDir ?? path.join(workspaceFolder(folder), '.musubi', 'data');
  if (existsSync(path.join(directory, 'pgdata'))) acquireDirectoryLock(directory).release();
}
