import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readDirty } from '../../../core/pipeline/read-dirty.ts';
import type { Setup } from '../../../core/pipeline/setup.ts';
import { RejectedError, RetryableError } from '../../../core/sdk/errors.ts';
import { errorOfStatus } from '../../../core/sdk/http.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';
import type { ObjectPart } from '../../../core/sdk/object.ts';
import { markDirty } from '../../../core/store/dirty-records.ts';
import { createPipeline, lineMessage, lineUser, type Pipeline, START } from '../../support/pipeline.ts';
import { stores, type TestStore } from '../../support/stores.ts';
import { setupOf } from '../../support/workspace.ts';

const MINUTE = 60_000;
const PROVIDER = '2000000001';
const USERS = ['a', 'b', 'c', 'd', 'e'].map(lineUser);
const [ANNA, BUNTA, CHIE] = USERS as [string, string, string];

const NAMED = `
title: { ja: 名前, en: Named }
when: { change: person.lastName }
then: [ { slack.post-message: { channel: line-support, text: "{{ person.lastName }}" } } ]
`;

type Read = NonNullable<ObjectPart<unknown>['read']>;

describe.each(await stores())('records read again at their tools on $kind', ({ open }) => {
  let store: TestStore;
  let hub: Pipeline;
  let setup: Setup;
  let calls: { connection: string; ids: readonly string[] }[] = [];
  let faults: string[] = [];

  beforeAll(async () => {
    const opened = await Promise.all([open(), setupOf()]);
    [store, setup] = opened;
    hub = createPipeline(store, setup);
  });
  afterAll(() => store.close());
  afterEach(async () => {
    await hub.empty();
    calls = [];
    faults = [];
  });

  const profile = (id: string, displayName: string, modifiedAtMs: number) => ({
    object: 'users',
    id,
    modifiedAtMs,
    data: { userId: id, providerId: PROVIDER, connection: 'line-main', displayName },
  });
  const named: Read = async (ids, { nowMs }) => ids.map((id) => profile(id, `名前${id.at(-1)}`, nowMs));
  /** The workspace with these reads in the place of its connections' own. */
  const reading = (reads: Record<string, Read>, readBatch = 20, from = setup): Setup => {
    const connections = new Map(from.connections);
    for (const [name, read] of Object.entries(reads)) {
      const connection = connections.get(name);
      if (!connection) throw new Error(`no connection ${name}`);
      const noted: Read = (ids, context) => {
        calls.push({ connection: name, ids });
        return read(ids, context);
      };
      connections.set(name, { ...connection, objects: { ...connection.objects, users: { read: noted, readBatch } } });
    }
    return { ...from, connections };
  };
  const mark = (connection: string, ...ids: string[]) =>
    store.db.transaction((tx) =>
      markDirty(
        tx,
        ids.map((id) => ({ connection, object: 'users', id })),
      ),
    );
  const read = () =>
    readDirty({ ...hub.context(), onFault: ({ where, error }) => faults.push(`${where}: ${String(error)}`) });
  const marks = () =>
    hub.query<{ connection: string; remote_id: string; attempts: number; next_at: Date | null; reason: string | null }>(
      'select connection, remote_id, attempts, next_at, reason from musubi.dirty_records order by connection, remote_id',
    );
  const names = async () =>
    (
      await hub.query<{ display_name: string | null }>(
        'select display_name from musubi.addresses where display_name is not null order by id',
      )
    ).map((row) => row.display_name);

  describe('a person seen for the first time', () => {
    it('is asked for at the tool, once, and has a name from then on', async () => {
      hub.use(reading({ 'line-main': named }));
      await hub.line('line-main', lineMessage(ANNA, START, 'はじめまして'));
      await hub.drain();
      expect(await marks()).toMatchObject([{ connection: 'line-main', remote_id: ANNA }]);
      expect(await read()).toBe(1);
      expect(await names()).toEqual(['名前a']);
      await hub.line('line-main', lineMessage(ANNA, START + 1, 'もう一度'));
      await hub.drain();
      expect(await marks()).toEqual([]);
      expect(await read()).toBe(0);
      expect(calls).toEqual([{ connection: 'line-main', ids: [ANNA] }]);
    });

    it('stays without a name when the tool knows nobody by this id', async () => {
      hub.use(reading({ 'line-main': async () => [] }));
      await hub.line('line-main', lineMessage(ANNA, START, 'はじめまして'));
      await hub.drain();
      await read();
      expect([await names(), await marks()]).toEqual([[], []]);
    });
  });

  it('wake the rules that name what changed', async () => {
    const mapping = `object: users\nentity: person\nidentify: []\naddress: { channel: line, scope: providerId, id: userId }\nfields: { lastName: { at: displayName } }\n`;
    const own = await setupOf({ 'rules/named.yaml': NAMED, 'mappings/line/users.yaml': mapping });
    hub.use(reading({ 'line-main': async (ids) => ids.map((id) => profile(id, '佐藤', START)) }, 20, own));
    await mark('line-main', ANNA);
    await read();
    const effects = () => hub.query<{ input: JsonObject }>('select input from musubi.effects');
    expect(await effects()).toMatchObject([{ input: { text: '佐藤' } }]);
    await mark('line-main', ANNA);
    await read();
    expect(await effects()).toHaveLength(1);
  });

  it('go to the tool in pages of the size it takes', async () => {
    hub.use(reading({ 'line-main': named }, 2));
    await mark('line-main', ...USERS);
    expect(await read()).toBe(5);
    expect(calls.map((one) => one.ids.length)).toEqual([2, 2, 1]);
    expect((await names()).length).toBe(5);
  });

  it('are forgotten when their connection cannot be read any more', async () => {
    await mark('line-gone', ANNA);
    await mark('site', BUNTA);
    await read();
    expect(await marks()).toEqual([]);
  });

  describe('when a tool answers', () => {
    it.each<[string, () => Error, [least: number, most: number]]>([
      ['500', () => errorOfStatus('line-main', 500), [750, 1_250]],
      ['429 with Retry-After', () => errorOfStatus('line-main', 429, '120'), [120_000, 120_000]],
      ['401', () => errorOfStatus('line-main', 401), [750, 1_250]],
      ['not at all', () => new TypeError('fetch failed'), [750, 1_250]],
    ])('%s, its records are put off with the reason and the others go on', async (_, error, [least, most]) => {
      hub.use(reading({ 'line-main': () => Promise.reject(error()), 'line-shop': named }));
      await mark('line-main', ANNA, BUNTA);
      await mark('line-shop', CHIE);
      expect(await read()).toBe(1);
      expect(await names()).toEqual(['名前c']);
      const put = await marks();
      expect(put.map((row) => [row.connection, row.remote_id, row.attempts])).toEqual([
        ['line-main', ANNA, 1],
        ['line-main', BUNTA, 1],
      ]);
      for (const { next_at, reason } of put) {
        expect((next_at?.getTime() ?? 0) - START).toBeGreaterThanOrEqual(least);
        expect((next_at?.getTime() ?? 0) - START).toBeLessThanOrEqual(most);
        expect(reason).toMatch(/^\[line-main\]/);
      }
      expect(faults).toHaveLength(1);
    });

    it('again later, what was put off is read then and not before', async () => {
      const answers = [() => Promise.reject(errorOfStatus('line-main', 429, '60')), named];
      hub.use(reading({ 'line-main': (ids, context) => (answers.shift() ?? named)(ids, context) }));
      await mark('line-main', ANNA);
      await read();
      hub.at(START + MINUTE - 1);
      expect(await read()).toBe(0);
      expect(calls).toHaveLength(1);
      hub.at(START + MINUTE);
      expect(await read()).toBe(1);
      expect([await names(), await marks()]).toEqual([['名前a'], []]);
    });

    it('never, the pauses grow to five minutes', async () => {
      const gone = () => new RetryableError('[line-main] gone', { code: 'vendor_unavailable', outcome: 'unknown' });
      hub.use(reading({ 'line-main': () => Promise.reject(gone()) }));
      await mark('line-main', ANNA);
      const pauses: number[] = [];
      for (let nowMs = START, round = 0; round < 12; round++) {
        hub.at(nowMs);
        await read();
        const [put] = await marks();
        pauses.push((put?.next_at?.getTime() ?? 0) - nowMs);
        nowMs = put?.next_at?.getTime() ?? 0;
      }
      expect(pauses[0]).toBeLessThanOrEqual(1_250);
      expect(pauses.at(-1)).toBeGreaterThanOrEqual(225_000);
      expect(Math.max(...pauses)).toBeLessThanOrEqual(375_000);
    });
  });

  it('are read once more when they were marked again while they were being read', async () => {
    let isFirst = true;
    hub.use(
      reading({
        'line-main': async (ids, context) => {
          if (isFirst) await mark('line-main', ANNA);
          isFirst = false;
          return named(ids, context);
        },
      }),
    );
    await mark('line-main', ANNA, BUNTA);
    await read();
    expect((await marks()).map((row) => row.remote_id)).toEqual([ANNA]);
    await read();
    expect(calls.map((one) => one.ids)).toEqual([[ANNA, BUNTA].sort(), [ANNA]]);
    expect(await marks()).toEqual([]);
  });

  describe('one bad record', () => {
    it('that the tool refuses for good does not keep the others of its page unread', async () => {
      const refusing: Read = (ids, context) =>
        ids.includes(BUNTA)
          ? Promise.reject(new RejectedError('[line-main] no such id', { code: 'refused' }))
          : named(ids, context);
      hub.use(reading({ 'line-main': refusing }));
      await mark('line-main', ANNA, BUNTA, CHIE);
      for (let round = 0; round < 8; round++) {
        hub.at(START + round * 10 * MINUTE);
        await read();
      }
      expect(await names()).toEqual(['名前a', '名前c']);
    });

    it('that the database refuses does not keep the others of its page out', async () => {
      await hub.query(
        `alter table musubi.addresses add constraint no_bunta check (display_name is distinct from '名前b')`,
      );
      try {
        hub.use(reading({ 'line-main': named }));
        await mark('line-main', ANNA, BUNTA, CHIE);
        for (let round = 0; round < 8; round++) {
          hub.at(START + round * 10 * MINUTE);
          await read();
        }
        expect(await names()).toEqual(['名前a', '名前c']);
      } finally {
        await hub.query('alter table musubi.addresses drop constraint no_bunta');
      }
    });
  });
});
