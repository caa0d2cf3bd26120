import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RejectedError } from '#sdk';
import webhook from '../../../connectors/web/webhook.ts';
import { NOW_MS, pageView, requestOf, verifyContext } from './support.ts';

const RUNS = 10_000;

it(`survives ${RUNS} broken bodies with the right token`, { timeout: 120_000 }, () => {
  const key = fc.constantFrom(
    'id',
    'kind',
    'at',
    'anonymousId',
    'email',
    'memberNumber',
    'properties',
    '__proto__',
    'x',
  );
  const broken = fc.dictionary(key, fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 });
  const event = fc.oneof(
    broken,
    broken.map((more) => ({ ...(pageView('a') as object), ...more })),
    fc.jsonValue(),
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    fc.json({ maxDepth: 5 }).map((text) => Buffer.from(text)),
    fc.array(event, { maxLength: 5 }).map((events) => Buffer.from(JSON.stringify({ events }))),
    fc.tuple(fc.array(event, { maxLength: 3 }), fc.nat()).map(([events, cut]) => {
      const text = JSON.stringify({ events });
      return Buffer.from(text.slice(0, cut % text.length));
    }),
  );
  const seen = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(body, (raw) => {
      const request = requestOf(raw);
      expect(webhook.verify(request, verifyContext).kind).toBe('accept');
      const { events, reply } = webhook.split(request, { config: verifyContext.config, nowMs: NOW_MS });
      if ((reply?.status ?? 200) >= 400) expect(events).toEqual([]);
      for (const one of events)
        webhook.parse(one, { config: verifyContext.config, connection: 'site', receivedAtMs: NOW_MS });
      seen[events.length > 0 ? 'accepted' : 'refused'] += 1;
    }),
    { numRuns: RUNS },
  );
  expect(seen.accepted).toBeGreaterThan(0);
  expect(seen.refused).toBeGreaterThan(0);
});

it('says so when a stored event no longer fits', () => {
  const event = {
    externalId: 'a',
    dedupKey: 'a',
    recordKey: 'a',
    occurredAtMs: NOW_MS,
    payload: { id: 'a', email: 'taro' },
  };
  const parse = () => webhook.parse(event, { config: verifyContext.config, connection: 'site', receivedAtMs: NOW_MS });
  expect(parse).toThrow(RejectedError);
  expect(parse).toThrow('[web] the stored event does not fit the event schema: send it again with a new id');
});
