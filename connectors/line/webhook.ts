import { createHash } from 'node:crypto';
import {
  defineWebhook,
  hmacSha256,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  RejectedError,
  safeEqual,
  type WebhookEvent,
} from '#sdk';
import type { LineConfig } from './config.ts';
import { isLineId } from './event-schema.ts';
import { parseEvent } from './parse-event.ts';

/** End of the year 9999: a later timestamp is no time at which anything happened. */
const LATEST_MS = 253_402_300_799_999;

export default defineWebhook<LineConfig>({
  /**
   * Base64 of HMAC-SHA256 over the raw bytes: LINE escapes some emoji, so a body written anew has another signature.
   * @see https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
   */
  verify({ headers, raw }, { config }) {
    const signature = headers['x-line-signature'];
    if (signature === undefined || signature === '') return { kind: 'reject', reason: 'no x-line-signature' };
    const secrets = [config.channelSecret, config.previousChannelSecret].filter((one) => one !== undefined);
    const matches = secrets.map((secret) => safeEqual(signature, hmacSha256(secret, raw, 'base64')));
    return matches.includes(true) ? { kind: 'accept' } : { kind: 'reject', reason: 'x-line-signature does not match' };
  },

  /** An empty list of events is LINE's connection check. */
  split({ raw }, { config, nowMs }) {
    const body = bodyOf(raw);
    const { destination, events } = body;
    if (!Array.isArray(events)) throw unreadable('it has no list of events');
    if (config.destination !== undefined && destination !== config.destination) {
      throw new RejectedError('[line] the body is meant for another bot: check `destination` of the connection', {
        code: 'wrong_destination',
      });
    }
    const bot = typeof destination === 'string' && isLineId(destination) ? destination : 'bot';
    return { events: events.map((event: JsonValue) => toEvent(event, bot, nowMs)) };
  },

  parse: parseEvent,
});

function bodyOf(raw: Buffer): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(raw.toString('utf8'));
  } catch (cause) {
    throw unreadable('it is not JSON', cause);
  }
  if (!isJsonObject(body)) throw unreadable('it is not a JSON object');
  return body;
}

/** One odd event must not take its neighbours with it: it gets a row of its own, which `parse` refuses. */
function toEvent(event: JsonValue, bot: string, nowMs: number): WebhookEvent {
  const payload = isJsonObject(event) ? event : { unreadable: event };
  const { webhookEventId, timestamp, source } = payload;
  const body = fingerprint(payload);
  const key = idOf(webhookEventId) ?? `sha256:${createHash('sha256').update(inOrder(body)).digest('hex')}`;
  const from = isJsonObject(source) ? source : {};
  return {
    externalId: key,
    dedupKey: key,
    recordKey: idOf(from.userId) ?? idOf(from.groupId) ?? idOf(from.roomId) ?? bot,
    occurredAtMs: isTime(timestamp) ? timestamp : nowMs,
    payload,
    fingerprint: body,
  };
}

const idOf = (value: JsonValue | undefined) => (typeof value === 'string' && isLineId(value) ? value : undefined);

const isTime = (value: JsonValue | undefined): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= LATEST_MS;

/** The same for a redelivery, where only deliveryContext differs. */
function fingerprint({ deliveryContext: _, ...event }: JsonObject): string {
  try {
    return JSON.stringify(event);
  } catch (cause) {
    throw unreadable('an event is nested too deeply', cause);
  }
}

/** The same text whatever the order of properties: only for an event that brings no id of its own. */
const inOrder = (body: string): string =>
  JSON.stringify(JSON.parse(body), (_name, value: unknown) => (isJsonObject(value) ? sorted(value) : value));

const sorted = (value: JsonObject) =>
  Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));

const unreadable = (why: string, cause?: unknown) =>
  new RejectedError(`[line] the webhook body cannot be read: ${why}`, {
    code: 'unreadable_body',
    ...(cause !== undefined && { cause }),
  });
