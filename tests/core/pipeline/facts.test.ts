import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { standingConsents } from '../../../core/gate/standing-consent.ts';
import { loadPersonFacts } from '../../../core/gate/load-facts.ts';
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

/** What a profile mapping of one's own adds: consent as a field, and a date a person can get wrong. */
const CONSENT_MAPPING = `
object: profiles
entity: person
identify: [email]
fields:
  email: { at: email, as: email }
  lastName: { at: properties.lastName }
  consent.email: { at: properties.optout, values: { "yes": withdrawn, "no": granted } }
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
    const rows = await hub.query<{ state: string; n: number }>('select state, count(*)::int as n from musubi.inbox group by state');
    return Object.fromEntries(rows.map((row) => [row.state, row.n]));
  };
  const persons = () => hub.query<JsonObject>('select * from musubi.persons order by created_at, id');
  const identify = (email: string, properties: JsonObject, more: JsonObject = {}) => ({ kind: 'identify', email, properties, ...more });
  /** All that stands in any table of the store. */
  const everything = async () => {
    const tables = await hub.query<{ name: string }>(`select tablename as name from pg_tables where schemaname = $1`, [store.schema]);
    const texts = await Promise.all(
      tables.map(async ({ name }) => {
        const rows = await hub.query<{ text: string }>(
          name.startsWith('deliveries')
            ? `select encode(raw, 'escape') as text from musubi."${name}"`
            : `select to_jsonb(t)::text as text from musubi."${name}" t`,
        );
        return rows.map((row) => [name.replace(/_(\d{4}(_\d\d)?|rest)$/, ''), row.text] as const);
      }),
    );
    return texts.flat();
  };
  const tablesWith = async (...words: string[]) => {
    const found = (await everything()).filter(([, text]) => words.some((word) => text.includes(word)));
    return [...new Set(found.map(([table]) => table))].sort();
  };

  describe('one bad record', () => {
    const refuseByDatabase = identify('bad@example.jp', { lastName: '鈴木', birthday: '1990-01-31' });

    it('never stops the others: it is tried again alone and is dead with its reason in the end', async () => {
      await hub.query(`alter table musubi.persons add constraint no_suzuki check (last_name is distinct from '鈴木')`);
      try {
        await hub.site(identify('a@example.jp', { lastName: '佐藤' }), refuseByDatabase, identify('b@example.jp', { lastName: '高橋' }));
        const faults = await hub.drain();
        expect(faults).toHaveLength(1);
        expect(await inbox()).toEqual({ applied: 2, pending: 1 });
        expect((await persons()).map((row) => row.last_name).sort()).toEqual(['佐藤', '高橋']);
        for (const wait of [1, 2]) {
          hub.at(START + wait * MINUTE);
          await hub.drain();
        }
        expect(await inbox()).toEqual({ applied: 2, dead: 1 });
        const [dead] = await hub.query<{ reason: string; attempts: number }>(`select reason, attempts from musubi.inbox where state = 'dead'`);
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
      const say = (atMs: number, jobTitle: string) => identify('a@example.jp', { lastName: '佐藤', jobTitle }, { at: iso(atMs) });
      await hub.site(say(START, '部長'));
      await hub.drain();
      await hub.site(say(START - MINUTE, '課長'));
      await hub.drain();
      expect(await inbox()).toEqual({ applied: 1, superseded: 1 });
      expect(await persons()).toMatchObject([{ job_title: '部長', version: 2 }]);
    });

    it('a state told twice at different times counts with the later time', async () => {
      const say = (atMs: number, jobTitle: string) => identify('a@example.jp', { lastName: '佐藤', jobTitle }, { at: iso(atMs) });
      await hub.site(say(START, '部長'));
      await hub.drain();
      await hub.site(say(START + 3 * MINUTE, '部長'));
      await hub.drain();
      await hub.site(say(START + MINUTE, '課長'));
      await hub.drain();
      expect(await persons()).toMatchObject([{ job_title: '部長' }]);
    });

    it('the same in one batch: order does not matter', async () => {
      const say = (atMs: number, jobTitle: string) => identify('a@example.jp', { lastName: '佐藤', jobTitle }, { at: iso(atMs) });
      await hub.site(say(START + 2 * MINUTE, '部長'), say(START, '主任'), say(START + MINUTE, '課長'));
      await hub.drain();
      expect(await persons()).toMatchObject([{ job_title: '部長' }]);
      expect(await inbox()).toEqual({ applied: 1, superseded: 2 });
    });

    it('every row ends in exactly one terminal state', async () => {
      await hub.site({ kind: 'page_view', anonymousId: 'v' }, identify('a@example.jp', {}));
      await hub.line('line-main', lineEvent(lineUser('a'), START, { type: 'membership' }), lineEvent(lineUser('a'), START, { type: 'follow' }));
      await hub.drain();
      expect(await inbox()).toEqual({ applied: 3, skipped: 1 });
    });
  });

  describe('a message taken back', () => {
    const USER = lineUser('b');
    const SECRET = '内緒の住所は東京都千代田区';
    const message = () => lineMessage(USER, START, SECRET);
    const unsend = (sent: JsonObject) =>
      lineEvent(USER, START + MINUTE, { type: 'unsend', unsend: { messageId: (sent.message as JsonObject).id ?? '' } });

    it('leaves its text in no table of facts: activity, inbox row, delivery', async () => {
      const sent = message();
      await hub.line('line-main', sent);
      await hub.drain();
      expect(await tablesWith(SECRET)).toEqual(expect.arrayContaining(['activities', 'deliveries', 'inbox']));
      await hub.line('line-main', unsend(sent));
      await hub.drain();
      expect((await tablesWith(SECRET)).filter((table) => ['activities', 'deliveries', 'inbox'].includes(table))).toEqual([]);
      expect(await hub.query(`select kind, body from musubi.activities order by occurred_at`)).toEqual([
        { kind: 'line_message', body: null },
        { kind: 'unsend', body: null },
      ]);
    });

    it('leaves its text in no run, effect or other record', async () => {
      const sent = message();
      await hub.line('line-main', sent);
      await hub.drain();
      await hub.line('line-main', unsend(sent));
      await hub.drain();
      expect(await tablesWith(SECRET)).toEqual([]);
    });

    it('leaves its text in no redelivery either', async () => {
      const sent = message();
      await hub.line('line-main', sent);
      await hub.line('line-main', { ...sent, deliveryContext: { isRedelivery: true } });
      await hub.drain();
      await hub.line('line-main', unsend(sent));
      await hub.drain();
      expect((await tablesWith(SECRET)).filter((table) => table === 'deliveries')).toEqual([]);
    });

    it('does not come back when it arrives after its own unsend', async () => {
      const sent = message();
      await hub.line('line-main', unsend(sent));
      await hub.drain();
      await hub.line('line-main', sent);
      await hub.drain();
      expect((await tablesWith(SECRET)).filter((table) => table === 'activities')).toEqual([]);
    });

    it('takes nothing else with it', async () => {
      const [sent, other] = [message(), lineMessage(USER, START, '営業時間は？')];
      await hub.line('line-main', sent, other);
      await hub.drain();
      await hub.line('line-main', unsend(sent));
      await hub.drain();
      expect(await hub.query(`select body from musubi.activities where body is not null`)).toEqual([{ body: '営業時間は？' }]);
    });
  });

  describe('consent', () => {
    const USER = lineUser('c');
    const follow = (atMs: number) => lineEvent(USER, atMs, { type: 'follow', replyToken: 'token-follow', follow: { isUnblocked: false } });
    const unfollow = (atMs: number) => lineEvent(USER, atMs, { type: 'unfollow' });
    const factsOf = async () => {
      const [person] = await persons();
      const facts = await loadPersonFacts(store.db, [String(person?.id)], { consents: true });
      return facts.get(String(person?.id));
    };

    it('is given by following, taken back by blocking and given again by coming back', async () => {
      await hub.line('line-main', follow(START));
      await hub.drain();
      expect(await factsOf()).toMatchObject({ consents: { line: 'granted' }, addresses: [{ id: USER, states: { 'line-main': 'following' } }] });
      await hub.line('line-main', unfollow(START + MINUTE));
      await hub.drain();
      expect(await factsOf()).toMatchObject({ consents: { line: 'withdrawn' }, addresses: [{ states: { 'line-main': 'blocked' } }] });
      await hub.line('line-main', follow(START + 2 * MINUTE));
      await hub.drain();
      expect(await factsOf()).toMatchObject({ consents: { line: 'granted' }, addresses: [{ states: { 'line-main': 'following' } }] });
    });

    it('is withdrawn when the block arrives before the follow it came after', async () => {
      await hub.line('line-main', unfollow(START + MINUTE));
      await hub.drain();
      await hub.line('line-main', follow(START));
      await hub.drain();
      expect(await factsOf()).toMatchObject({ consents: { line: 'withdrawn' }, addresses: [{ states: { 'line-main': 'blocked' } }] });
    });

    it('stands in one append-only row per act, however often the act is delivered', async () => {
      const event = follow(START);
      await hub.line('line-main', event, event);
      await hub.drain();
      expect(await hub.query('select status, basis, evidence from musubi.consents')).toMatchObject([
        { status: 'granted', basis: 'friend', evidence: { interactive: true, wording: expect.stringContaining('友だち追加') } },
      ]);
    });

    const consent = (status: string, atMs: number, properties: JsonObject = {}) => ({
      kind: 'consent',
      email: 'a@example.jp',
      at: iso(atMs),
      properties: { channel: 'email', status, ...properties },
    });
    const complete = { wording: 'メールを受け取ります', url: 'https://www.example.co.jp/mail' };

    it('of a site is raised again only with wording, page and time', async () => {
      await hub.site(identify('a@example.jp', { lastName: '佐藤' }));
      await hub.site(consent('granted', START, complete), consent('withdrawn', START + MINUTE));
      await hub.drain();
      expect((await factsOf())?.consents).toEqual({ email: 'withdrawn' });
      await hub.site(consent('granted', START + 2 * MINUTE));
      await hub.drain();
      expect((await factsOf())?.consents).toEqual({ email: 'withdrawn' });
      await hub.site(consent('granted', START + 3 * MINUTE, complete));
      await hub.drain();
      expect((await factsOf())?.consents).toEqual({ email: 'granted' });
    });

    it('with evidence nobody understands counts as not given by hand, and stops nothing', async () => {
      await hub.site(identify('a@example.jp', { lastName: '佐藤' }), consent('granted', START, complete));
      await hub.drain();
      await hub.query(`update musubi.consents set evidence = '{"interactive":"perhaps"}'`);
      await expect(factsOf()).resolves.toMatchObject({ consents: { email: 'granted' } });
    });

    it('of a visitor follows the person the visitor turns out to be', async () => {
      await hub.site({ kind: 'consent', anonymousId: 'v1', properties: { channel: 'email', status: 'granted', ...complete } });
      await hub.drain();
      await hub.site(identify('a@example.jp', { lastName: '佐藤' }, { anonymousId: 'v1' }));
      await hub.drain();
      expect((await factsOf())?.consents).toEqual({ email: 'granted' });
    });

    it('that a mapping reads from a person’s record is kept: a withdrawal in a tool counts', async () => {
      hub.use(await setupOf({ 'mappings/web/profiles.yaml': CONSENT_MAPPING }));
      await hub.site(identify('a@example.jp', { lastName: '佐藤', optout: 'yes' }));
      await hub.drain();
      expect((await factsOf())?.consents).toEqual({ email: 'withdrawn' });
    });

    it('reads as the pure function says', async () => {
      await hub.site(identify('a@example.jp', {}), consent('granted', START, complete));
      await hub.drain();
      const rows = await hub.query<{ status: 'granted'; channel: string; purpose: string; at: Date }>('select * from musubi.consents');
      const facts = rows.map((row) => ({ ...row, atMs: row.at.getTime(), isInteractive: true }));
      expect((await factsOf())?.consents).toEqual(standingConsents(facts));
    });
  });

  it('keeps what happened to a field: before, after, source, time, policy, mapping version', async () => {
    await hub.site(identify('a@example.jp', { lastName: '佐藤', jobTitle: '課長' }));
    await hub.drain();
    await hub.site(identify('a@example.jp', { lastName: '佐藤', jobTitle: '部長' }, { at: iso(START + MINUTE) }));
    await hub.drain();
    const changes = await hub.query(`select before, after, outcome, policy, connection, source_at, mapping_version from musubi.changes where field = 'jobTitle' order by source_at`);
    expect(changes).toMatchObject([
      { before: null, after: '課長', outcome: 'applied', policy: 'person.jobTitle: newest', connection: 'site' },
      { before: '課長', after: '部長', outcome: 'applied', source_at: new Date(START + MINUTE), mapping_version: expect.any(String) },
    ]);
  });
});
