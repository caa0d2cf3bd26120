import { randomBytes } from 'node:crypto';
import path from 'node:path';
import pg from 'pg';
import { openPglite } from '../../core/store/open-pglite.ts';
import { putPglite } from './prepared-pglite.ts';

export type Query = <R>(sql: string) => Promise<R[]>;

/** The database of one rig. */
export interface ChaosStore {
  readonly kind: 'pglite' | 'postgres';
  /** Makes a hub process use it. */
  readonly env: Readonly<Record<string, string>>;
  /** The embedded database can be read only while no hub has it. */
  readonly isReadableLive: boolean;
  /** The limit for the backlog after a restart (docs/delivery.md, fault R01). */
  readonly recoveryMs: number;
  readonly read: <T>(work: (query: Query) => Promise<T>) => Promise<T>;
  readonly drop: () => Promise<void>;
}

export interface ChaosStoreKind {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly unavailable: string | undefined;
  readonly open: (workspaceFolder: string) => Promise<ChaosStore>;
}

export const serverUrl = process.env.MUSUBI_TEST_DATABASE_URL ?? 'postgres://root@127.0.0.1:5432/test';

/** Both kinds of store. PostgreSQL may be missing on a developer's machine, never in CI. */
export async function chaosStores(): Promise<readonly [ChaosStoreKind, ChaosStoreKind]> {
  const unavailable = await whyNoPostgres();
  if (unavailable !== undefined) {
    if (process.env.CI === 'true') throw new Error(unavailable);
    console.warn(`skipped: ${unavailable}`);
  }
  return [
    { name: 'PGlite', unavailable: undefined, open: openEmbedded },
    { name: 'PostgreSQL', unavailable, open: () => openDatabase(serverUrl) },
  ];
}

/** For faults in which the store has no part: the one that starts quickest here. */
export async function quickestStore(): Promise<ChaosStoreKind> {
  const [pglite, postgres] = await chaosStores();
  return postgres.unavailable === undefined ? postgres : pglite;
}

async function whyNoPostgres(): Promise<string | undefined> {
  try {
    await onServer(serverUrl, (query) => query('select 1'));
    return undefined;
  } catch (error) {
    return `PostgreSQL does not answer (${(error as Error).message}): set MUSUBI_TEST_DATABASE_URL`;
  }
}

async function openEmbedded(workspaceFolder: string): Promise<ChaosStore> {
  await putPglite(workspaceFolder);
  return {
    kind: 'pglite',
    env: {},
    isReadableLive: false,
    recoveryMs: 15_000,
    async read(work) {
      const { pool, close } = await openPglite({ dataDir: path.join(workspaceFolder, '.musubi', 'data') });
      try {
        return await work(async <R>(sql: string) => (await pool.query<R>(sql)).rows);
      } finally {
        await close();
      }
    },
    drop: async () => undefined,
  };
}

/** A database of its own on a server: nothing else runs in it, and its backends may be ended. */
export async function openDatabase(server: string): Promise<ChaosStore> {
  const name = `chaos_${randomBytes(5).toString('hex')}`;
  await onServer(server, (query) => query(`create database ${name}`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    kind: 'postgres',
    env: { DATABASE_URL: url.href },
    isReadableLive: true,
    recoveryMs: 25_000,
    read: (work) => onServer(url.href, work),
    drop: async () => void (await onServer(server, (query) => query(`drop database ${name} with (force)`))),
  };
}

export async function onServer<T>(url: string, work: (query: Query) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(async <R>(sql: string) => (await client.query(sql)).rows as R[]);
  } finally {
    await client.end();
  }
}
