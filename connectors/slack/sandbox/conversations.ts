import type { JsonObject } from '#sdk';
import { SlackRefusal } from './arguments.ts';
import { type Call, conversation, type Method, paged, requireMember } from './method.ts';
import { channelShape, messageShape } from './shapes.ts';
import type { Channel, Message } from './workspace.ts';

const HISTORY = ['channels:history', 'groups:history', 'im:history'];
const READ = ['channels:read', 'groups:read', 'im:read'];

export const conversations: Readonly<Record<string, Method>> = {
  'conversations.open': { scopes: ['im:write'], run: open },
  'conversations.history': { scopes: HISTORY, run: history },
  'conversations.replies': { scopes: HISTORY, run: replies },
  'conversations.info': { scopes: READ, run: (call) => ({ channel: channelShape(conversation(call)) }) },
  'conversations.list': { scopes: READ, run: list },
};

function open(call: Call): JsonObject {
  const { args, app, workspace } = call;
  const user = workspace.users.get(args.required('users'));
  if (!user) throw new SlackRefusal('user_not_found');
  if (user.deactivated) throw new SlackRefusal('user_disabled');
  const isOpen = [...workspace.channels.values()].some((one) => one.user === user.id);
  const channel = workspace.openIm(app, user.id);
  return { ...(isOpen && { no_op: true, already_open: true }), channel: { id: channel.id } };
}

/** Newest first; replies only stand in their thread. */
function history(call: Call): JsonObject {
  const channel = readable(call);
  const all = [...call.workspace.messagesOf(channel.id).values()].filter((one) => one.threadTs === undefined);
  const { page, next } = paged(inTime(all, call).toSorted(byTs).toReversed(), call, 100);
  return { messages: shown(page, call), has_more: next !== '', pin_count: 0, ...cursorOf(next) };
}

/** Oldest first; the root stands on every page's first place. */
function replies(call: Call): JsonObject {
  const channel = readable(call);
  const ts = call.args.required('ts');
  const root = call.workspace.messagesOf(channel.id).get(ts);
  if (!root) throw new SlackRefusal('thread_not_found');
  const { page, next } = paged(inTime(root.replies, call).toSorted(byTs), call, 1000 - 1);
  return { messages: shown([root, ...page], call), has_more: next !== '', ...cursorOf(next) };
}

function list(call: Call): JsonObject {
  const types = (call.args.text('types') ?? 'public_channel').split(',').map((type) => type.trim());
  const channels = [...call.workspace.channels.values()].filter(
    (channel) => types.includes(typeOf(channel)) && !(channel.isArchived && call.args.flag('exclude_archived')),
  );
  const { page, next } = paged(channels, call, 100);
  return { channels: page.map(channelShape), response_metadata: { next_cursor: next } };
}

function readable(call: Call): Channel {
  const channel = conversation(call);
  requireMember(channel);
  return channel;
}

function inTime(messages: readonly Message[], { args }: Call): Message[] {
  const oldest = timestamp(args.text('oldest') ?? '0', 'invalid_ts_oldest');
  const latest = timestamp(args.text('latest') ?? '99999999999', 'invalid_ts_latest');
  const isInclusive = args.flag('inclusive');
  return messages.filter(({ ts }) => {
    const at = Number(ts);
    return (at > oldest && at < latest) || (isInclusive && (at === oldest || at === latest));
  });
}

function timestamp(text: string, code: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new SlackRefusal(code);
  return Number(text);
}

const typeOf = ({ user, isPrivate }: Channel) => (user ? 'im' : isPrivate ? 'private_channel' : 'public_channel');
const byTs = (left: Message, right: Message) => (left.ts < right.ts ? -1 : 1);
const cursorOf = (next: string): JsonObject => (next === '' ? {} : { response_metadata: { next_cursor: next } });
const shown = (messages: readonly Message[], { workspace, args }: Call) =>
  messages.map((message) => messageShape(workspace, message, args.flag('include_all_metadata')));
