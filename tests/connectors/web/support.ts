import type { JsonValue, WebhookRequest } from '#sdk';
import webhook from '../../../connectors/web/webhook.ts';

export const TOKEN = 'site-token-of-the-tests';
export const NOW_MS = Date.parse('2026-09-01T10:00:00+09:00');

export const verifyContext = {
  config: { token: TOKEN },
  nowMs: NOW_MS,
  isApiToken: (presented: string) => presented === 'mus_live_token',
};

export function requestOf(
  body: JsonValue | Buffer,
  authorization: string | undefined = `Bearer ${TOKEN}`,
): WebhookRequest {
  return {
    method: 'POST',
    url: '/events',
    publicUrl: 'https://hub.example.co.jp',
    headers: { authorization, 'content-type': 'application/json' },
    raw: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
  };
}

export const pageView = (id: string, more: object = {}): JsonValue => ({
  id,
  kind: 'page_view',
  at: '2026-09-01T10:00:00+09:00',
  anonymousId: 'visitor-1',
  properties: { path: '/pricing' },
  ...more,
});

interface Answer {
  readonly accepted: number;
  readonly error?: string;
  readonly errorJa?: string;
  readonly rejected: readonly { index: number; id: string | null; error: string; errorJa: string }[];
}

/** Splits a body and reads the answer the site gets. */
export function splitBody(body: JsonValue | Buffer) {
  const { events, reply } = webhook.split(requestOf(body), { config: verifyContext.config, nowMs: NOW_MS });
  return { events, status: reply?.status, answer: JSON.parse(reply?.body ?? 'null') as Answer };
}

/** The records that follow from events which must all be good. */
export function recordsOf(...given: JsonValue[]) {
  const { events, answer } = splitBody({ events: given });
  if (answer.rejected.length > 0) throw new Error(answer.rejected[0]?.error);
  const context = { config: verifyContext.config, connection: 'site', receivedAtMs: NOW_MS };
  return events.flatMap((event) => webhook.parse(event, context).records ?? []);
}
