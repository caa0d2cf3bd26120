import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { JsonObject, JsonValue } from '#sdk';
import { asRedelivery, sendEvent, signedPost, ulid } from './outgoing.ts';
import { type Channel, channelOf, nextMessageId, remember, type SandboxUser, type World } from './world.ts';

const json = z.record(z.string(), z.json());
const userId = z.string().regex(/^U[0-9a-f]{32}$/);
/** Ids are made when not given; scripted scenes give their own. */
const ids = { connection: z.string().optional(), webhookEventId: z.string().optional() };
const answerable = { ...ids, replyToken: z.string().optional() };

const editSchema = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('message'),
    userId,
    text: z.string().optional(),
    message: json.optional(),
    ...answerable,
  }),
  z.strictObject({ do: z.literal('follow'), userId, displayName: z.string().optional(), ...answerable }),
  z.strictObject({ do: z.literal('unfollow'), userId, ...ids }),
  z.strictObject({ do: z.literal('postback'), userId, data: z.string(), params: json.optional(), ...answerable }),
  z.strictObject({ do: z.literal('unsend'), userId, messageId: z.string(), ...ids }),
  z.strictObject({
    do: z.literal('account-link'),
    userId,
    nonce: z.string(),
    result: z.enum(['ok', 'failed']).default('ok'),
    ...answerable,
  }),
  z.strictObject({ do: z.literal('send-event'), event: json, connection: z.string().optional() }),
  z.strictObject({ do: z.literal('redeliver'), webhookEventId: z.string(), connection: z.string().optional() }),
]);

type Edit = z.infer<typeof editSchema>;
type Act<K extends Edit['do']> = Extract<Edit, { do: K }>;

/** `POST /__sandbox/edit`: a person acts in LINE, and the bot's server is told. @throws z.ZodError, Error */
export async function actAsPerson(world: World, given: JsonObject): Promise<JsonValue> {
  const edit = editSchema.parse(given);
  const channel = channelOf(world, edit.connection);
  switch (edit.do) {
    case 'message':
      return message(world, channel, edit);
    case 'follow':
      return follow(world, channel, edit);
    case 'unfollow':
      userOf(world, channel, edit.userId).standing.set(channel.connection.name, 'blocked');
      return tell(world, channel, edit, { type: 'unfollow' });
    case 'postback': {
      const { data, params } = edit;
      return tell(world, channel, edit, { type: 'postback', postback: { data, ...(params && { params }) } }, true);
    }
    case 'unsend':
      return tell(world, channel, edit, { type: 'unsend', unsend: { messageId: edit.messageId } });
    case 'account-link': {
      const { result, nonce } = edit;
      return tell(world, channel, edit, { type: 'accountLink', link: { result, nonce } }, result === 'ok');
    }
    case 'send-event':
      return arbitrary(world, channel, edit.event);
    case 'redeliver':
      return redeliver(world, channel, edit.webhookEventId);
  }
}

async function message(world: World, channel: Channel, edit: Act<'message'>): Promise<JsonValue> {
  const user = userOf(world, channel, edit.userId);
  if (user.standing.get(channel.connection.name) === 'blocked') throw new Error('a person who blocked cannot write');
  const id = nextMessageId(world);
  const content = edit.message ?? { type: 'text', text: edit.text ?? '' };
  const quoteToken = randomBytes(12).toString('base64url');
  const told = await tell(world, channel, edit, { type: 'message', message: { id, quoteToken, ...content } }, true);
  return { ...told, messageId: typeof content.id === 'string' ? content.id : id };
}

function follow(world: World, channel: Channel, edit: Act<'follow'>): Promise<JsonValue> {
  const isUnblocked = world.users.get(edit.userId)?.standing.get(channel.connection.name) === 'blocked';
  const user = userOf(world, channel, edit.userId);
  if (edit.displayName !== undefined) user.displayName = edit.displayName;
  user.standing.set(channel.connection.name, 'friend');
  return tell(world, channel, edit, { type: 'follow', follow: { isUnblocked } }, true);
}

/** The person; one not seeded comes into being as a friend, as a new phone would. */
function userOf(world: World, channel: Channel, id: string): SandboxUser {
  const user = world.users.get(id) ?? { userId: id, displayName: 'LINEユーザー', standing: new Map() };
  if (!user.standing.has(channel.connection.name)) user.standing.set(channel.connection.name, 'friend');
  world.users.set(id, user);
  return user;
}

interface Actor {
  readonly userId: string;
  readonly webhookEventId?: string | undefined;
  readonly replyToken?: string | undefined;
}

type Told = { readonly webhookEventId: string; readonly replyToken: string | null; readonly status: number };

/** Sends an event of the person, with what all events have. */
async function tell(
  world: World,
  channel: Channel,
  actor: Actor,
  event: JsonObject,
  isAnswerable = false,
): Promise<Told> {
  const nowMs = world.kit.nowMs();
  const webhookEventId = actor.webhookEventId ?? ulid(nowMs);
  const replyToken = isAnswerable ? (actor.replyToken ?? randomBytes(16).toString('hex')) : null;
  if (replyToken !== null) {
    remember(channel.replyTokens, replyToken, { to: actor.userId, receivedAtMs: nowMs, isUsed: false });
  }
  const { status } = await sendEvent(world, channel, {
    ...event,
    webhookEventId,
    deliveryContext: { isRedelivery: false },
    timestamp: nowMs,
    source: { type: 'user', userId: actor.userId },
    ...(replyToken !== null && { replyToken }),
    mode: 'active',
  });
  return { webhookEventId, replyToken, status };
}

/** An event as it was given; what every event has is filled in where it is missing. */
async function arbitrary(world: World, channel: Channel, given: JsonObject): Promise<JsonValue> {
  const nowMs = world.kit.nowMs();
  const event: JsonObject = {
    webhookEventId: ulid(nowMs),
    deliveryContext: { isRedelivery: false },
    timestamp: nowMs,
    mode: 'active',
    ...given,
  };
  const { replyToken, source } = event;
  const to = typeof source === 'object' && source !== null && 'userId' in source ? source.userId : undefined;
  if (typeof replyToken === 'string' && typeof to === 'string') {
    remember(channel.replyTokens, replyToken, { to, receivedAtMs: nowMs, isUsed: false });
  }
  const { status } = await sendEvent(world, channel, event);
  return { webhookEventId: String(event.webhookEventId), replyToken: replyToken ?? null, status };
}

async function redeliver(world: World, channel: Channel, webhookEventId: string): Promise<JsonValue> {
  const event = channel.events.get(webhookEventId);
  if (!event) throw new Error(`no event ${webhookEventId} was sent`);
  const { replyToken } = event;
  const token = typeof replyToken === 'string' ? channel.replyTokens.get(replyToken) : undefined;
  // The minute counts from receiving the webhook, so a redelivery starts it anew.
  if (token) token.receivedAtMs = world.kit.nowMs();
  const { status } = await signedPost(world, channel, [asRedelivery(event)]);
  return { webhookEventId, replyToken: replyToken ?? null, status };
}
