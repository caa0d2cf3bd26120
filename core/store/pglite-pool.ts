import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { PGlite } from '@electric-sql/pglite';
import { PgliteSession, type SessionUser } from './pglite-session.ts';
import type { Notification, Pool, PoolClient, QueryConfig, QueryResult } from './pool-types.ts';
import type { Turn } from './turn-queue.ts';
import { currentUrgency, type Urgency } from './urgency.ts';

export interface PglitePoolOptions {
  /** Idle time after which a forgotten transaction is rolled back; default 10,000 ms. */
  readonly transactionLimitMs?: number;
}

/**
 * One PGlite instance in the shape of a `pg.Pool`, so that Kysely and BullMQ run on it unchanged. It must be the only
 * user of the instance. A statement runs alone; BEGIN on a client waits for its turn and then has the store for itself
 * until COMMIT or ROLLBACK, so a query through the pool inside a transaction would wait for the time limit.
 *
 * Otherwise than pg: several statements in one text give the last result, not all; connect() never waits; there are no
 * cursors, no COPY FROM STDIN and no search_path per client; session-level advisory locks are always granted.
 */
export class PglitePool extends EventEmitter implements Pool {
  /** BullMQ waits long on a LISTEN client only where a dropped connection shows itself; here none can drop. */
  readonly options = { keepAlive: true, max: Number.POSITIVE_INFINITY } as const;
  readonly idleCount = 0;
  readonly #session: PgliteSession;
  readonly #clients = new Set<PgliteClient>();
  readonly #ended = Promise.withResolvers<void>();
  #running = 0;
  #isEnding = false;

  constructor(pglite: PGlite, options: PglitePoolOptions = {}) {
    super();
    this.#session = new PgliteSession(pglite, {
      transactionLimitMs: options.transactionLimitMs ?? 10_000,
      onBroken: (error) => this.#report(error),
    });
  }

  get totalCount(): number {
    return this.#clients.size;
  }

  /** Statements that wait for their turn. */
  get waitingCount(): number {
    return this.#session.waitingCount;
  }

  get ending(): boolean {
    return this.#isEnding;
  }

  async query<R = Record<string, unknown>>(
    statement: string | QueryConfig,
    values?: unknown[],
  ): Promise<QueryResult<R>> {
    this.#refuseWhenEnding();
    const user: SessionUser = { ...newUser(), onNotification: () => undefined, onLost: () => undefined };
    this.#running++;
    try {
      const result = await this.#session.submit<R>(user, asConfig(statement, values));
      if (this.#session.isHeldBy(user)) throw new Error('[store] BEGIN through the pool: take a client with connect()');
      return result;
    } finally {
      if (this.#session.isHeldBy(user)) await this.#session.leave(user);
      this.#running--;
      this.#settleEnd();
    }
  }

  async connect(): Promise<PgliteClient> {
    this.#refuseWhenEnding();
    const client: PgliteClient = new PgliteClient(this.#session, {
      onReleased: () => {
        this.#clients.delete(client);
        this.#settleEnd();
      },
      onUnheardError: (error) => this.#report(error),
    });
    this.#clients.add(client);
    return client;
  }

  async end(): Promise<void> {
    if (this.#isEnding) throw new Error('Called end on pool more than once');
    this.#isEnding = true;
    this.#settleEnd();
    await this.#ended.promise;
  }

  /** Ends the pool and closes the instance; clients still out after `graceMs` are cut off and rolled back. */
  async close(graceMs = 5_000): Promise<void> {
    this.#isEnding = true;
    this.#settleEnd();
    await Promise.race([this.#ended.promise, delay(graceMs, undefined, { ref: false })]);
    await Promise.all([...this.#clients].map((client) => client.cutOff()));
    await this.#session.close();
  }

  #refuseWhenEnding(): void {
    if (this.#isEnding) throw new Error('Cannot use a pool after calling end on the pool');
  }

  #settleEnd(): void {
    if (this.#isEnding && this.#running === 0 && this.#clients.size === 0) this.#ended.resolve();
  }

  /** An 'error' event without a listener would end the process. */
  #report(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }
}

interface ClientHooks {
  readonly onReleased: () => void;
  readonly onUnheardError: (error: Error) => void;
}

export class PgliteClient extends EventEmitter implements PoolClient, SessionUser {
  readonly urgency: Urgency;
  readonly turns: Turn[] = [];
  isQueued = false;
  /** BullMQ switches TCP keep-alive on here; there is no socket. */
  readonly connection = { stream: { setKeepAlive: () => undefined } };
  readonly #session: PgliteSession;
  readonly #hooks: ClientHooks;
  #isReleased = false;
  #lost: Error | undefined;

  constructor(session: PgliteSession, hooks: ClientHooks) {
    super();
    this.urgency = currentUrgency();
    this.#session = session;
    this.#hooks = hooks;
  }

  async query<R = Record<string, unknown>>(
    statement: string | QueryConfig,
    values?: unknown[],
  ): Promise<QueryResult<R>> {
    if (this.#isReleased) throw new Error('[store] query on a released client: connect() again');
    if (this.#lost) {
      throw new Error('Client has encountered a connection error and is not queryable', { cause: this.#lost });
    }
    return this.#session.submit<R>(this, asConfig(statement, values));
  }

  /** What is still open is rolled back, whatever is given; there is no connection to destroy. */
  release(_destroy?: Error | boolean): void {
    if (this.#isReleased) throw new Error('Release called on client which has already been released to the pool.');
    this.#isReleased = true;
    void this.#session
      .leave(this)
      .catch((error: Error) => this.#hooks.onUnheardError(error))
      .finally(this.#hooks.onReleased);
  }

  /** Rolls back and ends the client under its user's hands; a later release() is fine. */
  async cutOff(): Promise<void> {
    await this.#session.leave(this);
    this.onLost(new Error('[store] the store is closing'));
    this.#hooks.onReleased();
  }

  onNotification(notification: Notification): void {
    if (!this.#isReleased) this.emit('notification', notification);
  }

  onLost(error: Error): void {
    this.#lost = error;
    if (this.listenerCount('error') > 0) this.emit('error', error);
    else this.#hooks.onUnheardError(error);
  }
}

const newUser = () => ({ urgency: currentUrgency(), turns: [], isQueued: false });

function asConfig(statement: string | QueryConfig, values: unknown[] | undefined): QueryConfig {
  if (typeof statement === 'string') return values ? { text: statement, values } : { text: statement };
  if ('submit' in statement) throw new Error('[store] cursors and streams are not supported: read in pages');
  return values ? { ...statement, values } : statement;
}
