import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '#sdk';
import webhook from '../../../connectors/web/webhook.ts';
import { pageView, splitBody } from './support.ts';

describe('a good request', () => {
  it('stores each event under its own id, with the time it happened', () => {
    const { events, status, answer } = splitBody({ events: [pageView('a'), pageView('b')] });
    expect(status).toBe(200);
    expect(answer).toEqual({ accepted: 2, rejected: [] });
    expect(events.map((one) => [one.dedupKey, one.externalId, one.occurredAtMs])).toEqual([
      ['a', 'a', Date.parse('2026-09-01T01:00:00Z')],
      ['b', 'b', Date.parse('2026-09-01T01:00:00Z')],
    ]);
  });

  it('keeps the events of one member in order, whatever browser they come from', () => {
    const keyOf = (more: object) => splitBody({ events: [pageView('a', more)] }).events[0]?.recordKey;
    expect(keyOf({ memberNumber: '0012', email: 'a@example.jp' })).toBe('0012');
    expect(keyOf({ email: 'Ａ@Example.jp ' })).toBe('a@example.jp');
    expect(keyOf({})).toBe('visitor-1');
    expect(keyOf({ anonymousId: undefined })).toBe('a');
  });

  it('takes 500 events and refuses 501', () => {
    const many = (count: number) => ({ events: Array.from({ length: count }, (_, index) => pageView(`e${index}`)) });
    expect(splitBody(many(500)).answer.accepted).toBe(500);
    const { status, events, answer } = splitBody(many(501));
    expect([status, events.length]).toEqual([413, 0]);
    expect(answer.error).toBe('more than 500 events: send at most 500 in one request');
    expect(answer.errorJa).toContain('500件');
  });

  it('holds 500 full events within the body limit it announces', () => {
    const body = {
      events: Array.from({ length: 500 }, (_, index) => pageView(`e${index}`, { email: 'a@example.jp' })),
    };
    expect(JSON.stringify(body).length).toBeLessThan(webhook.maxBytes ?? 0);
  });

  it('answers an empty list without complaint', () => {
    expect(splitBody({ events: [] })).toMatchObject({ status: 200, answer: { accepted: 0, rejected: [] } });
  });
});

