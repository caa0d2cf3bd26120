import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../core/sdk/json.ts';
import { SANDBOXED, startWorld, type World } from '../support/hub.ts';
import { stores } from '../support/stores.ts';

const title = (ja: string) => `title: { ja: ${ja}, en: ${ja} }`;

/** A10 with other words: 定休日 is the question, オペレーター the wish for a colleague, who has twelve hours. */
const FILES = {
  'musubi.yaml': SANDBOXED,
  'rules/closing-days.yaml': `
${title('定休日')}
when: { activity: line_message }
if: "!('colleague' in runs) && has_keyword(activity.body, '定休日')"
then:
  - if: "business_hours()"
    then: [ { line.reply: { text: 水曜日が定休日です。 } } ]
    else: [ { line.reply: { text: 水曜日が定休日です。詳しくは営業時間内にお答えします。 } } ]
`,
  'rules/colleague.yaml': `
${title('オペレーター')}
when: { activity: line_message }
if: "!('colleague' in runs) && has_keyword(activity.body, 'オペレーター')"
then:
  - line.reply: { text: 係の者に代わります。 }
  - slack.post-message:
      channel: line-support
      text: |
        お客様がお待ちです
        {% for one in history %}{{ one.from }}：{{ one.text }}
        {% endfor %}
    thread: "colleague/{{ run.id }}"
  - wait: 12h
`,
  'rules/colleague-thread.yaml': `
${title('続き')}
when: { activity: line_message }
if: "'colleague' in runs && !has_keyword(activity.body, 'オペレーター')"
then:
  - slack.post-message: { channel: line-support, text: "続き：{{ activity.body }}" }
    thread: 'colleague/{{ runs["colleague"].id }}'
`,
  'rules/line-welcome.yaml': `
${title('友だち追加')}
when: { activity: follow }
then:
  - wait: { for: 6d, at: "11:00" }
  - line.push: { text: "先週はありがとうございました。" }
`,
};

const FRIEND = `U${'0'.repeat(30)}f1`;
const SUPPORT = 'C0LINESUPP';
const AFTER_HOURS = '水曜日が定休日です。詳しくは営業時間内にお答えします。';

