import { randomUUID } from 'node:crypto';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { PglitePool } from '../../../core/store/pglite-pool.ts';
import type { Pool } from '../../../core/store/pool-types.ts';
import { typeParsers } from '../../../core/store/type-parsers.ts';

export interface ContractStore {
  readonly pool: Pool;
  /** A schema of this file's own, quoted by nothing: a plain lower-case name. */
  readonly schema: string;
  readonly close: () => Promise<void>;
}

export interface ContractStoreKind {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly unavailable: string | undefined;
  readonly open: (options?: { transactionLimitMs?: number }) => Promise<ContractStore>;
}

const url = process.env.MUSUBI_TEST_DATABASE_URL ?? 'postgres://root@127.0.0.1:5432/test';

/** Both kinds of store. PostgreSQL may be missing on a developer's machine, never in CI. */
export async function contractStores(): Promise<readonly ContractStoreKind[]> {
  const unavailable = await whyNoPostgres();
  if (unavailable !== undefined) {
    if (process.env.CI === 'true') throw new Error(unavailable);
    console.warn(`skipped: ${unavailable}`);
  }
  return [
    { name: 'PostgreSQL', unavailable, open: (options) => openPostgres(options?.transactionLimitMs) },
    { name: 'PGlite', unavailable: undefined, open: (options) => openEmbedded(options?.transactionLimitMs) },
  ];
}

async function whyNoPostgres(): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    await client.end();
    return undefined;
  } catch (error) {
    return `PostgreSQL does not answer (${(error as Error).message}): set MUSUBI_TEST_DATABASE_URL`;
  }
}

const newSchema = () => `contract_${randomUUID().slice(0, 8)}`;

async function openPostgres(transactionLimitMs = 10_000): Promise<ContractStore> {
  const schema = newSchema();
  const pool = new pg.Pool({
    connectionString: url,
    types: typeParsers,
    max: 10,
    options: `-c search_path=bullmq,public -c idle_in_transaction_session_timeout=${transactionLimitMs}`,
  });
  pool.on('error', () => undefined);
  await pool.query(`create schema ${schema}`);
  return {
    pool,
    schema,
    close: async () => {
      await pool.query(`drop schema ${schema} cascade`);
      await pool.end();
    },
  };
}

async function openEmbedded(transactionLimitMs = 10_000): Promise<ContractStore> {
  const schema = newSchema();
  const pglite = await PGlite.create({
    startParams: [...PGlite.defaultStartParams, '-c', 'search_path=bullmq, public'],
  });
  const pool = new PglitePool(pglite, { transactionLimitMs });
  await pool.query(`create schema ${schema}`);
  return { pool, schema, close: () => pool.close() };
}
