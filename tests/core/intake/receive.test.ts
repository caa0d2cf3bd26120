import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createGroupCommit, type GroupCommit, type GroupCommitOptions } from '../../../core/intake/group-commit.ts';
import { type Inlet, type ReceiveContext, receive } from '../../../core/intake/receive.ts';
import { RejectedError } from '../../../core/sdk/errors.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';
import type { WebhookEvent, WebhookPart, WebhookRequest } from '../../../core/sdk/webhook.ts';
import type { NewDelivery } from '../../../core/store/inbox.ts';
import { delivery, newId } from '../../support/inbox-rows.ts';
import { stores, type TestStore } from '../../support/stores.ts';

const NOW = Date.parse('2026-09-01T10:00:00+09:00');

interface Sent {
  readonly key: string;
  readonly record?: string;
  readonly atMs?: number;
  readonly payload?: JsonObject;
}

/** An invented tool: its body is a list of events, its signature the word "genuine". */
const webhook: WebhookPart<unknown> = {
  verify({ headers, method }) {
    if (method === 'GET') return { kind: 'respond', status: 200, body: 'challenge' };
    return headers['x-tool-signature'] === 'genuine' ? { kind: 'accept' } : { kind: 'reject', reason: 'wrong' };
  },
  split({ raw }) {
    const text = raw.toString('utf8');
    if (!text.startsWith('[')) throw new RejectedError('[tool] not a list', { code: 'unreadable_body' });
    const events = (JSON.parse(text) as Sent[]).map(
      ({ key, record = key, atMs = NOW, payload = {} }): WebhookEvent => ({
        externalId: key,
        dedupKey: key,
        recordKey: record,
        occurredAtMs: atMs,
        payload,
      }),
    );
    return { events, ...(events.length > 2 && { reply: { status: 202, body: 'many' } }) };
  },
  parse: () => ({}),
};

const inlet: Inlet = { connection: 'tool', config: {}, webhook };

const request = (body: string, more: Partial<WebhookRequest> = {}): WebhookRequest => ({
  method: 'POST',
  url: '/webhooks/tool',
  publicUrl: 'http://127.0.0.1',
  headers: {
    'x-tool-signature': 'genuine',
    'content-type': 'application/json',
    cookie: 'a=b',
    authorization: 'Bearer x',
  },
  raw: Buffer.from(body),
  ...more,
});

