import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadPersonFacts } from '../../../core/gate/load-facts.ts';
import { standingConsents } from '../../../core/gate/standing-consent.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { createPipeline, lineEvent, lineUser, type Pipeline, START } from '../../support/pipeline.ts';
import { stores, type TestStore } from '../../support/stores.ts';
import { setupOf } from '../../support/workspace.ts';

const MINUTE = 60_000;
const iso = (ms: number) => new Date(ms).toISOString();

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

describe.each(await stores())('consent on $kind', ({ open }) => {
  let store: TestStore;
  let hub: Pipeline;
  beforeAll(async () => {
    const [opened, setup] = await Promise.all([open(), setupOf()]);
    store = opened;
    hub = createPipeline(store, setup);
  });
  afterAll(() => store.close());
  afterEach(() => hub.empty());

  const persons = () => hub.query<JsonObject>('select * from musubi.persons order by created_at, id');
  const identify = (email: string, properties: JsonObject, more: JsonObject = {}) => ({
    kind: 'identify',
    email,
    properties,
    ...more,
  });
  const USER = lineUser('c');
  const follow = (atMs: number) =>
    lineEvent(USER, atMs, { type: 'follow', replyToken: 'token-follow', follow: { isUnblocked: false } });
  const unfollow = (atMs: number) => lineEvent(USER, atMs, { type: 'unfollow' });
  const factsOf = async () => {
    const [person] = await persons();
    const facts = await loadPersonFacts(store.db, [String(person?.id)], { forPromotion: true, promotedSinceMs: 0 });
    return facts.get(String(person?.id));
  };

  it('is given by following, taken back by blocking and given again by coming back', async () => {
    await hub.line('line-main', follow(START));
    await hub.drain();
    expect(await factsOf()).toMatchObject({
      consents: { line: 'granted' },
      addresses: [{ id: USER, states: { 'line-main': 'following' } }],
    });
    await hub.line('line-main', unfollow(START + MINUTE));
    await hub.drain();
    expect(await factsOf()).toMatchObject({
      consents: { line: 'withdrawn' },
      addresses: [{ states: { 'line-main': 'blocked' } }],
    });
    await hub.line('line-main', follow(START + 2 * MINUTE));
    await hub.drain();
    expect(await factsOf()).toMatchObject({
      consents: { line: 'granted' },
      addresses: [{ states: { 'line-main': 'following' } }],
    });
  });

  it('is withdrawn when the block arrives before the follow it came after', async () => {
    await hub.line('line-main', unfollow(START + MINUTE));
    await hub.drain();
    await hub.line('line-main', follow(START));
    await hub.drain();
    expect(await factsOf()).toMatchObject({
      consents: { line: 'withdrawn' },
      addresses: [{ states: { 'line-main': 'blocked' } }],
    });
  });

  it('stands in one append-only row per act, however often the act is delivered', async () => {
    const event = follow(START);
    await hub.line('line-main', event, event);
    await hub.drain();
    expect(await hub.query('select status, basis, evidence from musubi.consents')).toMatchObject([
      {
        status: 'granted',
        basis: 'friend',
        evidence: { interactive: true, wording: expect.stringContaining('友だち追加') },
      },
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
    await hub.site({
      kind: 'consent',
      anonymousId: 'v1',
      properties: { channel: 'email', status: 'granted', ...complete },
    });
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
    const rows = await hub.query<{ status: 'granted'; channel: string; purpose: string; at: Date }>(
      'select * from musubi.consents',
    );
    const facts = rows.map((row) => ({ ...row, atMs: row.at.getTime(), isInteractive: true }));
    expect((await factsOf())?.consents).toEqual(standingConsents(facts));
  });
});
