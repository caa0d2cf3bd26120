import {
  type JsonObject,
  type ParseContext,
  type ParsedEvent,
  RejectedError,
  type SourceRecord,
  type WebhookEvent,
} from '#sdk';
import type { LineConfig } from './config.ts';
import { aboutMessage, aboutSource, bodyOfMessage, type Facts, known, postbackFacts } from './event-facts.ts';
import { eventSchema, type LineEvent } from './event-schema.ts';

/** An event of a known person. */
interface Told {
  readonly said: LineEvent;
  readonly userId: string;
  readonly atMs: number;
  readonly key: string;
  /** The record that says the person exists, with further facts; the mapping keeps what is absent untouched. */
  readonly user: (facts?: Facts) => SourceRecord;
  /** A record of what happened. */
  readonly record: (object: string, id: string, facts: Facts) => SourceRecord;
}

const handlers: ReadonlyMap<string, (told: Told) => ParsedEvent> = new Map([
  ['message', message],
  ['unsend', unsend],
  ['follow', follow],
  ['unfollow', unfollow],
  ['postback', postback],
  ['videoPlayComplete', videoPlayComplete],
  ['accountLink', accountLink],
]);

/** Accepted and stored, but about no person or about nothing the canonical model holds; README names them. */
const unused: ReadonlySet<string> = new Set(
  (
    'join leave memberJoined memberLeft messageEdited beacon membership ' +
    'module activated deactivated botSuspended botResumed delivery'
  ).split(' '),
);

/**
 * What one webhook event says. Every activity record carries who, when and `metadata`; `standby: true` in it means that
 * another channel holds the chat, so nothing may be answered.
 * @throws RejectedError when it is no event at all. Unknown types are skipped: LINE adds some without notice.
 */
export function parseEvent(event: WebhookEvent, context: ParseContext<LineConfig>): ParsedEvent {
  const read = eventSchema.safeParse(event.payload);
  if (!read.success) {
    throw new RejectedError(`[${context.connection}] an event without a type: it is kept but cannot be used`, {
      code: 'unreadable_event',
    });
  }
  const handle = handlers.get(read.data.type);
  if (!handle) return { skip: unused.has(read.data.type) ? `not_used: ${read.data.type}` : 'unknown_event_type' };
  const userId = read.data.source?.userId;
  if (userId === undefined) return { skip: 'no_user' };
  return handle(told(event, read.data, userId, context));
}

function told(event: WebhookEvent, said: LineEvent, userId: string, context: ParseContext<LineConfig>): Told {
  const atMs = event.occurredAtMs;
  const who = { userId, providerId: context.config.providerId, connection: context.connection };
  const record = (object: string, id: string, facts: Facts): SourceRecord => ({
    object,
    id,
    modifiedAtMs: atMs,
    data: known({ ...who, ...facts }),
  });
  return {
    said,
    userId,
    atMs,
    key: event.externalId,
    user: (facts = {}) => record('users', userId, facts),
    record: (object, id, facts) => record(object, id, { occurredAt: atMs, ...facts }),
  };
}

/** The id names the message, so that an `unsend` can find it. */
function message({ said, key, user, record }: Told): ParsedEvent {
  const id = said.message?.id ?? key;
  const metadata = { ...aboutSource(said), ...aboutMessage(said) };
  return { records: [user(), record('messages', `message:${id}`, { text: bodyOfMessage(said), metadata })] };
}

/** https://developers.line.biz/en/docs/messaging-api/receiving-messages/#unsend-event: the content must be erased. */
function unsend({ said, user, record }: Told): ParsedEvent {
  const messageId = said.unsend?.messageId;
  if (messageId === undefined) return { skip: 'no_message_id' };
  const metadata = { ...aboutSource(said), messageId, unsent: `message:${messageId}` };
  return { records: [user(), record('unsends', `unsend:${messageId}`, { messageId, metadata })] };
}

function follow({ said, key, userId, atMs, user, record }: Told): ParsedEvent {
  const isUnblocked = said.follow?.isUnblocked ?? false;
  const metadata = { ...aboutSource(said), isUnblocked };
  return {
    records: [
      user({ state: 'following', isUnblocked }),
      record('follows', `follow:${key}`, { kind: 'follow', metadata }),
      consent(record, key, atMs, 'follow'),
    ],
    dirty: [{ object: 'users', id: userId }],
  };
}

function unfollow({ said, key, atMs, user, record }: Told): ParsedEvent {
  return {
    records: [
      user({ state: 'blocked' }),
      record('follows', `unfollow:${key}`, { kind: 'unfollow', metadata: aboutSource(said) }),
      consent(record, key, atMs, 'unfollow'),
    ],
  };
}

/** Adding the account as a friend and blocking it are the person's own acts on LINE's screen. */
function consent(record: Told['record'], key: string, atMs: number, act: 'follow' | 'unfollow'): SourceRecord {
  const evidence: JsonObject = {
    interactive: true,
    wording: act === 'follow' ? 'LINE公式アカウントを友だち追加（ブロック解除を含む）' : 'LINE公式アカウントをブロック',
    url: `https://developers.line.biz/en/reference/messaging-api/#${act}-event`,
    at: atMs,
    webhookEventId: key,
  };
  const status = act === 'follow' ? 'granted' : 'withdrawn';
  return record('consents', `consent:${key}`, { status, source: `line ${act}`, evidence });
}

function postback({ said, key, user, record }: Told): ParsedEvent {
  const metadata = { ...aboutSource(said), ...postbackFacts(said) };
  return { records: [user(), record('postbacks', `postback:${key}`, { metadata })] };
}

function videoPlayComplete({ said, key, user, record }: Told): ParsedEvent {
  const metadata = { ...aboutSource(said), trackingId: said.videoPlayComplete?.trackingId };
  return { records: [user(), record('video_views', `video:${key}`, { metadata })] };
}

/** Only a link that worked says who the person is; whoever issued the nonce redeems it. */
function accountLink({ said, key, user, record }: Told): ParsedEvent {
  const { result, nonce } = said.link ?? {};
  if (result !== 'ok' || nonce === undefined) return { skip: 'account_link_failed' };
  const metadata = { ...aboutSource(said), nonce };
  return { records: [user(), record('account_links', `account-link:${key}`, { metadata })] };
}
