import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DeliveryResult, hmacSha256, type JsonObject } from '#sdk';
import { type Channel, remember, type World } from './world.ts';

/** LINE does not disclose how often and when it sends again; here soon, in real time, and never more than three times. */
const REDELIVER_AFTER_MS = [100, 300, 900];

/** Sends events as LINE does: one signed POST. An empty list is its connection check. */
export function signedPost(world: World, channel: Channel, events: readonly JsonObject[]): Promise<DeliveryResult> {
  const body = escapeSurrogates(JSON.stringify({ destination: channel.botUserId, events }));
  const secret = String(channel.connection.config.channelSecret);
  return world.kit.deliver({
    connection: channel.connection.name,
    url: channel.endpoint.url,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'LineBotWebhook/2.0',
      'x-line-signature': hmacSha256(secret, body, 'base64'),
    },
    body,
  });
}

/** Sends one event and, when the answer was not 2xx and redelivery is on, sends it again marked as a redelivery. */
export async function sendEvent(world: World, channel: Channel, event: JsonObject): Promise<DeliveryResult> {
  remember(channel.events, String(event.webhookEventId), event);
  let result = await signedPost(world, channel, [event]);
  for (const waitMs of world.isRedeliveryOn ? REDELIVER_AFTER_MS : []) {
    if (result.status >= 200 && result.status < 300) break;
    await sleep(waitMs, undefined, { ref: false });
    result = await signedPost(world, channel, [asRedelivery(event)]);
  }
  return result;
}

/** https://developers.line.biz/en/docs/messaging-api/receiving-messages/#webhook-redelivery: same id, token and time. */
export const asRedelivery = (event: JsonObject): JsonObject => ({ ...event, deliveryContext: { isRedelivery: true } });

/** LINE writes some emoji as escapes (line/line-bot-sdk-nodejs#922): the signature holds for the bytes only. */
const escapeSurrogates = (json: string) =>
  json.replace(/[\ud800-\udfff]/g, (half) => `\\u${half.charCodeAt(0).toString(16).toUpperCase()}`);

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Ids of webhook events are ULIDs: 10 characters of time and 16 of chance. https://github.com/ulid/spec */
export function ulid(nowMs: number): string {
  const time = Array.from({ length: 10 }, (_, place) => CROCKFORD[Math.floor(nowMs / 32 ** (9 - place)) % 32]);
  const chance = Array.from(randomBytes(16), (byte) => CROCKFORD[byte % 32]);
  return [...time, ...chance].join('');
}
