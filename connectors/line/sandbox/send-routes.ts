import type { z } from 'zod';
import type { JsonObject } from '#sdk';
import { bodyErrors, type Refusal, refusals, refuse } from './answers.ts';
import { addBotRoute, readJson } from './common-rules.ts';
import type { Reply, Request } from './http.ts';
import { detailsOf, requestSchemas } from './message-rules.ts';
import {
  type Channel,
  friendsOf,
  isFriend,
  nextMessageId,
  remember,
  setUsed,
  usedThisMonth,
  type World,
} from './world.ts';

/** https://developers.line.biz/en/reference/messaging-api/#send-reply-message */
const REPLY_TOKEN_LIFE_MS = 60_000;
/** https://developers.line.biz/en/docs/messaging-api/retrying-api-request/ */
const RETRY_KEY_LIFE_MS = 24 * 3_600_000;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const RECIPIENT = /^[UCR][0-9a-f]{32}$/;

/** A send that passed the form checks. */
interface Sending {
  readonly world: World;
  readonly channel: Channel;
  readonly request: Request;
}

export function addSendRoutes(world: World): void {
  addSend(world, 'reply', requestSchemas.reply, ({ channel }, { replyToken, messages }) => {
    const token = channel.replyTokens.get(replyToken);
    const isAlive = token && !token.isUsed && world.kit.nowMs() - token.receivedAtMs <= REPLY_TOKEN_LIFE_MS;
    if (!isAlive) return refusals.deadReplyToken;
    token.isUsed = true;
    return { recipients: [token.to], replyToken, messages, isFree: true };
  });
  addSend(world, 'push', requestSchemas.push, ({ channel }, { to, messages }) => {
    if (!RECIPIENT.test(to)) return refusals.badRecipient;
    // A person who blocked us: 200, not delivered, not counted (FAQ). A person never met: refused.
    if (!world.users.get(to)?.standing.has(channel.connection.name)) return refusals.unknownRecipient;
    return { recipients: [to].filter((id) => isFriend(world, channel, id)), messages };
  });
  addSend(world, 'multicast', requestSchemas.multicast, ({ channel }, { to, messages }) => {
    if (!to.every((id) => id.startsWith('U') && RECIPIENT.test(id))) return refusals.badRecipient;
    return { recipients: [...new Set(to)].filter((id) => isFriend(world, channel, id)), messages };
  });
  addSend(world, 'broadcast', requestSchemas.broadcast, ({ channel }, { messages }) => {
    return { recipients: friendsOf(world, channel).map((user) => user.userId), messages };
  });
  for (const kind of ['reply', 'push', 'multicast', 'narrowcast', 'broadcast']) {
    addBotRoute(world, 'POST', `/v2/bot/message/validate/${kind}`, (_channel, request, reply) => {
      const read = checked(request, requestSchemas.validate);
      return 'refused' in read ? refuse(reply, read.refused) : reply.send({});
    });
  }
}

interface Plan {
  readonly recipients: readonly string[];
  readonly messages: readonly object[];
  readonly replyToken?: string;
  readonly isFree?: boolean;
}

type SendKind = 'reply' | 'push' | 'multicast' | 'broadcast';

function addSend<B>(
  world: World,
  kind: SendKind,
  schema: z.ZodType<B>,
  plan: (sending: Sending, body: B) => Plan | Refusal,
): void {
  addBotRoute(world, 'POST', `/v2/bot/message/${kind}`, (channel, request, reply) => {
    const read = checked(request, schema);
    if ('refused' in read) return refuse(reply, read.refused);
    const retryKey = request.headers['x-line-retry-key'];
    const repeat = checkRetryKey(world, channel, kind, retryKey);
    if (repeat) return refuse(reply, repeat);
    const sending = { world, channel, request };
    const planned = plan(sending, read.body);
    if ('status' in planned) return refuse(reply, planned);
    if (!planned.isFree && !takeQuota(world, channel, planned.recipients.length)) {
      return refuse(reply, refusals.monthlyLimit);
    }
    const answer = deliver(sending, kind, planned);
    if (typeof retryKey === 'string') keepRetryKey(world, channel, retryKey, reply, answer);
    return reply.send(answer);
  });
}

function checked<B>(request: Request, schema: z.ZodType<B>): { readonly body: B } | { readonly refused: Refusal } {
  const read = readJson(request);
  if ('refused' in read) return read;
  const parsed = schema.safeParse(read.body, { reportInput: true });
  return parsed.success ? { body: parsed.data } : { refused: bodyErrors(detailsOf(parsed.error)) };
}

/** The refusal a retry key brings, if any: not a UUID, not allowed here, or accepted within the last 24 hours. */
function checkRetryKey(
  world: World,
  channel: Channel,
  kind: SendKind,
  key: string | string[] | undefined,
): Refusal | undefined {
  if (key === undefined) return undefined;
  if (kind === 'reply') return refusals.unsupportedRetryKey;
  if (typeof key !== 'string' || !UUID.test(key)) return refusals.badRetryKey;
  const accepted = channel.acceptedByRetryKey.get(key.toLowerCase());
  if (!accepted || world.kit.nowMs() - accepted.atMs >= RETRY_KEY_LIFE_MS) return undefined;
  return {
    status: 409,
    // Only a push repeats the ids of its messages.
    body: { message: 'The retry key is already accepted', ...(kind === 'push' && accepted.answer) },
    headers: { 'x-line-accepted-request-id': accepted.requestId },
  };
}

function keepRetryKey(world: World, channel: Channel, key: string, reply: Reply, answer: JsonObject): void {
  const requestId = String(reply.getHeader('x-line-request-id'));
  remember(channel.acceptedByRetryKey, key.toLowerCase(), { atMs: world.kit.nowMs(), requestId, answer });
}

/** Counts one message per recipient, however many message objects it has. https://developers.line.biz/en/docs/messaging-api/pricing/ */
function takeQuota(world: World, channel: Channel, recipients: number): boolean {
  const nowMs = world.kit.nowMs();
  const used = usedThisMonth(channel, nowMs) + recipients;
  if (channel.quota.type === 'limited' && recipients > 0 && used > channel.quota.value) return false;
  setUsed(channel, nowMs, used);
  return true;
}

function deliver({ world, channel, request }: Sending, kind: SendKind, plan: Plan): JsonObject {
  const messages = plan.messages as readonly JsonObject[];
  const rows = plan.recipients.map((to) => ({
    kind,
    to,
    ...(plan.replyToken !== undefined && { replyToken: plan.replyToken }),
    messages,
    connection: channel.connection.name,
  }));
  channel.sent.push(...rows);
  if (rows.length > 0) world.kit.recordWrites(request, rows);
  if (kind === 'multicast' || kind === 'broadcast') return {};
  return { sentMessages: messages.map(() => sentMessage(world)) };
}

function sentMessage(world: World): JsonObject {
  const id = nextMessageId(world);
  return { id, quoteToken: Buffer.from(`quote ${id}`).toString('base64url') };
}
