import { ConfigError } from '../sdk/errors.ts';
import { createDatabase, type Database } from './database.ts';
import { migrate } from './migrate.ts';
import { openPglite } from './open-pglite.ts';
import type { Pool } from './pool-types.ts';
import { createPostgresPool } from './postgres-pool.ts';

export interface StoreOptions {
  /** PostgreSQL 15 or newer; absent: PGlite in `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** Folder of the embedded database, or `memory://`. */
  readonly dataDir: string;
  /** The workspace's own schema. */
  readonly schema: string;
  readonly poolSize?: number;
  readonly forceUnlock?: boolean;
  readonly onProgress?: (message: string) => void;
  readonly onError: (error: Error) => void;
}

export interface OpenStore {
  readonly kind: 'postgres' | 'pglite';
  readonly db: Database;
  readonly close: () => Promise<void>;
}

const MIN_VERSION = 150000;

/**
 * Opens the store and brings its schema to this release.
 * @throws ConfigError `store_locked`, `store_damaged`, `store_unreachable` or `store_too_old`.
 */
export async function openStore(options: StoreOptions): Promise<OpenStore> {
  const { databaseUrl, schema } = options;
  if (databaseUrl === undefined) {
    const { pool, close } = await openPglite({
      dataDir: options.dataDir,
      ...(options.forceUnlock !== undefined && { forceUnlock: options.forceUnlock }),
      ...(options.onProgress && { onProgress: options.onProgress }),
    });
    pool.on('error', options.onError);
    const db = createDatabase(pool, schema);
    await migrate(db, Date.now());
    return { kind: 'pglite', db, close };
  }
  const pool = createPostgresPool({
    connectionString: databaseUrl,
    size: options.poolSize ?? 10,
    onError: options.onError,
  });
  try {
    await checkServer(pool);
    const db = createDatabase(pool, schema);
    await migrate(db, Date.now());
    return { kind: 'postgres', db, close: () => db.close() };
  } catch (error) {
    await pool.end().catch(() => {});
    throw error;
  }
}

async function checkServer(pool: Pool): Promise<void> {
  let version: number;
  try {
    const { rows } = await pool.query<{ version: string }>(`select current_setting('server_version_num') as version`);
    version = Number(rows[0]?.version);
  } catch (error) {
    throw new ConfigError('[store] PostgreSQL at DATABASE_URL does not answer: start it or correct the URL', {
      code: 'store_unreachable',
      cause: error,
    });
  }
  if (version < MIN_VERSION) {
    throw new ConfigError(`[store] PostgreSQL ${Math.floor(version / 10000)} is too old: 15 or newer is needed`, {
      code: 'store_too_old',
    });
  }
}
