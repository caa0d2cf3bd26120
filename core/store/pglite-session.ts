import { setImmediate as nextLoopTurn } from 'node:timers/promises';
import type { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { RetryableError } from '../sdk/errors.ts';
import { ChannelListeners, listenedChannels, unlistenedChannel } from './channel-listeners.ts';
import { type Answer, decodeAnswer, encodeStatement } from './pglite-wire.ts';
import type { Notification, QueryConfig, QueryResult } from './pool-types.ts';
import { TurnQueue, type TurnTaker } from './turn-queue.ts';

/** A client as the session sees it. */
export interface SessionUser extends TurnTaker {
  readonly onNotification: (notification: Notification) => void;
  /** Its transaction was ended for it; what it asks from now on must fail. */
  readonly onLost: (error: Error) => void;
}

export interface PgliteSessionOptions {
  /** A transaction that is left idle for longer is rolled back, as by idle_in_transaction_session_timeout. */
  readonly transactionLimitMs: number;
  /** The database broke off; the session serves nobody any more. */
  readonly onBroken: (error: Error) => void;
}

/** Statements run in one go for at most so long; then the event loop takes in what came over the network. */
const SLICE_MS = 5;

/**
 * What must not reach the one session all clients share: a search_path that stays (a transaction's SET LOCAL may), and
 * COPY FROM STDIN, whose missing data makes the embedded database exit.
 */
const REFUSED =
  /(?:^|;)\s*(?:set\s+(?:session\s+)?(?:search_path|schema)\b|reset\s+(?:search_path|all)\b|discard\s+all\b|copy\b[^;]*\bfrom\s+stdin\b)|\bset_config\s*\(\s*'search_path'\s*,[^)]*\bfalse\s*\)/i;

/** The one database session of a PGlite instance, shared by many: each statement has its turn, a transaction all of them. */
export class PgliteSession {
  readonly #pglite: PGlite;
  readonly #options: PgliteSessionOptions;
  readonly #queue = new TurnQueue<SessionUser>();
  readonly #listeners = new ChannelListeners<SessionUser>();
  /** Text → name on the server. Users share the session, so a name is ours, not theirs. */
  readonly #prepared = new Map<string, string>();
  readonly #idleTimer: NodeJS.Timeout;
  #isPumping = false;
  #broken: Error | undefined;

  constructor(pglite: PGlite, options: PgliteSessionOptions) {
    this.#pglite = pglite;
    this.#options = options;
    this.#idleTimer = setTimeout(() => this.#endForgotten(), options.transactionLimitMs).unref();
  }

  get waitingCount(): number {
    return this.#queue.size;
  }

  isHeldBy(user: SessionUser): boolean {
    return this.#queue.holder === user;
  }

  /** Runs a statement when it is the user's turn. @throws pg.DatabaseError, with the caller's stack */
  async submit<R>(user: SessionUser, query: QueryConfig): Promise<QueryResult<R>> {
    try {
      refuse(query.text);
      return (await this.#take(user, () => this.#run(user, query))) as QueryResult<R>;
    } catch (error) {
      if (error instanceof pg.DatabaseError) Error.captureStackTrace(error);
      throw error;
    }
  }

  /** Rolls back what the user left open and stops its listening, after the statements it has asked for. */
  async leave(user: SessionUser): Promise<void> {
    if (this.#broken) return;
    await this.#take(user, async () => {
      if (this.isHeldBy(user)) await this.#execute(user, { text: 'rollback' });
      await this.#unlisten(user, '*');
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    this.#broken ??= new Error('[store] the embedded database is closed: open it again');
    await this.#pglite.close();
  }

  #take<T>(user: SessionUser, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.add(user, () => work().then(resolve, reject));
      if (!this.#isPumping) void this.#pump();
    });
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    // Whatever is asked for in the same tick lines up by urgency before the first of it runs.
    await Promise.resolve();
    let sliceEndMs = performance.now() + SLICE_MS;
    for (let next = this.#queue.next(); next; next = this.#queue.next()) {
      await next.turn();
      this.#queue.done(next.taker);
      if (performance.now() < sliceEndMs) continue;
      await nextLoopTurn();
      sliceEndMs = performance.now() + SLICE_MS;
    }
    this.#isPumping = false;
  }

