/**
 * The part of pg's shape that the hub, Kysely and BullMQ use. Both `pg.Pool` and the embedded pool satisfy it.
 * @see https://node-postgres.com/apis/pool
 */

export interface QueryConfig {
  readonly text: string;
  readonly values?: unknown[];
  /** A prepared statement: parsed once per session, then found by its name. */
  readonly name?: string;
  /** Rows as arrays, for results with equal column names. */
  readonly rowMode?: 'array';
}

export interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

export interface QueryResult<R = Record<string, unknown>> {
  readonly rows: R[];
  /** Rows returned or changed; null for commands that count none, e.g. CREATE. */
  readonly rowCount: number | null;
  /** First word of the command tag. A COMMIT of a failed transaction answers ROLLBACK. */
  readonly command: string;
  readonly fields: readonly Field[];
}

export interface Notification {
  readonly channel: string;
  readonly payload?: string | undefined;
  readonly processId: number;
}

interface Queryable {
  /** Several statements are allowed when there are no values. */
  query<R = Record<string, unknown>>(statement: string | QueryConfig, values?: unknown[]): Promise<QueryResult<R>>;
}

export interface PoolClient extends Queryable {
  /** With a true value the session is thrown away: an open transaction is rolled back. */
  release(destroy?: Error | boolean): void;
  on(event: 'notification', listener: (notification: Notification) => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
}

export interface Pool extends Queryable {
  connect(): Promise<PoolClient>;
  /** Resolves once every client that is out was released; nothing is taken after the call. */
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): this;
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: object;
  /** Gives up every connection it holds and makes new ones; absent where there is nothing to reconnect. */
  renew?(): void;
}