describe('a request with bad events in it', () => {
  it('stores the good ones and says what to do about the others, in both languages', () => {
    const { events, status, answer } = splitBody({
      events: [pageView('good'), pageView('late', { at: '2026-09-01 10:00' }), pageView('', {}), 'nothing'],
    });
    expect(status).toBe(200);
    expect(events.map((one) => one.externalId)).toEqual(['good']);
    expect(answer.accepted).toBe(1);
    expect(answer.rejected.map(({ index, id }) => [index, id])).toEqual([
      [1, 'late'],
      [2, ''],
      [3, null],
    ]);
    expect(answer.rejected[0]?.error).toMatch(/^at must be a time .* e\.g\. 2026-09-01T10:00:00\+09:00$/);
    expect(answer.rejected[0]?.errorJa).toContain('時差付きの日時');
  });

  it('stores the first of two events with one id', () => {
    const { events, answer } = splitBody({ events: [pageView('a'), pageView('a', { kind: 'login' })] });
    expect(events.map((one) => one.payload.kind)).toEqual(['page_view']);
    expect(answer.rejected).toMatchObject([{ index: 1, id: 'a', error: expect.stringContaining('own id') }]);
  });

  it('answers 400 when nothing of it can be stored', () => {
    const { events, status, answer } = splitBody({ events: [pageView('x', { kind: 'Page View' })] });
    expect([status, events.length, answer.accepted]).toEqual([400, 0, 0]);
    expect(answer.error).toContain('see "rejected"');
    expect(answer.rejected).toHaveLength(1);
  });

  it.each<[string, object, string]>([
    ['an id of 201 characters', { id: 'x'.repeat(201) }, 'id must'],
    ['a blank id', { id: '  ' }, 'id must'],
    ['an id with a NUL character', { id: 'a\0b' }, 'id must'],
    ['a number as id', { id: 12 }, 'id must'],
    ['a kind in camel case', { kind: 'pageView' }, 'kind must'],
    ['a kind of 64 characters', { kind: 'a'.repeat(64) }, 'kind must'],
    ['a time without offset', { at: '2026-09-01T10:00:00' }, 'at must'],
    ['an epoch number', { at: 1788224400000 }, 'at must'],
    ['the year 0000', { at: '0000-01-01T00:00:00Z' }, 'at must'],
    ['the 31st of February', { at: '2026-02-31T00:00:00Z' }, 'at must'],
    ['a Japanese era date', { at: '令和8年9月1日' }, 'at must'],
    ['an address without a domain', { email: 'taro@' }, 'email must'],
    ['an address with a line break', { email: 'a@example.jp\nBcc: b@example.jp' }, 'email must'],
    ['two addresses', { email: 'a@example.jp, b@example.jp' }, 'email must'],
    ['a member number without quotes', { memberNumber: 12345 }, 'memberNumber must be a text'],
    ['half an emoji', { properties: { title: '\ud83e' } }, 'properties must'],
    ['properties as a list', { properties: [] }, 'properties must'],
    ['properties of 33 kB', { properties: { text: 'x'.repeat(33_000) } }, 'properties must'],
    ['properties nested 6 deep', { properties: { a: { b: { c: { d: { e: {} } } } } } }, 'properties must'],
    ['a property key of 101 characters', { properties: { ['k'.repeat(101)]: 1 } }, 'properties must'],
    ['a channel that is no code', { properties: { channel: '電話' } }, 'properties.channel must'],
    ['a direction unknown to us', { properties: { direction: 'both' } }, 'properties.direction must'],
    ['identify without anybody', { kind: 'identify', anonymousId: undefined }, 'identify needs'],
    ['consent without a status', { kind: 'consent', properties: { channel: 'email' } }, 'consent needs'],
    [
      'consent for a channel unknown to us',
      { kind: 'consent', properties: { channel: 'fax', status: 'granted' } },
      'consent needs',
    ],
    ['an unknown key', { userId: 'u1' }, 'unknown key "userId"'],
  ])('refuses %s', (_name, more, error) => {
    const { status, answer } = splitBody({ events: [pageView('x', more)] });
    expect(status).toBe(400);
    expect(answer.rejected[0]?.error).toContain(error);
    expect(answer.rejected[0]?.errorJa).not.toBe('');
  });

  it('refuses a key that would change the prototype of a copy', () => {
    const raw = Buffer.from(
      '{"events":[{"id":"x","kind":"login","at":"2026-09-01T10:00:00Z","properties":{"__proto__":{"admin":true}}}]}',
    );
    expect(splitBody(raw).answer.rejected[0]?.error).toContain('properties must');
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('refuses a number that JSON can write but nobody can hold', () => {
    const raw = Buffer.from(
      '{"events":[{"id":"x","kind":"login","at":"2026-09-01T10:00:00Z","properties":{"n":1e309}}]}',
    );
    expect(splitBody(raw).answer.rejected[0]?.error).toContain('number out of range');
  });
});

describe('a body that is no request', () => {
  it.each<[string, JsonValue | Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'not JSON'],
    ['half of a JSON text', Buffer.from('{"events":[{'), 'not JSON'],
    ['Shift_JIS', Buffer.from([0x7b, 0x22, 0x93, 0xfa, 0x96, 0x7b, 0x22, 0x7d]), 'not UTF-8'],
    ['a list', [pageView('a')], 'one key "events"'],
    ['an event without its list', pageView('a'), 'one key "events"'],
    ['a further key', { events: [], source: 'site' }, 'one key "events"'],
    ['events that are no list', { events: pageView('a') }, 'one key "events"'],
    [
      'a list nested a million deep',
      Buffer.from(`{"events":${'['.repeat(500_000)}${']'.repeat(500_000)}}`),
      'no event',
    ],
  ])('answers 400 to %s', (_name, body, error) => {
    const { events, status, answer } = splitBody(body);
    expect([status, events.length]).toEqual([400, 0]);
    expect(answer.error).toContain(error);
    expect(answer.errorJa).not.toBe('');
  });
});

describe('whatever is sent', () => {
  const code = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/);
  const good = fc.record(
    {
      id: fc.uuid(),
      kind: code.filter((kind) => kind !== 'identify' && kind !== 'consent'),
      at: fc
        .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
        .map((date) => date.toISOString()),
      anonymousId: fc.uuid(),
      properties: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.oneof(fc.string(), fc.integer(), fc.boolean()), {
        maxKeys: 5,
      }),
    },
    { requiredKeys: ['id', 'kind', 'at'] },
  );
  const isOurs = (event: { properties?: object }) =>
    !event.properties || (!('channel' in event.properties) && !('direction' in event.properties));

  it('stores every good event once, in the order sent, and lists every other one', () => {
    const entry = fc.oneof(
      good.filter(isOurs).map((event) => ({ isGood: true, event: event as JsonValue })),
      fc.jsonValue({ maxDepth: 3 }).map((event) => ({ isGood: false, event: event as JsonValue })),
    );
    const entries = fc.uniqueArray(entry, { maxLength: 30, selector: ({ event }) => JSON.stringify(event) });
    fc.assert(
      fc.property(entries, (given) => {
        const { events, answer } = splitBody({ events: given.map(({ event }) => event) });
        const wanted = given.filter(({ isGood }) => isGood).map(({ event }) => (event as { id: string }).id);
        expect(events.map((one) => one.externalId)).toEqual(wanted);
        expect(answer.accepted).toBe(wanted.length);
        expect(answer.rejected.map(({ index }) => index)).toEqual(
          given.flatMap(({ isGood }, index) => (isGood ? [] : [index])),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same keys when the same body is sent again', () => {
    fc.assert(
      fc.property(fc.uniqueArray(good, { selector: ({ id }) => id, maxLength: 20 }), (given) => {
        const keys = () => splitBody({ events: given as JsonValue }).events.map((one) => [one.dedupKey, one.recordKey]);
        expect(keys()).toEqual(keys());
      }),
      { numRuns: 100 },
    );
  });
});
