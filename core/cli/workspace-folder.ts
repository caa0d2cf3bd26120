import { existsSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../config/process-env.ts';
import { ConfigError } from '../sdk/errors.ts';

/** The workspace that ships for the demo. */
export const quickstartFolder = path.join(packageRoot, 'examples', 'quickstart');

/**
 * The workspace a command works on: the one named, else the current folder.
 * @throws ConfigError `workspace_missing` when there is no musubi.yaml.
 */
export function workspaceFolder(named: string | undefined): string {
  const folder = path.resolve(named ?? '.');
  if (!existsSync(path.join(folder, 'musubi.yaml'))) {
    throw new ConfigError(`[workspace] no musubi.yaml in ${folder}: name the folder with --workspace`, {
      code: 'workspace_missing',
    });
  }
  return folder;
}
