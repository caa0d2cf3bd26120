import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { type OpenStore, openStore } from '../../core/store/open-store.ts';

/** A store with our tables in it, empty, gone after `close`. */
export interface TestStore extends OpenStore {
  /** How to open the same store once more, from another process or pool. Undefined for PGlite: it has one. */
  readonly databaseUrl: string | undefined;
  readonly schema: string;
}

export interface StoreKind {
  readonly kind: 'postgres' | 'pglite';
  readonly open: () => Promise<TestStore>;
}

export const postgresUrl = process.env.MUSUBI_TEST_DATABASE_URL ?? 'postgres://root@127.0.0.1:5432/test';

/**
 * The stores of this machine, for `describe.each(await stores())('$kind', …)`. PostgreSQL may be missing on a developer's
 * machine, which is printed; never in CI.
 */
export async function stores(): Promise<readonly StoreKind[]> {
  const pglite: StoreKind = { kind: 'pglite', open: () => openTestStore(undefined) };
  const reason = await whyNoPostgres();
  if (reason === undefined) return [pglite, { kind: 'postgres', open: () => openTestStore(postgresUrl) }];
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`PostgreSQL is skipped: ${reason}`);
  return [pglite];
}

/** Lower-case, so that it needs no quotes anywhere. */
export const newSchema = () => `t_${randomUUID().replaceAll('-', '').slice(0, 12)}`;

async function openTestStore(databaseUrl: string | undefined): Promise<TestStore> {
  const schema = newSchema();
  const store = await openStore({ databaseUrl, dataDir: 'memory://', schema, onError: () => {} });
  return {
    ...store,
    databaseUrl,
    schema,
    async close() {
      if (databaseUrl !== undefined) await dropSchema(schema);
      await store.close();
    },
  };
}

/** Drops what a hub made in PostgreSQL. */
export async function dropSchema(schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  await client.query(`drop schema if exists "${schema}" cascade`);
  await client.end();
}

async function whyNoPostgres(): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    await client.end();
    return undefined;
  } catch (error) {
    return `it does not answer (${(error as Error).message}): set MUSUBI_TEST_DATABASE_URL`;
  }
}
