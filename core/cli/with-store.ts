import { existsSync } from 'node:fs';
import path from 'node:path';
import { readText } from '../config/config-files.ts';
import { substitute } from '../config/environment.ts';
import type { ProcessSettings } from '../config/process-env.ts';
import { readYaml } from '../config/yaml-document.ts';
import { isTimeZone, localTime } from '../model/zone.ts';
import { ConfigError } from '../sdk/errors.ts';
import { type OpenStore, openStore } from '../store/open-store.ts';
import type { CommandContext } from './command-context.ts';
import type { Terminal } from './terminal.ts';
import { workspaceFolder } from './workspace-folder.ts';

/** An open store and what a command about it needs of the workspace. */
export interface StoreAtHand extends OpenStore {
  readonly folder: string;
  /** An instant as a clock in the workspace's zone shows it: `2026-10-07 10:00:05`. */
  readonly timeText: (ms: number) => string;
}

/**
 * Opens the workspace's store for one command and closes it again. With `create`, an embedded store that is not there yet is made.
 * @throws ConfigError `store_locked` while a hub holds the embedded store, `store_missing` when there is nothing to look at.
 */
export async function withStore<T>(
  context: CommandContext,
  options: { readonly create: boolean },
  work: (store: StoreAtHand) => Promise<T>,
): Promise<T> {
  const { settings, terminal } = context;
  const folder = workspaceFolder(context.folder);
  const dataDir = context.dataDir ?? path.join(folder, '.musubi', 'data');
  if (!options.create && settings.databaseUrl === undefined && !existsSync(path.join(dataDir, 'pgdata'))) {
    throw new ConfigError(
      `[store] there is no data in ${dataDir} yet: start the hub first, or name the folder with --data`,
      {
        code: 'store_missing',
      },
    );
  }
  const timeZone = await readTimeZone(folder, settings.env);
  const store = await openQuietly(context, dataDir);
  try {
    return await work({ ...store, folder, timeText: (ms) => timeText(ms, timeZone) });
  } finally {
    await store.close();
    terminal.progress(null);
  }
}

async function openQuietly({ settings, terminal }: CommandContext, dataDir: string): Promise<OpenStore> {
  try {
    return await openStore({
      databaseUrl: settings.databaseUrl,
      dataDir,
      schema: settings.schema,
      poolSize: 2,
      onProgress: (step) => terminal.progress(step === 'creating' ? storeStep(step, terminal) : null),
      onError: (error) => terminal.warn(`[store] ${error.message}`),
    });
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code !== 'store_locked') throw error;
    const advice = terminal.pick(
      'ハブの実行中は、組み込みデータベースを他のコマンドから開けません。ハブを止めてから実行するか、PostgreSQL（DATABASE_URL）をお使いください。',
      'The embedded database opens for one process at a time: stop the hub, run the command, start it again; with PostgreSQL (DATABASE_URL) commands work beside a running hub.',
    );
    throw new ConfigError(`${error.message}\n${advice}`, { code: error.code, cause: error });
  }
}

/** A step of opening the store, in the terminal's language. */
export function storeStep(step: string, { pick }: Terminal): string {
  return step === 'creating'
    ? pick('データベースを作成しています（初回のみ）', 'making the database (the first time only)')
    : pick('データベースを開いています', 'opening the database');
}

const DEFAULT_ZONE = 'Asia/Tokyo';

/** The workspace's zone, also when something else in its files is wrong: what happened must stay readable. */
async function readTimeZone(folder: string, env: ProcessSettings['env']): Promise<string> {
  const read = readYaml('musubi.yaml', await readText(path.join(folder, 'musubi.yaml')));
  if (!read.ok) return DEFAULT_ZONE;
  const { value } = substitute(read.document, env);
  const zone = (value as { workspace?: { timeZone?: unknown } } | null)?.workspace?.timeZone;
  return typeof zone === 'string' && isTimeZone(zone) ? zone : DEFAULT_ZONE;
}

function timeText(ms: number, timeZone: string): string {
  const { date, timeMs } = localTime(ms, timeZone);
  const clock = new Date(timeMs).toISOString().slice(11, 19);
  return `${date} ${clock}`;
}
