import pg from 'pg';
import type { Pool } from './pool-types.ts';
import { typeParsers } from './type-parsers.ts';

export interface PostgresOptions {
  readonly connectionString: string;
  readonly size: number;
  readonly onError: (error: Error) => void;
}

/** The database itself ends an owner that froze: its later COMMIT fails (docs/delivery.md). Milliseconds. */
const SESSION_LIMITS = '-c idle_in_transaction_session_timeout=10000 -c lock_timeout=3000 -c statement_timeout=10000';
/** On our side: a server that went silent never says that a statement took too long. */
const QUERY_LIMIT_MS = 4_500;
const CONNECT_LIMIT_MS = 5_000;

/**
 * A pool over PostgreSQL that can be renewed: when one connection fell silent the others have too, and each would cost its
 * own time limit before it is given up.
 */
export function createPostgresPool({ connectionString, size, onError }: PostgresOptions): Pool {
  const open = (): pg.Pool => {
    const pool = new pg.Pool({
      connectionString,
      max: size,
      types: typeParsers,
      options: SESSION_LIMITS,
      query_timeout: QUERY_LIMIT_MS,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
    });
    pool.on('error', onError);
    // the pool listens to idle clients only; one that is out would end the process
    pool.on('connect', (client) => void client.on('error', () => undefined));
    return pool;
  };
  let current = open();
  let renewedAtMs = Number.NEGATIVE_INFINITY;
  const shape = {
    query: (statement: never, values: never) => current.query(statement, values),
    connect: () => current.connect(),
    end: () => current.end(),
    on(event: 'error', listener: (error: Error) => void) {
      current.on(event, listener);
      return shape;
    },
    get totalCount() {
      return current.totalCount;
    },
    get idleCount() {
      return current.idleCount;
    },
    get waitingCount() {
      return current.waitingCount;
    },
    get options() {
      return current.options;
    },
    renew() {
      // one trouble makes many errors at once
      if (performance.now() - renewedAtMs < 1_000) return;
      renewedAtMs = performance.now();
      const old = current;
      current = open();
      old.end().catch(onError);
    },
  };
  return shape as unknown as Pool;
}
