import type { JsonObject, Reply, SplitResult, WebhookEvent, WebhookRequest } from '#sdk';
import type { SlackConfig } from './config.ts';
import { escapeText } from './mrkdwn.ts';
import { digest, idAt, readBody, timeAt, withoutSecrets } from './payload.ts';
import { commandReceived } from './wording.ts';

/** What is told of an event beyond its payload; a part Slack did not send is replaced by the hash of the body. */
interface Keys {
  readonly id: string | undefined;
  readonly dedupKey: string | undefined;
  readonly recordKey: string | undefined;
  readonly occurredAtMs: number | undefined;
}

/**
 * One request of Slack is one event. Nothing else happens before the answer, so Slack's three seconds are kept.
 * @see https://docs.slack.dev/apis/events-api — 3 s to answer, three further tries; interactivity is not sent again
 * @throws RejectedError unreadable_body
 */
export function splitBody(
  request: WebhookRequest,
  { nowMs }: { readonly config: SlackConfig; readonly nowMs: number },
): SplitResult {
  const body = readBody(request);
  const hash = digest(request.raw);
  const { id, dedupKey, recordKey, occurredAtMs } = keysOf(body);
  const event: WebhookEvent = {
    externalId: id ?? hash.slice(0, 16),
    dedupKey: dedupKey ?? `sha256:${hash}`,
    recordKey: recordKey ?? id ?? hash,
    occurredAtMs: occurredAtMs ?? nowMs,
    payload: withoutSecrets(body),
  };
  return body.type === 'slash_command' ? { events: [event], reply: commandReply(body) } : { events: [event] };
}

function keysOf(body: JsonObject): Keys {
  switch (body.type) {
    case 'event_callback':
      return eventKeys(body);
    case 'block_actions':
    case 'interactive_message':
      return pressKeys(body);
    case 'view_submission':
    case 'view_closed':
      return viewKeys(body);
    case 'app_rate_limited':
      return rateLimitKeys(body);
    default:
      return triggerKeys(body);
  }
}

/** @see https://docs.slack.dev/apis/events-api#events-JSON — event_id is unique over all workspaces and kept on a retry */
function eventKeys(body: JsonObject): Keys {
  const id = idAt(body, 'event_id');
  const about = idAt(body, 'event', 'channel') ?? idAt(body, 'event', 'item', 'channel') ?? idAt(body, 'event', 'user');
  return {
    id,
    dedupKey: joined(idAt(body, 'team_id'), id),
    recordKey: about,
    occurredAtMs: timeAt(body, 'event', 'event_ts') ?? timeAt(body, 'event_time'),
  };
}

/** Presses on one message stay in order: the first one wins. */
function pressKeys(body: JsonObject): Keys {
  const [action] = Array.isArray(body.actions) ? body.actions : [];
  const trigger = idAt(body, 'trigger_id');
  const channel = idAt(body, 'container', 'channel_id') ?? idAt(body, 'channel', 'id');
  const message = joined(channel, idAt(body, 'container', 'message_ts') ?? idAt(body, 'message', 'ts'));
  return {
    id: trigger,
    dedupKey: joined(trigger, idAt(action, 'action_ts')),
    recordKey: message ?? idAt(body, 'view', 'id') ?? idAt(body, 'user', 'id'),
    occurredAtMs: timeAt(action, 'action_ts'),
  };
}

function viewKeys(body: JsonObject): Keys {
  const view = idAt(body, 'view', 'id');
  const key = joined(view, idAt(body, 'view', 'hash'));
  return { id: view, dedupKey: key && `${body.type}:${key}`, recordKey: view, occurredAtMs: undefined };
}

/** @see https://docs.slack.dev/reference/events/app_rate_limited */
function rateLimitKeys(body: JsonObject): Keys {
  const team = idAt(body, 'team_id');
  const minuteMs = timeAt(body, 'minute_rate_limited');
  const key = team && minuteMs ? `app_rate_limited:${team}:${minuteMs}` : undefined;
  return { id: key, dedupKey: key, recordKey: team, occurredAtMs: minuteMs };
}

/** Slash commands, shortcuts and whatever Slack adds. */
function triggerKeys(body: JsonObject): Keys {
  const trigger = idAt(body, 'trigger_id');
  return {
    id: trigger,
    dedupKey: trigger,
    recordKey: idAt(body, 'user_id') ?? idAt(body, 'user', 'id'),
    occurredAtMs: timeAt(body, 'action_ts'),
  };
}

/** @see https://docs.slack.dev/interactivity/implementing-slash-commands#responding_to_commands — seen by the sender only */
function commandReply(body: JsonObject): Reply {
  const command = idAt(body, 'command') ?? '/musubi';
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ response_type: 'ephemeral', text: commandReceived(escapeText(command)) }),
  };
}

const joined = (left: string | undefined, right: string | undefined): string | undefined =>
  left && right ? `${left}:${right}` : undefined;
