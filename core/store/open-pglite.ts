import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Extensions, PGlite } from '@electric-sql/pglite';
import { ConfigError } from '../sdk/errors.ts';
import { acquireDirectoryLock } from './directory-lock.ts';
import { PglitePool, type PglitePoolOptions } from './pglite-pool.ts';
import { startUpkeep } from './pglite-upkeep.ts';

export interface OpenPgliteOptions extends PglitePoolOptions {
  /** A directory of the hub's own, made if missing; or `memory://` for a store that ends with the process. */
  readonly dataDir: string;
  /** E.g. `{ pg_trgm }` from '@electric-sql/pglite/contrib/pg_trgm'; each still needs CREATE EXTENSION. */
  readonly extensions?: Extensions;
  /** Takes over a lock that may be another machine's. */
  readonly forceUnlock?: boolean;
  /** Told when a step begins; making a new database takes 2 to 20 s, in which the process does nothing else. */
  readonly onProgress?: (step: OpenStep) => void;
}

export type OpenStep = 'creating' | 'opening' | 'ready';

export interface EmbeddedStore {
  readonly pool: PglitePool;
  /** Ends the pool (clients still out after 5 s are rolled back), closes the database, frees the directory. Idempotent. */
  readonly close: () => Promise<void>;
}

/** The database inside the data directory. It appears there complete or not at all. */
const DATABASE = 'pgdata';
const UNFINISHED = 'pgdata.new';

/** Unqualified names mean BullMQ's tables: its statements name no schema, ours always do. */
const START_PARAMS = [...PGlite.defaultStartParams, '-c', 'search_path=bullmq, public'];

/**
 * Opens the embedded database for this process alone.
 * @throws ConfigError `store_locked` when another process may use it; `store_damaged` when a database that is there does
 * not open or lacks files: it is left as it is, never made anew;
 * `store_not_created` and `store_not_writable` when the directory does not take a new one
 */
export async function openPglite(options: OpenPgliteOptions): Promise<EmbeddedStore> {
  if (options.dataDir.startsWith('memory://')) return openInMemory(options);
  const directory = resolve(options.dataDir);
  makeWritable(directory);
  const lock = acquireDirectoryLock(directory, { force: options.forceUnlock ?? false });
  try {
    const path = join(directory, DATABASE);
    if (!existsSync(path)) await create(directory, options);
    options.onProgress?.('opening');
    const store = serve(await openExisting(path, options), options);
    options.onProgress?.('ready');
    return { pool: store.pool, close: () => store.close().finally(lock.release) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openInMemory(options: OpenPgliteOptions): Promise<EmbeddedStore> {
  options.onProgress?.('creating');
  const store = serve(await PGlite.create({ startParams: START_PARAMS, extensions: options.extensions }), options);
  options.onProgress?.('ready');
  return store;
}

function serve(pglite: PGlite, options: PglitePoolOptions): EmbeddedStore {
  const pool = new PglitePool(pglite, options);
  const stopUpkeep = startUpkeep(pool);
  let closed: Promise<void> | undefined;
  const close = () => {
    stopUpkeep();
    return pool.close();
  };
  return {
    pool,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

function makeWritable(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
  } catch (cause) {
    const { code = 'error' } = cause as NodeJS.ErrnoException;
    throw new ConfigError(
      `[store] the data directory ${directory} cannot be used (${code}): make it a directory owned by the hub's user`,
      { code: 'store_not_writable', cause },
    );
  }
}

/** Makes the database beside its place and renames it: a start that was cut off leaves nothing that looks like one. */
async function create(directory: string, options: OpenPgliteOptions): Promise<void> {
  options.onProgress?.('creating');
  const path = join(directory, UNFINISHED);
  try {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { mode: 0o700 });
    const pglite = await PGlite.create(path, { startParams: START_PARAMS });
    await pglite.close();
    keepPrivate(path);
    renameSync(path, join(directory, DATABASE));
  } catch (cause) {
    throw new ConfigError(
      `[store] no new database could be made in ${directory} (${messageOf(cause)}): check free space and rights, then start again`,
      { code: 'store_not_created', cause },
    );
  }
}

/** PGlite makes the first files readable for all; PostgreSQL makes later ones as private as their directory is. */
function keepPrivate(path: string): void {
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o700 : 0o600);
  }
}

async function openExisting(path: string, options: OpenPgliteOptions): Promise<PGlite> {
  // Without this file PGlite would make a new database over the old one.
  if (!existsSync(join(path, 'PG_VERSION'))) throw damaged(path, 'the file PG_VERSION is missing');
  const said: string[] = [];
  let pglite: PGlite | undefined;
  try {
    pglite = new PGlite(path, {
      startParams: START_PARAMS,
      extensions: options.extensions,
      onStderr: (text) => {
        said.push(text);
        return false;
      },
    });
    await pglite.waitReady;
    await requireFiles(pglite, path);
    return pglite;
  } catch (cause) {
    if (pglite?.ready) await pglite.close().catch(() => undefined);
    throw damaged(path, reasonOf(said) ?? messageOf(cause), cause);
  }
}

/** PostgreSQL opens without looking at its tables' files and would only miss one when it is read. */
async function requireFiles(pglite: PGlite, path: string): Promise<void> {
  const { rows } = await pglite.query<{ file: string }>(
    `select pg_relation_filepath(oid) as file from pg_class
     where relkind in ('r', 'i', 't', 'm', 'S') and relpersistence = 'p'`,
  );
  const missing = rows.find(({ file }) => !statSync(join(path, file), { throwIfNoEntry: false }));
  if (missing) throw new Error(`the file ${missing.file} is missing`);
}

function damaged(path: string, reason: string, cause?: unknown): ConfigError {
  return new ConfigError(
    `[store] the database in ${path} does not open (${reason}); nothing was made anew: keep it (mv ${path} ${path}.damaged), put a backup in its place (cp -a BACKUP ${path}) and start again; without a backup an empty one is made at the next start, and polls read again what the tools still have`,
    { code: 'store_damaged', cause },
  );
}

/** What PostgreSQL gave as the reason to stop, without its time and process id. */
function reasonOf(said: readonly string[]): string | undefined {
  const lines = said.flatMap((line) => /(?:FATAL|PANIC|DETAIL):\s+(.*)/.exec(line)?.[1] ?? []);
  return lines.length > 0 ? lines.join('; ') : undefined;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
