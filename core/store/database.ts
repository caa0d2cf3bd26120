import { AsyncLocalStorage } from 'node:async_hooks';
import { RetryableError } from '../sdk/errors.ts';
import type { JsonValue } from '../sdk/json.ts';
import type { Pool, PoolClient } from './pool-types.ts';

export type SqlParam = JsonValue | Date | Buffer | undefined | readonly SqlParam[];

export interface Rows<R> {
  readonly rows: R[];
  readonly rowCount: number;
}

/** Runs one statement. SQL names our schema as `musubi.`; the store puts the workspace's schema there. */
export interface Queryable {
  readonly query: <R = Record<string, unknown>>(text: string, params?: readonly SqlParam[]) => Promise<Rows<R>>;
}

/** A transaction under way; stages take it as an argument. */
export interface Tx extends Queryable {
  readonly isTransaction: true;
}

/** The one database seam: PostgreSQL or PGlite behind the same pool shape. */
export interface Database extends Queryable {
  readonly schema: string;
  readonly pool: Pool;
  /**
   * Runs `work` in one transaction; serialisation failures, deadlocks and lock timeouts are rerun up to 5 times.
   * Inside it the pool refuses queries: on PGlite they would wait for ever.
   */
  readonly transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

/** 40001 serialization_failure, 40P01 deadlock_detected, 55P03 lock_not_available. */
const RERUN_CODES = new Set(['40001', '40P01', '55P03']);
const MAX_RUNS = 5;

/** Opens the seam over a pool; `schema` is the workspace's own. Statements are prepared once per connection. */
export function createDatabase(pool: Pool, schema: string): Database {
  const inside = new AsyncLocalStorage<true>();
  const prepare = statementNamer(schema);

  /** Names what the driver says without a code: the connection is gone, not the statement wrong. */
  const talk = async <T>(words: () => Promise<T>): Promise<T> => {
    try {
      return await words();
    } catch (error) {
      if (isStoreTrouble(error)) pool.renew?.();
      if (typeof (error as { code?: unknown }).code === 'string') throw error;
      throw new RetryableError('[store] the connection to the database was lost: will retry', {
        code: 'store_lost',
        outcome: 'unknown',
        cause: error,
      });
    }
  };

  const run = async <R>(on: Pool | PoolClient, text: string, params: readonly SqlParam[] = []): Promise<Rows<R>> => {
    const result = await talk(() => on.query({ ...prepare(text), values: params as unknown[] }));
    return { rows: result.rows as R[], rowCount: result.rowCount ?? 0 };
  };

  const once = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    const client = await talk(() => pool.connect());
    let isLost = false;
    try {
      await talk(() => client.query('begin'));
      const tx: Tx = { isTransaction: true, query: (text, params) => run(client, text, params) };
      const value = await inside.run(true, () => work(tx));
      await talk(() => client.query('commit'));
      return value;
    } catch (error) {
      isLost = isStoreTrouble(error);
      // a lost connection would only let us wait a second time; the database rolls back by itself
      if (!isLost) await client.query('rollback').catch(() => {});
      throw error;
    } finally {
      client.release(isLost);
    }
  };

  return {
    schema,
    pool,
    query: (text, params) => {
      if (inside.getStore())
        throw new Error(
          `[store] query through the pool inside a transaction: use the transaction (${text.slice(0, 60)})`,
        );
      return run(pool, text, params);
    },
    async transaction(work) {
      if (inside.getStore()) throw new Error('[store] a transaction inside a transaction: pass the outer one on');
      for (let runs = 1; ; runs++) {
        try {
          return await once(work);
        } catch (error) {
          const { code } = error as { code?: string };
          if (runs >= MAX_RUNS || code === undefined || !RERUN_CODES.has(code)) throw error;
        }
      }
    },
    close: () => pool.end(),
  };
}

function statementNamer(schema: string): (text: string) => { name: string; text: string } {
  const statements = new Map<string, { name: string; text: string }>();
  const quoted = `"${schema.replaceAll('"', '""')}".`;
  return (text) => {
    let statement = statements.get(text);
    if (!statement) {
      statement = { name: `m${statements.size}`, text: text.replaceAll('musubi.', quoted) };
      statements.set(text, statement);
    }
    return statement;
  };
}

/**
 * The store itself is in trouble (connection, shutdown, disk, resources) and no statement or row is to blame: everything
 * is tried again. Classes 08, 53, 57P and 58 of PostgreSQL, system errors, and our own names for them.
 * @see https://www.postgresql.org/docs/15/errcodes-appendix.html
 */
export function isStoreTrouble(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^(store_|08|53|57P|58|25P03|E[A-Z]+$)/.test(code);
}
