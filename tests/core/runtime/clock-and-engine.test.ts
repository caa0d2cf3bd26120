import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createHub } from '../../../core/runtime/hub.ts';
import { createLog } from '../../../core/runtime/log.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { SANDBOXED, startWorld, type World } from '../../support/hub.ts';
import { lineUser } from '../../support/pipeline.ts';
import { stores } from '../../support/stores.ts';
import { root, testFolder } from '../../support/workspace.ts';

const title = (name: string) => `title: { ja: ${name}, en: ${name} }`;
const RULES = {
  'rules/answer.yaml': `${title('answer')}\nwhen: { activity: line_message }\nif: "has_keyword(activity.body, '営業時間')"\nthen: [ { line.reply: { text: はい } } ]\n`,
  'rules/welcome.yaml': `${title('welcome')}
when: { activity: follow }
then:
  - line.push: { text: ようこそ }
  - wait: { for: 1d, at: "10:00" }
  - line.push: { text: 一日目 }
  - wait: { for: 1d, at: "22:00" }
  - line.push: { text: 夜の便り }
`,
};

describe.each(await stores())('the hub’s engine on $kind', ({ kind }) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ kind, files: { 'musubi.yaml': SANDBOXED, ...RULES }, watch: true });
  });
  afterAll(() => world.close());

  let digit = 0;
  const someone = () => lineUser((digit++).toString(16));
  const textsTo = async (user: string) =>
    (await world.writes('line'))
      .filter((row) => row.to === user)
      .map((row) => String((row.messages as JsonObject[])[0]?.text));
  const effectsTo = async (user: string) => {
    const { rows } = await world.hub.store.db.query<{
      state: string;
      attempts: number;
      due_at: Date;
      code: string | null;
    }>('select state, attempts, due_at, code from musubi.effects where target = $1 order by seq', [user]);
    return rows;
  };

  describe('the clock', () => {
    it('stands still where it is set, also for what it stamps', async () => {
      await world.setClock('2026-10-07T10:00:00+09:00');
      const health = (await (await world.call('GET', '/health')).json()) as { clock: JsonObject };
      expect(health.clock).toEqual({ now: '2026-10-07T01:00:00.000Z', isSet: true });
      expect(world.hub.clock.nowMs()).toBe(Date.parse('2026-10-07T10:00:00+09:00'));
    });

    it('steps through everything that falls due, in order and through the gate', async () => {
      await world.setClock('2026-10-07T10:00:00+09:00');
      const user = someone();
      await world.edit('line', { do: 'follow', userId: user });
      expect(await textsTo(user)).toEqual(['ようこそ']);
      await world.advanceTo('2026-10-08T09:59:59+09:00');
      expect(await textsTo(user)).toEqual(['ようこそ']);
      await world.advanceTo('2026-10-10T09:30:00+09:00');
      expect(await textsTo(user)).toEqual(['ようこそ', '一日目', '夜の便り']);
      const { rows } = await world.hub.store.db.query<{ step: string; confirmed_at: Date }>(
        'select step, confirmed_at from musubi.effects where target = $1 order by seq',
        [user],
      );
      // 22:00 is quiet: the third one waited for the morning
      expect(rows.map((row) => row.confirmed_at.toISOString())).toEqual(
        ['2026-10-07T10:00:00+09:00', '2026-10-08T10:00:00+09:00', '2026-10-10T09:00:00+09:00'].map((at) =>
          new Date(at).toISOString(),
        ),
      );
      const [run] = (
        await world.hub.store.db.query<{ state: string }>(`select state from musubi.runs where rule = 'welcome'`)
      ).rows;
      expect(run).toEqual({ state: 'done' });
    });

    it.each(['tomorrow', '2026-13-01T00:00:00Z', '2026-10-07'])('refuses %s', async (at) => {
      expect((await world.call('POST', '/__clock', { advanceTo: at })).status).toBe(400);
    });

    it('is not turned back by an advance to an instant that has passed', async () => {
      await world.setClock('2026-10-12T10:00:00+09:00');
      const before = world.hub.clock.nowMs();
      await world.call('POST', '/__clock', { advanceTo: '2026-10-11T10:00:00+09:00' });
      expect(world.hub.clock.nowMs()).toBe(before);
    });

    it('goes back to real time', async () => {
      await world.call('POST', '/__clock', { real: true });
      expect(Math.abs(world.hub.clock.nowMs() - Date.now())).toBeLessThan(5_000);
    });
  });

  describe('retries by the workspace clock', () => {
    it('tries again when the clock has come to the pause, not before', async () => {
      await world.setClock('2026-10-14T10:00:00+09:00');
      const user = someone();
      await world.fault('line', { path: '/v2/bot/message/push', status: 429, headers: { 'retry-after': '120' } });
      await world.edit('line', { do: 'follow', userId: user });
      expect(await effectsTo(user)).toMatchObject([
        { state: 'planned', attempts: 1, code: 'rate_limited', due_at: new Date('2026-10-14T10:02:00+09:00') },
      ]);
      await world.advanceTo('2026-10-14T10:01:59+09:00');
      expect(await textsTo(user)).toEqual([]);
      await world.advanceTo('2026-10-14T10:02:00+09:00');
      expect(await textsTo(user)).toEqual(['ようこそ']);
      expect(await effectsTo(user)).toMatchObject([{ state: 'confirmed', attempts: 2 }]);
    });

    it('sends once when the answer was lost', async () => {
      await world.setClock('2026-10-15T10:00:00+09:00');
      const user = someone();
      await world.fault('line', { path: '/v2/bot/message/push', kind: 'answer_lost' });
      await world.edit('line', { do: 'follow', userId: user });
      await world.advanceTo('2026-10-15T10:05:00+09:00');
      expect(await textsTo(user)).toEqual(['ようこそ']);
      expect(await effectsTo(user)).toMatchObject([{ state: 'confirmed', attempts: 2 }]);
    });

    it('rests the connection after a rate limit: others of it wait as well, and leave after it', async () => {
      await world.setClock('2026-10-16T10:00:00+09:00');
      const [first, second] = [someone(), someone()];
      await world.fault('line', { path: '/v2/bot/message/push', status: 429, headers: { 'retry-after': '60' } });
      await world.edit('line', { do: 'follow', userId: first });
      await world.edit('line', { do: 'follow', userId: second });
      expect(await textsTo(second)).toEqual([]);
      await world.advanceTo('2026-10-16T10:01:00+09:00');
      expect([await textsTo(first), await textsTo(second)]).toEqual([['ようこそ'], ['ようこそ']]);
    });

    it('gives up what the tool refuses for good, says so once and goes on', async () => {
      const user = someone();
      await world.fault('line', { path: '/v2/bot/message/push', status: 400, body: { message: 'no' } });
      await world.edit('line', { do: 'follow', userId: user });
      expect(await effectsTo(user)).toMatchObject([{ state: 'dead', attempts: 1 }]);
      expect(world.logLines.filter((line) => line.includes('effect ended'))).toHaveLength(1);
    });
  });

  it('is quiet only when everything that followed is done', async () => {
    await world.setClock('2026-10-19T10:00:00+09:00');
    const users = Array.from({ length: 8 }, someone);
    await Promise.all(users.map((userId) => world.edit('line', { do: 'message', userId, text: '営業時間は？' })));
    await world.hub.engine.quiet();
    const { rows } = await world.hub.store.db.query<{ open: number }>(
      `select (select count(*) from musubi.inbox where state = 'pending')::int + (select count(*) from musubi.effects where state in ('planned', 'sending') and due_at <= $1)::int as open`,
      [new Date(world.hub.clock.nowMs())],
    );
    expect(rows).toEqual([{ open: 0 }]);
    for (const user of users) expect(await textsTo(user)).toEqual(['はい']);
  });

  it('sends the next message to a person at once when the one before it is through, without waiting for the sweep', async () => {
    await world.setClock('2026-10-20T10:00:00+09:00');
    const userId = someone();
    const began = performance.now();
    const send = (text: string) =>
      world.call('POST', `${world.origins.line}/__sandbox/edit`, { do: 'message', userId, text });
    await Promise.all([send('営業時間は？'), send('営業時間を教えて'), send('営業時間')]);
    await vi.waitFor(
      async () => {
        const { rows } = await world.hub.store.db.query(
          `select 1 from musubi.effects where target = $1 and state = 'confirmed'`,
          [userId],
        );
        expect(rows).toHaveLength(3);
      },
      { timeout: 20_000, interval: 20 },
    );
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  describe('a changed file', () => {
    const rewrite = (text: string) => world.folder.write({ 'rules/answer.yaml': text });
    const answerOf = () => world.hub.setup().rules.byName.get('answer')?.version;

    it('counts at once when it is right', async () => {
      const before = answerOf();
      await rewrite(RULES['rules/answer.yaml'].replace('はい', 'いいえ'));
      await vi.waitFor(() => expect(answerOf()).not.toBe(before), { timeout: 10_000 });
      const user = someone();
      await world.edit('line', { do: 'message', userId: user, text: '営業時間は？' });
      expect(await textsTo(user)).toEqual(['いいえ']);
    });

    it('is refused when it is wrong: the last good one stays, and the log says why', async () => {
      const before = world.hub.setup();
      await rewrite(RULES['rules/answer.yaml'].replace('has_keyword', 'has_keywords'));
      await vi.waitFor(
        () =>
          expect(
            world.logLines.some((line) => line.includes('not reloaded') && line.includes('rules/answer.yaml')),
          ).toBe(true),
        { timeout: 10_000 },
      );
      expect(world.hub.setup()).toBe(before);
    });

    it('may add a connection, whose webhooks are taken from then on', async () => {
      await rewrite(RULES['rules/answer.yaml']);
      const shop = `connections:\n  line-shop: { connector: line, providerId: "2000000001", channelSecret: s, channelAccessToken: t, apiUrl: "\${LINE_API_URL}" }`;
      const rules = Object.fromEntries(
        Object.entries(RULES).map(([name, text]) => [
          name,
          text
            .replaceAll(/(line\.(?:reply|push)): \{ text: (\S+) \}/g, '$1: { text: $2 }, connection: line-main')
            .replaceAll(/- (line\.push: \{[^}]*\}), (connection: line-main)/g, '- $1\n    $2'),
        ]),
      );
      await world.folder.write({ 'musubi.yaml': SANDBOXED.replace('connections:', shop), ...rules });
      await vi.waitFor(async () => expect((await world.call('POST', '/webhooks/line-shop', '{}')).status).toBe(401), {
        timeout: 10_000,
      });
    });
  });

  it('logs nothing personal at info and above', () => {
    const shown = world.logLines.join('');
    for (const word of ['営業時間', 'はい', 'ようこそ', 'main-secret', lineUser('0')])
      expect(shown).not.toContain(word);
  });
});

describe('the clock of a hub that points at a real tool', () => {
  it('cannot be set, and a set one is given back at start', async () => {
    const real = SANDBOXED.replace(/"\$\{SLACK_API_URL\}"/, 'https://slack.com').replace(
      /"\$\{LINE_API_URL\}"/,
      '"http://127.0.0.1:9"',
    );
    const folder = await testFolder({ 'musubi.yaml': real });
    const options = {
      folder: folder.folder,
      root,
      env: {},
      host: '127.0.0.1',
      port: 0,
      log: createLog({ level: 'silent' }),
      schema: 'musubi',
      watch: false,
    };
    const hub = await createHub(options);
    const answer = await fetch(`${hub.url}/__clock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"set":"2026-10-07T10:00:00Z"}',
    });
    expect(answer.status).toBe(409);
    expect(hub.clock.isSet()).toBe(false);
    await hub.clock.set(0);
    await hub.close();
    const again = await createHub(options);
    expect(again.clock.isSet()).toBe(false);
    await again.close();
    await folder.remove();
  });
});
