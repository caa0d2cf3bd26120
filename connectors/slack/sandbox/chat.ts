import { isJsonObject, type JsonObject } from '#sdk';
import { SlackRefusal } from './arguments.ts';
import { checkedBlocks } from './block-kit.ts';
import { type Call, conversation, type Method, requireMember } from './method.ts';
import { messageShape } from './shapes.ts';
import type { Channel, Message } from './workspace.ts';

// https://docs.slack.dev/reference/methods/chat.postMessage: longer texts are cut, not refused
const TEXT_MAX = 40_000;
// https://docs.slack.dev/reference/methods/chat.update#errors: msg_too_long
const UPDATE_TEXT_MAX = 4_000;
// The published error has no number beside it; this is far above what the hub sends.
const METADATA_MAX = 8_000;

export const chat: Readonly<Record<string, Method>> = {
  'chat.postMessage': { scopes: ['chat:write'], run: postMessage },
  'chat.update': { scopes: ['chat:write'], run: update },
  'chat.postEphemeral': { scopes: ['chat:write'], run: postEphemeral },
};

function postMessage(call: Call): JsonObject {
  const { args, app, workspace } = call;
  const channel = postable(call);
  const body = bodyOf(call);
  const threadTs = args.text('thread_ts');
  if (threadTs !== undefined && !find(call, channel, threadTs)) throw new SlackRefusal('cannot_reply_to_message');
  const metadata = metadataOf(call);
  call.spendMessage(channel.id);
  const message: Message = {
    channel: channel.id,
    ts: workspace.nextTs(),
    user: app.botUserId,
    app,
    ...(threadTs && { threadTs }),
    ...body,
    ...(metadata && { metadata }),
    replies: [],
  };
  workspace.add(message);
  call.wrote(rowOf(threadTs ? 'thread' : 'post', message, channel));
  return { channel: channel.id, ts: message.ts, message: messageShape(workspace, message, true) };
}

function update(call: Call): JsonObject {
  const { args, app, workspace } = call;
  const channel = conversation(call);
  const message = find(call, channel, args.required('ts'));
  if (!message) throw new SlackRefusal('message_not_found');
  if (message.app !== app) throw new SlackRefusal('cant_update_message');
  if (channel.isArchived) throw new SlackRefusal('is_inactive');
  if ((args.text('text') ?? '').length > UPDATE_TEXT_MAX) throw new SlackRefusal('msg_too_long');
  const body = bodyOf(call);
  const metadata = metadataOf(call);
  const isSame = body.text === message.text && sameBlocks(body.blocks, message.blocks);
  if (metadata) message.metadata = metadata;
  if (!isSame) {
    Object.assign(message, body);
    call.wrote(rowOf('update', message, channel));
  }
  return { channel: channel.id, ts: message.ts, text: message.text, message: messageShape(workspace, message, true) };
}

function postEphemeral(call: Call): JsonObject {
  const channel = postable(call);
  const user = call.workspace.users.get(call.args.required('user'));
  if (!user || user.deactivated) throw new SlackRefusal('user_not_in_channel');
  const { text, blocks } = bodyOf(call);
  call.spendMessage(channel.id);
  const ts = call.workspace.nextTs();
  call.wrote({ kind: 'ephemeral', channel: channel.id, user: user.id, text, blocks, ts });
  return { message_ts: ts };
}

/** By id, by name, or a user's direct message by the user's id. */
function postable(call: Call): Channel {
  const { args, app, workspace } = call;
  const wanted = args.required('channel');
  const user = workspace.users.get(wanted);
  if (user && !user.deactivated && !user.isBot) return workspace.openIm(app, user.id);
  const name = wanted.replace(/^#/, '');
  const channel = workspace.channels.get(wanted) ?? [...workspace.channels.values()].find((one) => one.name === name);
  if (!channel) throw new SlackRefusal('channel_not_found');
  requireMember(channel);
  if (channel.isArchived) throw new SlackRefusal('is_archived');
  return channel;
}

function bodyOf({ args, workspace }: Call): { text: string; blocks: JsonObject[] } {
  const blocks = checkedBlocks(args.structure('blocks', 'invalid_blocks_format'), workspace.nextNumber);
  const text = args.text('text') ?? '';
  if (text.trim() === '' && blocks.length === 0) throw new SlackRefusal('no_text');
  return { text: text.slice(0, TEXT_MAX), blocks };
}

/** https://docs.slack.dev/messaging/message-metadata */
function metadataOf({ args }: Call): JsonObject | undefined {
  const metadata = args.structure('metadata', 'invalid_metadata_format');
  if (metadata === undefined || metadata === null) return undefined;
  if (!isJsonObject(metadata)) throw new SlackRefusal('invalid_metadata_format');
  const { event_type: type, event_payload: payload, ...more } = metadata;
  if (typeof type !== 'string' || !isJsonObject(payload) || Object.keys(more).some((key) => key !== 'entities')) {
    throw new SlackRefusal('invalid_metadata_schema');
  }
  if (JSON.stringify(metadata).length > METADATA_MAX) throw new SlackRefusal('metadata_too_large');
  return metadata;
}

const find = ({ workspace }: Call, channel: Channel, ts: string): Message | undefined =>
  workspace.messagesOf(channel.id).get(ts);

function sameBlocks(left: readonly JsonObject[], right: readonly JsonObject[]): boolean {
  const bare = (blocks: readonly JsonObject[]) => JSON.stringify(blocks.map(({ block_id, ...block }) => block));
  return bare(left) === bare(right);
}

const rowOf = (kind: string, message: Message, channel: Channel): JsonObject => ({
  kind,
  channel: channel.id,
  ...(channel.user && { user: channel.user }),
  text: message.text,
  ...(message.threadTs && { thread_ts: message.threadTs }),
  blocks: message.blocks,
  ts: message.ts,
});
