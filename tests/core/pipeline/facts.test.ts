import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { createPipeline, lineEvent, lineMessage, lineUser, type Pipeline, START } from '../../support/pipeline.ts';
import { stores, type TestStore } from '../../support/stores.ts';
import { setupOf } from '../../support/workspace.ts';

const MINUTE = 60_000;
const iso = (ms: number) => new Date(ms).toISOString();

const RULE = `
title: { ja: 返信, en: Answer }
when: { activity: line_message }
then: [ { line.reply: { text: "承りました：{{ activity.body }}" }, connection: line-main } ]
`;

describe.each(await stores())('facts on $kind', ({ open }) => {
  let store: TestStore;
  let hub: Pipeline;
  beforeAll(async () => {
    const [opened, setup] = await Promise.all([open(), setupOf({ 'rules/answer.yaml': RULE })]);
    store = opened;
    hub = createPipeline(store, setup);
  });
  afterAll(() => store.close());
  afterEach(() => hub.empty());

  const inbox = async () => {
    const rows = await hub.query<{ state: string; n: number }>(
      'select state, count(*)::int as n from musubi.inbox group by state',
    );
    return Object.fromEntries(rows.map((row) => [row.state, row.n]));
  };
  const persons = () => hub.query<JsonObject>('select * from musubi.persons order by created_at, id');
  const identify = (email: string, properties: JsonObject, more: JsonObject = {}) => ({
    kind: 'identify',
    email,
    properties,
    ...more,
  });
  describe('one bad record', () => {
    const refuseByDatabase = identify('bad@example.jp', { lastName: '鈴木', birthday: '1990-01-31' });

    it('never stops the others: it is tried again alone and is dead with its reason in the end', async () => {
      await hub.query(`alter table musubi.persons add constraint no_suzuki check (last_name is distinct from '鈴木')`);
      try {
        await hub.site(
          identify('a@example.jp', { lastName: '佐藤' }),
          refuseByDatabase,
          identify('b@example.jp', { lastName: '高橋' }),
        );
        const faults = await hub.drain();
        expect(faults).toHaveLength(1);
        expect(await inbox()).toEqual({ applied: 2, pending: 1 });
        expect((await persons()).map((row) => row.last_name).sort()).toEqual(['佐藤', '高橋']);
        for (const wait of [1, 2]) {
          hub.at(START + wait * MINUTE);
          await hub.drain();
        }
        expect(await inbox()).toEqual({ applied: 2, dead: 1 });
        const [dead] = await hub.query<{ reason: string; attempts: number }>(
          `select reason, attempts from musubi.inbox where state = 'dead'`,
        );
        expect(dead).toMatchObject({ attempts: 3, reason: expect.stringContaining('no_suzuki') });
      } finally {
        await hub.query('alter table musubi.persons drop constraint no_suzuki');
      }
    });

    it('is applied after all when the trouble goes away', async () => {
      await hub.query(`alter table musubi.persons add constraint no_suzuki check (last_name is distinct from '鈴木')`);
      await hub.site(refuseByDatabase);
      await hub.drain();
      await hub.query('alter table musubi.persons drop constraint no_suzuki');
      hub.at(START + MINUTE);
      await hub.drain();
      expect(await inbox()).toEqual({ applied: 1 });
      expect(await persons()).toHaveLength(1);
    });

    it('leaves no batch behind and holds no lane', async () => {
      await hub.query(`alter table musubi.persons add constraint no_suzuki check (last_name is distinct from '鈴木')`);
      await hub.site(refuseByDatabase, identify('a@example.jp', { lastName: '佐藤' }));
      await hub.drain();
      await hub.query('alter table musubi.persons drop constraint no_suzuki');
      expect(await hub.query('select * from musubi.work_batches')).toEqual([]);
    });
  });

  describe('events that come again or late', () => {
    it('redelivered events are stored once and change nothing', async () => {
      const message = lineMessage(lineUser('a'), START, '営業時間は？');
      await hub.line('line-main', message);
      await hub.line('line-main', { ...message, deliveryContext: { isRedelivery: true } });
      await hub.drain();
      await hub.line('line-main', { ...message, deliveryContext: { isRedelivery: true } });
      await hub.drain();
      expect(await inbox()).toEqual({ applied: 1 });
      expect(await hub.query('select body from musubi.activities')).toEqual([{ body: '営業時間は？' }]);
      expect(await hub.query('select id from musubi.effects')).toHaveLength(1);
    });

    it('an older state of a record that arrives later is superseded', async () => {
      const say = (atMs: number, jobTitle: string) =>
        identify('a@example.jp', { lastName: '佐藤', jobTitle }, { at: iso(atMs) });
      await hub.site(say(START, '部長'));
      await hub.drain();
      await hub.site(say(START - MINUTE, '課長'));
      await hub.drain();
      expect(await inbox()).toEqual({ applied: 1, superseded: 1 });
      expect(await persons()).toMatchObject([{ job_title: '部長', version: 2 }]);
    });

    it('a state told twice at different times counts with the later time', async () => {
      const say = (atMs: number, jobTitle: string) =>
        identify('a@example.jp', { lastName: '佐藤', jobTitle }, { at: iso(atMs) });
      await hub.site(say(START, '部長'));
      await hub.drain();
      await hub.site(say(START + 3 * MINUTE, '部長'));
      await hub.drain();
      await hub.site(say(START + MINUTE, '課長'));
      await hub.drain();
      expect(await persons()).toMatchObject([{ job_title: '部長' }]);
    });

    it('the same in one batch: order does not matter', async () => {
      const say = (atMs: number, jobTitle: string) =>
        identify('a@example.jp', { lastName: '佐藤', jobTitle }, { at: iso(atMs) });
      await hub.site(say(START + 2 * MINUTE, '部長'), say(START, '主任'), say(START + MINUTE, '課長'));
      await hub.drain();
      expect(await persons()).toMatchObject([{ job_title: '部長' }]);
      expect(await inbox()).toEqual({ applied: 1, superseded: 2 });
    });

    it('every row ends in exactly one terminal state', async () => {
      await hub.site({ kind: 'page_view', anonymousId: 'v' }, identify('a@example.jp', {}));
      await hub.line(
        'line-main',
        lineEvent(lineUser('a'), START, { type: 'membership' }),
        lineEvent(lineUser('a'), START, { type: 'follow' }),
      );
      await hub.drain();
      expect(await inbox()).toEqual({ applied: 3, skipped: 1 });
    });
  });

  it('keeps what happened to a field: before, after, source, time, policy, mapping version', async () => {
    await hub.site(identify('a@example.jp', { lastName: '佐藤', jobTitle: '課長' }));
    await hub.drain();
    await hub.site(identify('a@example.jp', { lastName: '佐藤', jobTitle: '部長' }, { at: iso(START + MINUTE) }));
    await hub.drain();
    const changes = await hub.query(
      `select before, after, outcome, policy, connection, source_at, mapping_version from musubi.changes where field = 'jobTitle' order by source_at`,
    );
    expect(changes).toMatchObject([
      { before: null, after: '課長', outcome: 'applied', policy: 'person.jobTitle: newest', connection: 'site' },
      {
        before: '課長',
        after: '部長',
        outcome: 'applied',
        source_at: new Date(START + MINUTE),
        mapping_version: expect.any(String),
      },
    ]);
  });
});
