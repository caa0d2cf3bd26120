import { z } from 'zod';
import { type ActionContext, type ActionOutcome, type JsonObject, RejectedError, RetryableError } from '#sdk';
import { callSlack } from './client.ts';
import type { SlackConfig } from './config.ts';
import type { Recipient } from './recipient.ts';

type Context = ActionContext<SlackConfig>;

export const messageRef = z.object({ channel: z.string(), ts: z.string() });
export type MessageRef = z.infer<typeof messageRef>;

export interface OutgoingMessage {
  readonly recipient: Recipient;
  readonly text: string;
  readonly blocks: readonly JsonObject[];
  /** Answers this message in its thread; default the root of the effect's thread key. */
  readonly thread?: MessageRef | undefined;
}

const METADATA_EVENT = 'musubi_alert';
/** Nothing that comes from data may be turned into a link, a mention or a preview by Slack itself. */
export const AS_WRITTEN = { parse: 'none', link_names: false } as const;

/**
 * Posts once per call, marked with the effect key so that `findPosted` can find it: chat.postMessage has no idempotency key.
 * @see https://docs.slack.dev/reference/methods/chat.postMessage
 * @see https://docs.slack.dev/messaging/message-metadata
 */
export async function post(message: OutgoingMessage, context: Context): Promise<MessageRef> {
  const thread = threadOf(message, context);
  const channel = thread?.channel ?? (await channelId(message.recipient, context));
  return await callSlack(
    context,
    'chat.postMessage',
    {
      channel,
      text: message.text,
      blocks: message.blocks,
      metadata: { event_type: METADATA_EVENT, event_payload: { effect_key: context.effectKey } },
      unfurl_links: false,
      unfurl_media: false,
      ...AS_WRITTEN,
      ...(thread && { thread_ts: thread.ts }),
    },
    messageRef,
  );
}

export const confirmed = (result: JsonObject): ActionOutcome => ({ status: 'confirmed', result });

// Slack's clock and ours differ; a message is never looked for further back than this before its planning.
const CLOCK_MARGIN_MS = 10 * 60_000;
// Slack recommends at most 200 a page; 10 pages are 2,000 messages since the planning of one effect.
// https://docs.slack.dev/apis/web-api/pagination
const PAGE_SIZE = 200;
const PAGES_MAX = 10;

const page = z.object({
  messages: z.array(
    z.object({
      ts: z.string(),
      metadata: z.object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) }).optional(),
    }),
  ),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});

/**
 * Looks for the message of this effect where it would have been posted; null when it is surely not there.
 * @throws RetryableError probe_incomplete when there are more messages than are read
 */
export async function findPosted(message: OutgoingMessage, context: Context): Promise<MessageRef | null> {
  const thread = threadOf(message, context);
  const channel = thread?.channel ?? (await conversationId(message.recipient, context));
  // https://docs.slack.dev/reference/methods/conversations.history, …/conversations.replies
  const method = thread ? 'conversations.replies' : 'conversations.history';
  const args = {
    channel,
    ...(thread && { ts: thread.ts }),
    oldest: ((context.plannedAtMs - CLOCK_MARGIN_MS) / 1000).toFixed(6),
    include_all_metadata: true,
    limit: PAGE_SIZE,
  };
  let cursor: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const { messages, response_metadata } = await callSlack(context, method, { ...args, cursor }, page);
    const found = messages.find(
      ({ metadata }) =>
        metadata?.event_type === METADATA_EVENT && metadata.event_payload.effect_key === context.effectKey,
    );
    if (found) return { channel, ts: found.ts };
    cursor = response_metadata?.next_cursor || undefined;
    if (cursor === undefined) return null;
  }
  throw new RetryableError(
    `[${context.connection}] more than ${PAGE_SIZE * PAGES_MAX} messages since the alert was planned: look in Slack whether it is there`,
    { code: 'probe_incomplete', outcome: 'unknown' },
  );
}

function threadOf(message: OutgoingMessage, context: Context): MessageRef | undefined {
  return message.thread ?? messageRef.safeParse(context.threadRoot).data;
}

/** What chat.postMessage takes: a conversation, or a user whose direct message it is. */
async function channelId(recipient: Recipient, context: Context): Promise<string> {
  return 'channel' in recipient ? recipient.channel : await userIdOf(recipient.email, context);
}

/** What can be read back: for a user the id of the direct message. */
async function conversationId(recipient: Recipient, context: Context): Promise<string> {
  const id = await channelId(recipient, context);
  if (!/^[UW]/.test(id)) return id;
  // Opening one that is open already changes nothing: https://docs.slack.dev/reference/methods/conversations.open
  const { channel } = await callSlack(context, 'conversations.open', { users: id }, openedConversation);
  return channel.id;
}

const openedConversation = z.object({ channel: z.object({ id: z.string() }) });
const foundUser = z.object({ user: z.object({ id: z.string(), deleted: z.boolean().optional() }) });

/** Only answers are remembered, so a user who joins later is found. */
async function userIdOf(email: string, context: Context): Promise<string> {
  const known = context.memo('slack-user-by-email', () => new Map<string, string>());
  const remembered = known.get(email);
  if (remembered !== undefined) return remembered;
  // https://docs.slack.dev/reference/methods/users.lookupByEmail
  const { user } = await callSlack(context, 'users.lookupByEmail', { email }, foundUser);
  if (user.deleted) {
    throw new RejectedError(
      `[${context.connection}] the recipient's Slack account is deactivated: correct the staff list`,
      { code: 'no_recipient', detail: user.id },
    );
  }
  known.set(email, user.id);
  return user.id;
}
