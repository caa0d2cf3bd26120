import type { JsonObject } from '#sdk';
import type { Channel, Message, User, Workspace } from './workspace.ts';

/** A message as history shows it: https://docs.slack.dev/reference/methods/conversations.history#examples */
export function messageShape(workspace: Workspace, message: Message, withMetadata: boolean): JsonObject {
  const { app, blocks, metadata, threadTs, replies } = message;
  return {
    type: 'message',
    user: message.user,
    ts: message.ts,
    text: message.text,
    team: workspace.team.id,
    ...(app && { bot_id: app.botId, app_id: app.id, bot_profile: botProfile(workspace, app.id, app.botId) }),
    ...(blocks.length > 0 && { blocks }),
    ...(threadTs && { thread_ts: threadTs }),
    ...(replies.length > 0 && {
      thread_ts: message.ts,
      reply_count: replies.length,
      reply_users_count: new Set(replies.map(({ user }) => user)).size,
      latest_reply: replies.at(-1)?.ts ?? message.ts,
    }),
    ...(metadata && withMetadata && { metadata }),
  };
}

const botProfile = ({ team }: Workspace, appId: string, botId: string): JsonObject => ({
  id: botId,
  app_id: appId,
  name: 'musubi',
  deleted: false,
  updated: 1767193200,
  team_id: team.id,
});

/** https://docs.slack.dev/reference/objects/user-object */
export const userShape = ({ team }: Workspace, user: User): JsonObject => ({
  id: user.id,
  team_id: team.id,
  name: user.email?.split('@')[0] ?? user.name,
  deleted: user.deactivated,
  real_name: user.name,
  tz: 'Asia/Tokyo',
  is_bot: user.isBot,
  profile: { real_name: user.name, display_name: user.name, ...(user.email && { email: user.email }), team: team.id },
});

/** https://docs.slack.dev/reference/objects/conversation-object */
export function channelShape(channel: Channel): JsonObject {
  const { id, name, user, isArchived, isMember, isPrivate } = channel;
  if (user) return { id, user, is_im: true, is_channel: false, is_archived: isArchived };
  const kind = { is_channel: !isPrivate, is_group: isPrivate, is_im: false, is_private: isPrivate };
  return { id, name, ...kind, is_archived: isArchived, is_member: isMember, name_normalized: name };
}
