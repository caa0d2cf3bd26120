import { hash } from 'node:crypto';
import { RejectedError, RetryableError } from '../sdk/errors.ts';
import type { Reply, SplitResult, WebhookEvent, WebhookPart, WebhookRequest } from '../sdk/webhook.ts';
import { LANES, type NewDelivery, type NewInboxRow } from '../store/inbox.ts';
import { reached } from '../store/steps.ts';
import type { GroupCommit } from './group-commit.ts';

/** The receiving end of one open connection. */
export interface Inlet {
  readonly connection: string;
  readonly config: unknown;
  readonly webhook: WebhookPart<unknown>;
}

export interface ReceiveContext {
  readonly commit: GroupCommit;
  readonly newId: () => string;
  /** Real time: signatures are checked against it. */
  readonly realNowMs: () => number;
  /** Workspace time, for events whose connector needs "now" to be split. */
  readonly nowMs: () => number;
  readonly isApiToken: (presented: string) => boolean;
  /** Answers are given by then; a commit that lands later is harmless, the resend is a duplicate. */
  readonly hardStopMs: number;
}

export type Received =
  | { readonly kind: 'rejected'; readonly reason: string }
  | ({ readonly kind: 'answered'; readonly events: number } & Reply);

/**
 * Verify on the raw bytes, split, one commit, answer: nothing else happens in the request (docs/delivery.md).
 * @throws RetryableError when the delivery could not be stored in time: answer 503.
 */
export async function receive(inlet: Inlet, request: WebhookRequest, context: ReceiveContext): Promise<Received> {
  const verdict = inlet.webhook.verify(request, {
    config: inlet.config,
    nowMs: context.realNowMs(),
    isApiToken: context.isApiToken,
  });
  if (verdict.kind === 'reject') return { kind: 'rejected', reason: verdict.reason };
  if (verdict.kind === 'respond') return { ...verdict, kind: 'answered', events: 0 };
  reached('S1');

  const split = splitOrDead(inlet, request, context);
  if (split.events.length > 0)
    await withinMs(context.hardStopMs, context.commit.add(deliveryOf(inlet, request, split, context.newId)));
  return { kind: 'answered', events: split.events.length, ...(split.reply ?? { status: 200 }) };
}

interface SplitOutcome extends SplitResult {
  /** Why the body could not be read; its one row is dead from the start, a retry by the sender cannot help. */
  readonly deadReason?: string;
}

function splitOrDead(inlet: Inlet, request: WebhookRequest, context: ReceiveContext): SplitOutcome {
  try {
    return inlet.webhook.split(request, { config: inlet.config, nowMs: context.nowMs() });
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    const bodyHash = hash('sha256', request.raw);
    const event: WebhookEvent = {
      externalId: `unreadable ${bodyHash.slice(0, 12)}`,
      dedupKey: `unreadable:${bodyHash}`,
      recordKey: bodyHash,
      occurredAtMs: context.nowMs(),
      payload: {},
    };
    return { events: [event], deadReason: `parse: ${error.code}: ${error.message}` };
  }
}

const KEPT_HEADERS = /^(content-type|user-agent|x-(?!forwarded)[a-z0-9-]+)$/;
const SECRET_HEADERS = /signature|token|secret|authorization|cookie/;

function deliveryOf(inlet: Inlet, request: WebhookRequest, split: SplitOutcome, newId: () => string): NewDelivery {
  const deliveryId = newId();
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && KEPT_HEADERS.test(name))
      headers[name] = SECRET_HEADERS.test(name) ? '(given)' : clean(value);
  }
  const rows = split.events.map((event) => rowOf(inlet.connection, deliveryId, event, newId(), split.deadReason));
  return {
    id: deliveryId,
    connection: inlet.connection,
    headers,
    rawBase64: request.raw.toString('base64'),
    events: rows,
  };
}

function rowOf(
  connection: string,
  deliveryId: string,
  event: WebhookEvent,
  id: string,
  deadReason: string | undefined,
): NewInboxRow {
  const payload = JSON.stringify(event.payload);
  return {
    id,
    deliveryId,
    connection,
    externalId: clean(event.externalId).slice(0, 500),
    dedupKey: clean(event.dedupKey).slice(0, 1000),
    bodyHash: hash32(event.fingerprint ?? payload),
    recordKey: clean(event.recordKey).slice(0, 500),
    lane: laneOf(`${connection}\n${event.recordKey}`),
    occurredAt: safeTime(event.occurredAtMs),
    payload,
    state: deadReason === undefined ? 'pending' : 'dead',
    reason: deadReason ?? null,
  };
}

const hash32 = (text: string) => hash('sha1', text, 'base64').slice(0, 22);

/** FNV-1a: spreads record keys over the lanes; nothing but the spread depends on it. */
function laneOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % LANES;
}

/** jsonb refuses NUL and lone surrogates. */
const clean = (text: string) => text.replaceAll('\u0000', '').toWellFormed();

/** Vendors' times are data: one outside the database's range counts as the epoch. */
const safeTime = (ms: number) =>
  (Number.isFinite(ms) && Math.abs(ms) < 8.64e15 && ms > -6e13 && ms < 2.5e14
    ? new Date(ms)
    : new Date(0)
  ).toISOString();

async function withinMs<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stop = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new RetryableError('[intake] the store did not answer in time: the sender will retry', {
          code: 'store_slow',
          outcome: 'unknown',
          retryAfterMs: 1000,
        }),
      );
    }, limitMs);
  });
  try {
    return await Promise.race([work, stop]);
  } finally {
    clearTimeout(timer);
  }
}
