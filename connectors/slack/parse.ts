import type { JsonObject, ParseContext, ParsedEvent, Signal, WebhookEvent } from '#sdk';
import { buttonNameOf } from './action-id.ts';
import type { SlackConfig } from './config.ts';
import { at, idAt } from './payload.ts';

/** What a stored event means to the hub: a press on one of our buttons, or nothing and why. */
export function parseEvent({ payload }: WebhookEvent, { config }: ParseContext<SlackConfig>): ParsedEvent {
  if (isOfAnotherWorkspace(payload, config.teamId)) return { skip: 'other_workspace' };
  switch (payload.type) {
    case 'block_actions':
      return presses(payload);
    case 'event_callback':
      return { skip: isOwnMessage(payload) ? 'own_message' : 'not_used' };
    case 'app_rate_limited':
      // Slack drops events for a minute: https://docs.slack.dev/reference/events/app_rate_limited
      return { skip: 'app_rate_limited' };
    default:
      return { skip: 'not_used' };
  }
}

/** The workspace of the request, and in a channel shared with another company also the one of the person. */
function isOfAnotherWorkspace(payload: JsonObject, teamId: string | undefined): boolean {
  if (teamId === undefined) return false;
  const teams = [idAt(payload, 'team_id') ?? idAt(payload, 'team', 'id'), idAt(payload, 'user', 'team_id')];
  return teams.some((team) => team !== undefined && team !== teamId);
}

/** @see https://docs.slack.dev/reference/interaction-payloads/block_actions-payload */
function presses(payload: JsonObject): ParsedEvent {
  const actions = Array.isArray(payload.actions) ? payload.actions : [];
  const signals = actions.flatMap((action) => signalOf(action, payload));
  return signals.length > 0 ? { signals } : { skip: 'not_used' };
}

/** Who pressed is told by ids alone, never by the name shown; whether they may is decided where the signal is used. */
function signalOf(action: unknown, payload: JsonObject): Signal[] {
  const name = buttonNameOf(idAt(action, 'action_id'));
  const effectId = idAt(action, 'value');
  const user = idAt(payload, 'user', 'id');
  const scope = idAt(payload, 'user', 'team_id') ?? idAt(payload, 'team', 'id');
  if (!name || !effectId || !user || !scope) return [];
  const channel = idAt(payload, 'channel', 'id') ?? idAt(payload, 'container', 'channel_id') ?? null;
  const ts = idAt(payload, 'message', 'ts') ?? idAt(payload, 'container', 'message_ts') ?? null;
  return [{ effectId, name, by: { channel: 'slack', scope, id: user }, value: { channel, ts } }];
}

/**
 * Our own posts, edits and deletions. Bolt's `ignoreSelf` misses the last two, whose author stands inside the event.
 * Which bot we are is told by every event: https://docs.slack.dev/apis/events-api#authorizations
 */
function isOwnMessage(payload: JsonObject): boolean {
  const app = idAt(payload, 'api_app_id');
  const authorizations = Array.isArray(payload.authorizations) ? payload.authorizations : [];
  const botUsers = authorizations.map((one) => (at(one, 'is_bot') === true ? idAt(one, 'user_id') : undefined));
  const messages = [at(payload, 'event'), at(payload, 'event', 'message'), at(payload, 'event', 'previous_message')];
  return messages.some((message) => {
    const user = idAt(message, 'user');
    const author = idAt(message, 'app_id') ?? idAt(message, 'bot_profile', 'app_id');
    return (author !== undefined && author === app) || (user !== undefined && botUsers.includes(user));
  });
}