describe.each(await stores())('taking events in on $kind', ({ open }) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  afterEach(async () => {
    for (const table of ['inbox', 'deliveries', 'dedup_keys']) await store.db.query(`delete from musubi.${table}`);
  });

  const commitWith = (more: Partial<GroupCommitOptions> = {}) =>
    createGroupCommit({ db: store.db, dedupDays: 30, onCommitted: () => {}, onDuplicates: () => {}, ...more });
  const take = (given: WebhookRequest, more: Partial<ReceiveContext> = {}) =>
    receive(inlet, given, {
      commit: commitWith(),
      newId,
      realNowMs: () => NOW,
      nowMs: () => NOW,
      isApiToken: () => false,
      hardStopMs: 10_000,
      ...more,
    });
  const rows = async () =>
    (
      await store.db.query<{
        state: string;
        reason: string | null;
        dedup_key: string;
        record_key: string;
        lane: number;
        payload: string;
        occurred_at: Date;
      }>('select * from musubi.inbox order by seq')
    ).rows;
  const stored = async () =>
    Number((await store.db.query<{ n: number }>('select count(*)::int as n from musubi.deliveries')).rows[0]?.n);

  describe('a request', () => {
    it('is answered once its events are on disk, with the answer its tool wants', async () => {
      expect(await take(request('[{"key":"1"}]'))).toEqual({ kind: 'answered', events: 1, status: 200 });
      expect(await rows()).toMatchObject([{ state: 'pending', dedup_key: '1' }]);
      expect(await take(request('[{"key":"2"},{"key":"3"},{"key":"4"}]'))).toEqual({
        kind: 'answered',
        events: 3,
        status: 202,
        body: 'many',
      });
    });

    it('that is not genuine leaves no trace', async () => {
      expect(await take(request('[{"key":"1"}]', { headers: {} }))).toEqual({ kind: 'rejected', reason: 'wrong' });
      expect([await stored(), await rows()]).toEqual([0, []]);
    });

    it('that is a challenge is answered and not kept', async () => {
      expect(await take(request('', { method: 'GET' }))).toEqual({
        kind: 'answered',
        events: 0,
        status: 200,
        body: 'challenge',
      });
      expect(await stored()).toBe(0);
    });

    it('without events is answered and not kept', async () => {
      expect(await take(request('[]'))).toEqual({ kind: 'answered', events: 0, status: 200 });
      expect(await stored()).toBe(0);
    });

    it('that nobody can read is answered 200 and kept as one dead row, however often it comes', async () => {
      for (let time = 0; time < 3; time++)
        expect(await take(request('no list'))).toMatchObject({ kind: 'answered', status: 200 });
      expect(await rows()).toMatchObject([{ state: 'dead', reason: 'parse: unreadable_body: [tool] not a list' }]);
      expect(await stored()).toBe(3);
    });

    it('keeps the body byte for byte and no header that could hold a secret', async () => {
      const raw = Buffer.from('[{"key":"1","payload":{"text":"\u{1F600} 改行\\u0000"}}]');
      await take(request('', { raw }));
      const kept = await store.db.query<{ raw: Uint8Array; headers: JsonObject }>(
        'select raw, headers from musubi.deliveries',
      );
      expect(Buffer.from(kept.rows[0]?.raw ?? []).equals(raw)).toBe(true);
      expect(kept.rows[0]?.headers).toEqual({ 'content-type': 'application/json', 'x-tool-signature': '(given)' });
    });
  });

  it.each<[string, Sent]>([
    ['a NUL in its ids', { key: 'a\u0000b', record: 'r\u0000' }],
    ['half of a surrogate pair', { key: 'a\ud800', record: '\udc00', payload: { text: '\ud83d' } }],
    ['a NUL in its text', { key: 'n', payload: { text: 'a\u0000b' } }],
    ['a time no database knows', { key: 't', atMs: 9e15 }],
    ['a time that is none', { key: 'x', atMs: Number.NaN }],
    ['a very long id', { key: 'k'.repeat(5_000), record: 'r'.repeat(5_000) }],
  ])('an event with %s is stored and stops nothing', async (_, sent) => {
    const events = [{ key: 'before' }, sent, { key: 'after' }];
    const splitting = {
      ...webhook,
      split: () => ({
        events: events.map(({ key, record = key, atMs = NOW, payload = {} }: Sent) => ({
          externalId: key,
          dedupKey: key,
          recordKey: record,
          occurredAtMs: atMs,
          payload,
        })),
      }),
    };
    const context = {
      commit: commitWith(),
      newId,
      realNowMs: () => NOW,
      nowMs: () => NOW,
      isApiToken: () => false,
      hardStopMs: 10_000,
    };
    expect(await receive({ ...inlet, webhook: splitting }, request('[]'), context)).toMatchObject({ events: 3 });
    expect(await rows()).toHaveLength(3);
  });

  it('puts the events of one record in one lane, and spreads records over all of them', async () => {
    const events = Array.from({ length: 600 }, (_, index) => ({ key: `k${index}`, record: `r${index % 300}` }));
    await take(request(JSON.stringify(events)));
    const lanesOf = new Map<string, Set<number>>();
    for (const { record_key, lane } of await rows())
      lanesOf.set(record_key, (lanesOf.get(record_key) ?? new Set()).add(lane));
    expect([...lanesOf.values()].every((lanes) => lanes.size === 1)).toBe(true);
    const used = new Set([...lanesOf.values()].flatMap((lanes) => [...lanes]));
    expect([used.size > 48, Math.min(...used) >= 0, Math.max(...used) < 64]).toEqual([true, true, true]);
  });

  describe('the commit', () => {
    const one = (key: string) => delivery('tool', [{ dedupKey: key }]);

    it('takes what came while the last one was under way in one statement', async () => {
      const sizes: number[] = [];
      const commit = commitWith({ onCommitted: (count) => void sizes.push(count) });
      await Promise.all(Array.from({ length: 50 }, (_, index) => commit.add(one(String(index)))));
      expect(sizes).toEqual([1, 49]);
      expect(await rows()).toHaveLength(50);
    });

    it('takes at most as many deliveries at once as it may', async () => {
      const sizes: number[] = [];
      const commit = commitWith({ onCommitted: (count) => void sizes.push(count), maxDeliveries: 20 });
      await Promise.all(Array.from({ length: 50 }, (_, index) => commit.add(one(String(index)))));
      expect(sizes).toEqual([1, 20, 20, 9]);
    });

    it('tells each sender what was new of it: an event two of them bring counts once', async () => {
      const known: string[][] = [];
      const commit = commitWith({
        onDuplicates: (events) => void known.push(events.map((event) => event.dedupKey)),
      });
      const results = await Promise.all([
        commit.add(one('a')),
        commit.add(one('b')),
        commit.add(one('b')),
        commit.add(delivery('tool', [{ dedupKey: 'a' }, { dedupKey: 'c' }])),
      ]);
      expect(results).toEqual([
        { fresh: 1, duplicates: 0 },
        { fresh: 1, duplicates: 0 },
        { fresh: 0, duplicates: 1 },
        { fresh: 1, duplicates: 1 },
      ]);
      expect(known.flat().sort()).toEqual(['a', 'b']);
      expect(await rows()).toHaveLength(3);
    });

    it('lets one delivery the database refuses refuse no other', async () => {
      const commit = commitWith();
      const broken: NewDelivery = {
        ...one('broken'),
        events: [{ ...(one('broken').events[0] as NewDelivery['events'][number]), occurredAt: 'no time' }],
      };
      const results = await Promise.allSettled([
        commit.add(one('first')),
        commit.add(one('a')),
        commit.add(broken),
        commit.add(one('b')),
      ]);
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
      expect((await rows()).map((row) => row.dedup_key)).toEqual(['first', 'a', 'b']);
      expect(await commit.add(one('later'))).toEqual({ fresh: 1, duplicates: 0 });
    });

    it('is not there in time: the sender is told to come again, and its resend is a duplicate', async () => {
      let late: Promise<unknown> = Promise.resolve();
      const real = commitWith();
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const slow: GroupCommit = {
        add: (given) => {
          const done = held.then(() => real.add(given));
          late = done;
          return done;
        },
      };
      await expect(take(request('[{"key":"1"}]'), { commit: slow, hardStopMs: 5 })).rejects.toMatchObject({
        code: 'store_slow',
        kind: 'retryable',
        retryAfterMs: 1_000,
      });
      release();
      await late;
      await take(request('[{"key":"1"}]'), { commit: real });
      expect(await rows()).toHaveLength(1);
    });
  });
});