describe.each(await stores())('a conversation on LINE, on $kind', ({ kind }) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ kind, files: FILES });
    await world.seed('slack', { users: [], channels: [{ id: SUPPORT, name: 'line-support' }] });
  });
  afterAll(() => world.close());

  const replies = async () =>
    (await world.writes('line')).map((row) => ({
      kind: row.kind ?? null,
      to: row.to,
      text: String((row.messages as JsonObject[])[0]?.text),
    }));
  const posts = async () => (await world.writes('slack')).filter((row) => row.channel === SUPPORT);
  const say = (text: string) => world.edit('line', { do: 'message', userId: FRIEND, text });
  const shown = (row: JsonObject | undefined) => `${String(row?.text ?? '')} ${JSON.stringify(row?.blocks ?? '')}`;
  const requestsOf = async (path: string) => {
    const requests = (await (await fetch(`${world.origins.line}/__sandbox/requests`)).json()) as {
      path: string;
      body: JsonObject;
    }[];
    return requests.filter((one) => one.path === path);
  };

  it('0. the friend follows; a step mail waits for them', async () => {
    await world.setClock('2026-09-14T11:30:00+09:00');
    await world.edit('line', { do: 'follow', userId: FRIEND, displayName: '田辺' });
    expect(await replies()).toEqual([]);
  });

  it('1. a question at night, delivered twice, is answered once by reply, with the after-hours text', async () => {
    await world.setClock('2026-09-15T21:30:00+09:00');
    const first = await say('定休日はいつですか');
    await world.setClock('2026-09-15T21:30:20+09:00');
    await world.edit('line', { do: 'redeliver', webhookEventId: String(first.webhookEventId) });
    expect((await replies()).map((one) => one.text)).toEqual([AFTER_HOURS]);
    const [sent, ...more] = await requestsOf('/v2/bot/message/reply');
    expect(more).toEqual([]);
    expect(sent?.body.replyToken).toBe(first.replyToken);
    expect(await requestsOf('/v2/bot/message/push')).toEqual([]);
  });

  it('2. the wish for a colleague is answered once and told once, with what was said before', async () => {
    await world.advanceTo('2026-09-15T21:40:00+09:00');
    await say('オペレーターとお話ししたいです');
    expect((await replies()).map((one) => one.text)).toEqual([AFTER_HOURS, '係の者に代わります。']);
    const [root, ...more] = await posts();
    expect(more).toEqual([]);
    for (const word of ['定休日はいつですか', 'オペレーターとお話ししたいです']) expect(shown(root)).toContain(word);
  });

  it('2. … and shows the colleague what the bot answered', async () => {
    expect(shown((await posts())[0])).toContain(AFTER_HOURS);
  });

  it('2. while the colleague is on it the bot is silent and messages go into the thread', async () => {
    await world.advanceTo('2026-09-15T21:45:00+09:00');
    await say('早めにお願いします');
    await say('定休日はいつですか');
    expect(await replies()).toHaveLength(2);
    const [root, ...thread] = await posts();
    expect(thread.map((row) => [row.thread_ts, shown(row).includes('続き：')])).toEqual([
      [root?.ts, true],
      [root?.ts, true],
    ]);
  });

  it('2. when the twelve hours are over the bot answers again', async () => {
    await world.advanceTo('2026-09-16T09:39:59+09:00');
    await say('定休日はいつですか');
    expect(await replies()).toHaveLength(2);
    await world.advanceTo('2026-09-16T09:40:00+09:00');
    await say('定休日はいつですか');
    expect((await replies()).at(-1)).toMatchObject({ to: FRIEND, text: '水曜日が定休日です。' });
  });

  it('4. who blocks withdraws consent: nothing is pushed on the day the step was due', async () => {
    const { db } = world.hub.store;
    await world.advanceTo('2026-09-19T12:00:00+09:00');
    const before = await replies();
    await world.edit('line', { do: 'unfollow', userId: FRIEND });
    const { rows } = await db.query<{ status: string }>(
      `select status from musubi.consents where channel = 'line' order by at`,
    );
    expect(rows.map((row) => row.status)).toEqual(['granted', 'withdrawn']);
    await world.advanceTo('2026-09-21T12:00:00+09:00');
    expect(await replies()).toEqual(before);
    expect(await requestsOf('/v2/bot/message/push')).toEqual([]);
    const decisions = await db.query<{ outcome: string; reason: string }>(
      `select d.outcome, d.reason from musubi.decisions d join musubi.runs r on r.id = d.run_id where r.rule = 'line-welcome'`,
    );
    expect(decisions.rows).toMatchObject([
      { outcome: 'suppressed', reason: expect.stringMatching(/^(blocked|consent)$/) },
    ]);
  });

  it('G3 everything delivered again changes nothing: no write, no activity', async () => {
    const { db } = world.hub.store;
    const count = async () =>
      (await db.query<{ n: number }>('select count(*)::int as n from musubi.activities')).rows[0]?.n;
    const [writes, activities] = [[await world.writes('line'), await world.writes('slack')], await count()];
    const deliveries = (await (await fetch(`${world.origins.line}/__sandbox/deliveries`)).json()) as { seq: number }[];
    for (const { seq } of deliveries) {
      await fetch(`${world.origins.line}/__sandbox/redeliver`, { method: 'POST', body: JSON.stringify({ seq }) });
    }
    await world.hub.engine.quiet();
    expect([await world.writes('line'), await world.writes('slack')]).toEqual(writes);
    expect(await count()).toBe(activities);
  });

  it('G7 no log line names the friend, the words or a secret', () => {
    const log = world.logLines.join('');
    for (const word of [FRIEND, '定休日', 'オペレーター', '田辺', 'main-secret']) expect(log).not.toContain(word);
  });
});