  async #run(user: SessionUser, query: QueryConfig): Promise<QueryResult<unknown>> {
    const channel = unlistenedChannel(query.text);
    if (channel !== undefined) return this.#unlisten(user, channel);
    const answer = await this.#execute(user, query);
    if (answer.commands.includes('LISTEN')) {
      for (const listened of listenedChannels(query.text)) this.#listeners.add(listened, user);
    }
    if (answer.error) throw answer.error;
    return answer.result;
  }

  /** The session itself stops listening only where no other client listens. */
  async #unlisten(user: SessionUser, channel: string): Promise<QueryResult<unknown>> {
    for (const silent of this.#listeners.remove(channel, user)) {
      await this.#execute(user, { text: `unlisten ${pg.escapeIdentifier(silent)}` });
    }
    return { rows: [], rowCount: null, command: 'UNLISTEN', fields: [] };
  }

  async #execute(user: SessionUser, query: QueryConfig): Promise<Answer> {
    if (this.#broken) throw this.#broken;
    const prepared = query.name === undefined && !query.values?.length ? undefined : this.#preparedName(query);
    const messages = await this.#pglite
      .execProtocolStream(encodeStatement(query, prepared), { syncToFs: false, throwOnError: false })
      .catch((error: unknown) => this.#breakOff(error));
    const answer = decodeAnswer(messages, query.rowMode);
    if (answer.status === undefined) this.#breakOff(answer.error);
    this.#remember(query, prepared, answer);
    this.#queue.hold(answer.status === 'I' ? undefined : user);
    if (answer.status !== 'I') this.#idleTimer.refresh();
    this.#deliver(answer.notifications);
    return answer;
  }

  #preparedName({ name, text }: QueryConfig): { name: string; isKnown: boolean } {
    if (name === undefined) return { name: '', isKnown: false };
    const known = this.#prepared.get(text);
    return known === undefined ? { name: `p${this.#prepared.size}`, isKnown: false } : { name: known, isKnown: true };
  }

  #remember({ text }: QueryConfig, prepared: { name: string; isKnown: boolean } | undefined, answer: Answer): void {
    if (answer.commands.includes('DEALLOCATE')) this.#prepared.clear();
    if (prepared && prepared.name !== '' && !prepared.isKnown && !answer.error) this.#prepared.set(text, prepared.name);
  }

  #deliver(notifications: readonly Notification[]): void {
    for (const notification of notifications) {
      for (const user of this.#listeners.on(notification.channel)) {
        // A listener that throws is its owner's fault and must not stop the statements of others.
        queueMicrotask(() => user.onNotification(notification));
      }
    }
  }

  #endForgotten(): void {
    const { holder } = this.#queue;
    if (!holder || holder.turns.length > 0 || this.#isPumping) return;
    const error = new pg.DatabaseError('terminating connection due to idle-in-transaction timeout', 0, 'error');
    error.severity = 'FATAL';
    // https://www.postgresql.org/docs/current/errcodes-appendix.html: idle_in_transaction_session_timeout
    error.code = '25P03';
    void this.leave(holder).catch(() => undefined);
    holder.onLost(error);
  }

  #breakOff(cause: unknown): never {
    const text = cause instanceof Error ? cause.message : 'no answer';
    this.#broken = new RetryableError(`[store] the embedded database broke off (${text}): restart the hub`, {
      code: 'store_broken',
      outcome: 'unknown',
      cause,
    });
    this.#options.onBroken(this.#broken);
    throw this.#broken;
  }
}

function refuse(text: string): void {
  if (!REFUSED.test(text)) return;
  throw new Error(
    `[store] one session serves all clients, so this is refused (${text.slice(0, 60)}): name the schema, or use SET LOCAL; give rows as parameters`,
  );
}
