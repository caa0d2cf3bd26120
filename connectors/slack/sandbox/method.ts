import type { JsonObject } from '#sdk';
import { type Arguments, SlackRefusal } from './arguments.ts';
import type { App, Channel, Workspace } from './workspace.ts';

/** One call of a Web API method by an authorised app. */
export interface Call {
  readonly args: Arguments;
  readonly app: App;
  readonly workspace: Workspace;
  /** Names what this call has written. */
  readonly wrote: (row: JsonObject) => void;
  /** @throws SlackRefusal when the channel has had its messages for now */
  readonly spendMessage: (channel: string) => void;
}

/** @throws SlackRefusal */
export interface Method {
  /** OAuth scopes of which one is needed; none for methods every token may call. */
  readonly scopes: readonly string[];
  readonly run: (call: Call) => JsonObject;
}

/** A conversation by id, as all methods but chat.postMessage want it. */
export function conversation({ args, workspace }: Call): Channel {
  const channel = workspace.channels.get(args.required('channel'));
  if (!channel) throw new SlackRefusal('channel_not_found');
  return channel;
}

/** @throws SlackRefusal channel_not_found for a private channel the app is not in, as Slack hides those; not_in_channel */
export function requireMember(channel: Channel): void {
  if (!channel.isMember) throw new SlackRefusal(channel.isPrivate ? 'channel_not_found' : 'not_in_channel');
}

/** A page by cursor: https://docs.slack.dev/apis/web-api/pagination */
export function paged<T>(
  items: readonly T[],
  { args }: Call,
  defaultLimit: number,
): { page: readonly T[]; next: string } {
  const limit = Number(args.text('limit') ?? defaultLimit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 999) throw new SlackRefusal('invalid_limit');
  const cursor = args.text('cursor');
  const start =
    cursor === undefined
      ? 0
      : Number(
          Buffer.from(cursor, 'base64')
            .toString()
            .match(/^next:(\d+)$/)?.[1],
        );
  if (!Number.isInteger(start)) throw new SlackRefusal('invalid_cursor');
  const end = start + limit;
  return {
    page: items.slice(start, end),
    next: end < items.length ? Buffer.from(`next:${end}`).toString('base64') : '',
  };
}
