import { isJsonObject, type JsonValue, type Reply, type SplitResult, type WebhookEvent } from '#sdk';
import { MAX_EVENTS, normalisedEmail, type WebEvent, webEvent } from './event.ts';
import { type Problem, problemOf, REPEATED_ID, REQUEST_PROBLEMS } from './problems.ts';

interface Rejection extends Problem {
  readonly index: number;
  readonly id: string | null;
}

/** Takes the good events of a request and lists the bad ones: one broken event never stops the others. */
export function split(raw: Buffer): SplitResult {
  const given = eventsOf(raw);
  if ('error' in given) return refusal(400, given);
  if (given.events.length > MAX_EVENTS) return refusal(413, REQUEST_PROBLEMS.too_many);
  const events = new Map<string, WebhookEvent>();
  const rejected: Rejection[] = [];
  for (const [index, value] of given.events.entries()) {
    const checked = webEvent.safeParse(value);
    const problem = checked.success ? repeated(events, checked.data) : problemOf(checked.error);
    if (checked.success && !problem) events.set(checked.data.id, webhookEvent(checked.data));
    else if (problem) rejected.push({ index, id: idOf(value), ...problem });
  }
  if (events.size === 0 && rejected.length > 0) return refusal(400, REQUEST_PROBLEMS.all_refused, rejected);
  return { events: [...events.values()], reply: json(200, { accepted: events.size, rejected }) };
}

function eventsOf(raw: Buffer): { readonly events: readonly JsonValue[] } | Problem {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    return REQUEST_PROBLEMS.not_utf8;
  }
  let body: JsonValue;
  try {
    body = JSON.parse(text) as JsonValue;
  } catch {
    return REQUEST_PROBLEMS.not_json;
  }
  if (!isJsonObject(body)) return REQUEST_PROBLEMS.no_events;
  const { events, ...unknown } = body;
  return Array.isArray(events) && Object.keys(unknown).length === 0 ? { events } : REQUEST_PROBLEMS.no_events;
}

const repeated = (events: ReadonlyMap<string, WebhookEvent>, { id }: WebEvent) =>
  events.has(id) ? REPEATED_ID : undefined;

function webhookEvent(event: WebEvent): WebhookEvent {
  const email = event.email === undefined ? undefined : normalisedEmail(event.email);
  return {
    externalId: event.id,
    dedupKey: event.id,
    recordKey: event.memberNumber ?? email ?? event.anonymousId ?? event.id,
    occurredAtMs: Date.parse(event.at),
    payload: event,
  };
}

/** The id as given, so that the sender finds its event again; null when it is no usable id. */
function idOf(value: JsonValue): string | null {
  const id = isJsonObject(value) ? value.id : undefined;
  return typeof id === 'string' && id.length <= 200 ? id.toWellFormed() : null;
}

const refusal = (status: number, { error, errorJa }: Problem, rejected: readonly Rejection[] = []): SplitResult => ({
  events: [],
  reply: json(status, { error, errorJa, accepted: 0, rejected }),
});

const json = (status: number, body: object): Reply => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: JSON.stringify(body),
});
