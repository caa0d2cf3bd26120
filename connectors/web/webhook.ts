import { defineWebhook, RejectedError, safeEqual } from '#sdk';
import type { Config } from './config.ts';
import { webEvent } from './event.ts';
import { recordOf } from './records.ts';
import { split } from './split.ts';

/** Facts of the company's own site. A token is all that proves them: the body is not signed. */
export default defineWebhook<Config>({
  maxBytes: 1_048_576,
  path: '/events',

  verify({ headers }, { config, isApiToken }) {
    // https://www.rfc-editor.org/rfc/rfc6750#section-2.1
    const presented = /^Bearer ([\x21-\x7e]+)$/i.exec(headers.authorization ?? '')?.[1];
    if (presented === undefined) return { kind: 'reject', reason: 'no bearer token' };
    const isGenuine = safeEqual(presented, config.token) || isApiToken(presented);
    return isGenuine ? { kind: 'accept' } : { kind: 'reject', reason: 'wrong token' };
  },

  split: ({ raw }) => split(raw),

  parse({ payload }) {
    const event = webEvent.safeParse(payload);
    if (event.success) return { records: [recordOf(event.data)] };
    throw new RejectedError('[web] the stored event does not fit the event schema: send it again with a new id', {
      code: 'event_unreadable',
      detail: event.error.issues.map((issue) => issue.path.join('.') || issue.code).join(', '),
    });
  },
});
