import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue, RejectedError, type WebhookRequest } from '#sdk';

/** The value at a path of own properties; undefined when the way ends before. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const key of path) {
    if (!isJsonObject(here) || !Object.hasOwn(here, key)) return undefined;
    here = here[key];
  }
  return here;
}

/** An id at a path: printable and short, so that it can stand in a key. */
export function idAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' && /^[\x21-\x7E]{1,255}$/.test(found) ? found : undefined;
}

/** Slack's times are epoch seconds with decimals, as text or number. */
export function timeAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  if (typeof found !== 'number' && typeof found !== 'string') return undefined;
  const ms = Math.floor(Number(found) * 1000);
  // Later than the year 2100 or before Slack existed is no time of an event.
  return ms > 1_300_000_000_000 && ms < 4_102_444_800_000 ? ms : undefined;
}

export const digest = (raw: Buffer): string => createHash('sha256').update(raw).digest('hex');

/**
 * The one JSON object of a request, whichever of Slack's three wire forms it has. A slash command, which has no `type`,
 * gets the type `slash_command`. Parameters of the content type do not matter.
 * @throws RejectedError unreadable_body
 */
export function readBody(request: WebhookRequest): JsonObject {
  const text = request.raw.toString('utf8');
  if (!isForm(request)) return typedObject(text);
  const form = new URLSearchParams(text);
  const payload = form.get('payload');
  if (payload !== null) return typedObject(payload);
  if (form.get('command') === null) throw unreadable('neither payload nor command');
  return { ...Object.fromEntries(form), type: 'slash_command' };
}

/** True for the form media type; with no content type at all, for what does not begin like JSON. */
export function isForm({ headers, raw }: WebhookRequest): boolean {
  const mediaType = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (mediaType === 'application/x-www-form-urlencoded') return true;
  return !mediaType && raw[0] !== 0x7b;
}

/** The payload without what works like a key: the old verification token and the URLs and tokens that need no login. */
export function withoutSecrets(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !SECRET_KEYS.has(key)));
}

const SECRET_KEYS = new Set(['token', 'response_url', 'response_urls', 'bot_access_token']);

function typedObject(text: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    throw unreadable('not JSON');
  }
  if (!isJsonObject(value) || typeof value.type !== 'string') throw unreadable('not an object with a type');
  return value;
}

const unreadable = (detail: string) =>
  new RejectedError('[slack] a signed request holds nothing we can read: see the stored delivery', {
    code: 'unreadable_body',
    detail,
  });
