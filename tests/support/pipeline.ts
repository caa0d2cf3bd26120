import { createGroupCommit } from '../../core/intake/group-commit.ts';
import { type Received, receive } from '../../core/intake/receive.ts';
import type { PipelineContext } from '../../core/pipeline/process-batch.ts';
import { resumeRuns } from '../../core/pipeline/resume-runs.ts';
import type { Setup } from '../../core/pipeline/setup.ts';
import { createInboxWorker } from '../../core/runtime/inbox-worker.ts';
import type { JsonObject } from '../../core/sdk/json.ts';
import { hmacSha256 } from '../../core/sdk/signature.ts';
import { newId } from './inbox-rows.ts';
import type { TestStore } from './stores.ts';

export const START = Date.parse('2026-10-07T10:00:00+09:00'); // a Wednesday, in business hours

export interface Pipeline {
  readonly context: () => PipelineContext;
  /** The workspace clock. */
  readonly at: (ms: number) => void;
  readonly use: (setup: Setup) => void;
  /** Facts of the company's own site, as `POST /events` takes them; `id` and `at` are given when missing. */
  readonly site: (...events: JsonObject[]) => Promise<Received>;
  /** One signed LINE webhook. */
  readonly line: (connection: string, ...events: JsonObject[]) => Promise<Received>;
  /** Applies everything in the inbox, retries that are due included; returns the faults met. */
  readonly drain: () => Promise<readonly string[]>;
  readonly resume: () => Promise<number>;
  readonly query: <R = Record<string, unknown>>(
    text: string,
    params?: readonly (string | number | null)[],
  ) => Promise<R[]>;
  /** Empties every table. */
  readonly empty: () => Promise<void>;
}

/** The way from a signed webhook to the outbox, without the hub around it. */
export function createPipeline(store: TestStore, first: Setup, options: { batchRows?: number } = {}): Pipeline {
  const { db } = store;
  let setup = first;
  let nowMs = START;
  let faults: string[] = [];
  const onFault: PipelineContext['onFault'] = ({ where, error }) => faults.push(`${where}: ${String(error)}`);
  const context = (): PipelineContext => ({ db, setup, nowMs, newId, onFault });
  const commit = createGroupCommit({ db, dedupDays: 30, onCommitted: () => {}, onDuplicates: () => {} });
  const quiet = () => {};
  const worker = createInboxWorker({
    worker: 'test',
    batchRows: options.batchRows ?? 200,
    maxAttempts: 3,
    context,
    onDue: quiet,
    onDirty: quiet,
    onRetry: quiet,
  });
  const take = (connection: string, headers: Record<string, string>, raw: Buffer) => {
    const open = setup.connections.get(connection);
    if (!open?.webhook) throw new Error(`no connection ${connection}`);
    const request = { method: 'POST', url: `/webhooks/${connection}`, publicUrl: 'http://127.0.0.1', headers, raw };
    const inlet = { connection, config: open.config, webhook: open.webhook };
    return receive(inlet, request, {
      commit,
      newId,
      realNowMs: () => nowMs,
      nowMs: () => nowMs,
      isApiToken: () => false,
      hardStopMs: 10_000,
    });
  };
  return {
    context,
    at: (ms) => {
      nowMs = ms;
    },
    use: (next) => {
      setup = next;
    },
    site(...events) {
      const given = events.map((event) => ({ id: newId(), at: new Date(nowMs).toISOString(), ...event }));
      return take('site', { authorization: 'Bearer site-token' }, Buffer.from(JSON.stringify({ events: given })));
    },
    line(connection, ...events) {
      const raw = Buffer.from(JSON.stringify({ destination: `U${'0'.repeat(32)}`, events }));
      const config = setup.connections.get(connection)?.config as { channelSecret: string } | undefined;
      return take(connection, { 'x-line-signature': hmacSha256(config?.channelSecret ?? '', raw, 'base64') }, raw);
    },
    async drain() {
      faults = [];
      while ((await worker.retryStep()) + (await worker.step()) > 0);
      return faults;
    },
    resume: () => resumeRuns(context()),
    query: async (text, params = []) => (await db.query(text, params)).rows as never,
    async empty() {
      const { rows } = await db.query<{ name: string }>(
        `select tablename as name from pg_tables where schemaname = $1 and tablename !~ '_(\\d{4}(_\\d\\d)?|rest)$' and tablename not like 'kysely%'`,
        [store.schema],
      );
      await db.pool.query(rows.map((row) => `delete from "${store.schema}"."${row.name}"`).join('; '));
      nowMs = START;
      setup = first;
    },
  };
}

let counter = 0;

/** A LINE event of a person as LINE sends it. */
export const lineEvent = (userId: string, atMs: number, more: JsonObject): JsonObject => ({
  webhookEventId: `01HX${String(++counter).padStart(22, '0')}`,
  timestamp: atMs,
  mode: 'active',
  deliveryContext: { isRedelivery: false },
  source: { type: 'user', userId },
  ...more,
});

export const lineMessage = (userId: string, atMs: number, text: string, more: JsonObject = {}): JsonObject => {
  const id = String(460_000_000_000_000_000n + BigInt(++counter));
  return lineEvent(userId, atMs, {
    type: 'message',
    replyToken: `token-${id}`,
    message: { id, type: 'text', text },
    ...more,
  });
};

export const lineUser = (digit: string) => `U${digit.repeat(32)}`;
