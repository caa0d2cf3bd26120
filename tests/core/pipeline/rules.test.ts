import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { claimEffects, settleAttempt, writeSettlements } from '../../../core/pipeline/deliver.ts';
import type { Setup } from '../../../core/pipeline/setup.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { createPipeline, lineEvent, lineMessage, lineUser, type Pipeline, START } from '../../support/pipeline.ts';
import { stores, type TestStore } from '../../support/stores.ts';
import { MAIN, setupOf } from '../../support/workspace.ts';

const HOUR = 3_600_000;
const title = (name: string) => `title: { ja: ${name}, en: ${name} }`;

const FILES = {
  'rules/pricing.yaml': `
${title('pricing')}
when: { activity: page_view }
if: "points >= 3"
points: { page_view: { where: "activity.path == '/pricing'", count: 3, within: 48h, give: 3 } }
cooldown: 14d
then:
  - slack.alert: { to: owner, else: line-support, text: { ja: "{{ person.lastName }}様", en: "{{ person.lastName }}" }, buttons: [claim, dismiss] }
on:
  claim: [ { slack.update-message: { text: "{{ staff_by.name }}が担当します" } } ]
  dismiss: [ { slack.update-message: { text: "不要" } } ]
`,
  'rules/answer.yaml': `
${title('answer')}
when: { activity: line_message }
if: "!('handover' in runs) && has_keyword(activity.body, '営業時間')"
then:
  - if: "business_hours()"
    then: [ { line.reply: { text: 営業中です }, connection: line-main } ]
    else: [ { line.reply: { text: 時間外です }, connection: line-main } ]
`,
  'rules/handover.yaml': `
${title('handover')}
when: { activity: line_message }
if: "has_keyword(activity.body, '担当者')"
then:
  - line.reply: { text: おつなぎします }
    connection: line-main
  - wait: 24h
  - slack.post-message: { channel: line-support, text: 終わりました }
`,
  'rules/welcome.yaml': `
${title('welcome')}
when: { activity: follow }
then:
  - line.push: { text: ようこそ }
    connection: line-main
  - wait: { for: 3d, at: "10:00" }
  - line.push: { text: 三日目です }
    connection: line-main
`,
};

describe.each(await stores())('rules on $kind', ({ open }) => {
  let store: TestStore;
  let hub: Pipeline;
  let setup: Setup;
  beforeAll(async () => {
    const opened = await Promise.all([open(), setupOf(FILES)]);
    [store, setup] = opened;
    hub = createPipeline(store, setup);
  });
  afterAll(() => store.close());
  afterEach(() => hub.empty());

  const effects = () =>
    hub.query<{
      id: string;
      rule: string;
      step: string;
      state: string;
      action: string;
      input: JsonObject;
      due_at: Date;
      reason: string | null;
      code: string | null;
    }>('select id, rule, step, state, action, input, due_at, reason, code from musubi.effects order by seq');
  const runs = () =>
    hub.query<{ id: string; rule: string; state: string; reason: string | null }>(
      'select id, rule, state, reason from musubi.runs order by started_at, id',
    );
  const texts = async () => (await effects()).map((one) => `${one.action}: ${String(one.input.text)}`);
  const views = (count: number, more: JsonObject = {}) =>
    Array.from({ length: count }, () => ({
      kind: 'page_view',
      anonymousId: 'v1',
      properties: { path: '/pricing' },
      ...more,
    }));
  const hanako = {
    kind: 'identify',
    anonymousId: 'v1',
    email: 'hanako@example.jp',
    properties: { lastName: '佐藤', owner: 'tanaka@example.co.jp' },
  };
  const drain = async () => expect(await hub.drain()).toEqual([]);
  const user = lineUser('a');
  const say = async (text: string, more: JsonObject = {}, atMs = START) => {
    await hub.line('line-main', lineMessage(user, atMs, text, more));
    await drain();
  };

  describe('an anonymous visitor', () => {
    it('wakes no rule; once known, the visits count and the rule fires once', async () => {
      await hub.site(...views(3));
      await drain();
      expect(await effects()).toEqual([]);
      await hub.site(hanako);
      await drain();
      expect(await texts()).toEqual(['alert: 佐藤様']);
      expect((await effects())[0]?.input.recipient).toEqual({ channel: 'U0TANAKA01' });
    });

    it('the same in one batch', async () => {
      await hub.site(...views(3), hanako);
      await drain();
      expect(await texts()).toEqual(['alert: 佐藤様']);
    });

    it('further visits within the cooldown do not fire again; after it they do', async () => {
      await hub.site(...views(3), hanako);
      await drain();
      await hub.site(...views(3));
      await drain();
      expect(await effects()).toHaveLength(1);
      hub.at(START + 15 * 24 * HOUR);
      await hub.site(...views(3));
      await drain();
      expect(await effects()).toHaveLength(2);
    });

    it('visits that arrive in another order count all the same', async () => {
      const at = (minutes: number) => new Date(START - minutes * 60_000).toISOString();
      await hub.site(hanako, ...views(1, { at: at(1) }));
      await drain();
      await hub.site(...views(1, { at: at(30) }));
      await drain();
      await hub.site(...views(1, { at: at(10) }));
      await drain();
      expect(await effects()).toHaveLength(1);
    });

    it('events told again start nothing again', async () => {
      const events = [...views(3), hanako].map((event, index) => ({
        ...event,
        id: `e${index}`,
        at: new Date(START).toISOString(),
      }));
      await hub.site(...events);
      await drain();
      await hub.site(...events);
      await drain();
      expect(await effects()).toHaveLength(1);
      expect(await runs()).toHaveLength(1);
    });
  });

  describe('LINE', () => {
    it('answers in and out of business hours by the workspace clock', async () => {
      await say('営業時間は？');
      hub.at(START + 12 * HOUR);
      await say('営業時間は？', {}, START + 12 * HOUR);
      expect(await texts()).toEqual(['reply: 営業中です', 'reply: 時間外です']);
    });

    it('is silent while a colleague talks with the person, also within one batch', async () => {
      await hub.line(
        'line-main',
        lineMessage(user, START, '担当者と話したい'),
        lineMessage(user, START + 1_000, '営業時間は？'),
      );
      await drain();
      await say('営業時間は？', {}, START + 2_000);
      expect(await texts()).toEqual(['reply: おつなぎします']);
      hub.at(START + 24 * HOUR);
      expect(await hub.resume()).toBe(1);
      expect(await hub.resume()).toBe(0);
      await say('営業時間は？', {}, START + 24 * HOUR);
      expect(await texts()).toEqual(['reply: おつなぎします', 'post-message: 終わりました', 'reply: 営業中です']);
    });

    it('never answers while another channel holds the chat (standby)', async () => {
      await say('営業時間は？', { mode: 'standby' });
      await say('担当者と話したい', { mode: 'standby' });
      expect(await effects()).toEqual([]);
      expect(await hub.query('select body from musubi.activities order by occurred_at')).toHaveLength(2);
    });
  });

  describe('the gate', () => {
    const follow = (atMs: number) => lineEvent(user, atMs, { type: 'follow', replyToken: 'r' });

    it('lets promotion leave by day and makes it wait for the morning by night, with the reason', async () => {
      hub.at(START + 12 * HOUR);
      await hub.line('line-main', follow(START + 12 * HOUR));
      await drain();
      expect(await effects()).toMatchObject([
        { state: 'planned', reason: 'quiet_hours', due_at: new Date('2026-10-08T09:00:00+09:00') },
      ]);
      expect(await hub.query('select stage, outcome, reason from musubi.decisions')).toEqual([
        { stage: 'planned', outcome: 'deferred', reason: 'quiet_hours' },
      ]);
    });

    it('asks again at the moment of sending: who blocked meanwhile gets nothing', async () => {
      await hub.line('line-main', follow(START));
      await drain();
      await hub.line('line-main', lineEvent(user, START + 1, { type: 'unfollow' }));
      await drain();
      const { claimed } = await claimEffects(hub.context(), { limit: 10, without: [] });
      expect(claimed).toEqual([]);
      expect(await effects()).toMatchObject([{ state: 'suppressed', reason: 'blocked', code: 'gate' }]);
      expect(await hub.query(`select outcome, reason from musubi.decisions where stage = 'delivered'`)).toEqual([
        { outcome: 'suppressed', reason: 'blocked' },
      ]);
    });

    it('stops what comes after a wait as well when consent was withdrawn during it', async () => {
      await hub.line('line-main', follow(START));
      await drain();
      await hub.line('line-main', lineEvent(user, START + 1, { type: 'unfollow' }));
      await drain();
      hub.at(Date.parse('2026-10-10T10:00:00+09:00'));
      expect(await hub.resume()).toBe(1);
      expect((await effects()).map((one) => one.state)).toEqual(['planned', 'suppressed']);
    });

    it('keeps the cap over both channels, also when several fall due at one moment', async () => {
      const push = (connection: string, text: string) =>
        `  - line.push: { text: ${text} }\n    connection: ${connection}\n`;
      const rule = `${title('many')}\nwhen: { activity: line_message }\nthen:\n${push('line-main', '一')}${push('line-shop', '二')}${push('line-main', '三')}`;
      hub.use(
        await setupOf({ 'musubi.yaml': `${MAIN}gate: { cap: { count: 2, per: 7d } }\n`, 'rules/many.yaml': rule }),
      );
      await hub.line('line-main', follow(START), lineMessage(user, START + 1, 'こんにちは'));
      await drain();
      const first = await claimEffects(hub.context(), { limit: 10, without: [] });
      expect(first.claimed.map((one) => one.effect.input.text)).toEqual(['一', '二']);
      const settled = first.claimed.map((one) =>
        settleAttempt({ claimed: one, outcome: { status: 'confirmed', result: {} } }, hub.context()),
      );
      await writeSettlements(settled, hub.context());
      expect((await claimEffects(hub.context(), { limit: 10, without: [] })).claimed).toEqual([]);
      expect((await effects()).at(-1)).toMatchObject({
        state: 'planned',
        reason: 'cap',
        due_at: new Date(START + 7 * 24 * HOUR),
      });
      hub.at(START + 7 * 24 * HOUR);
      const last = await claimEffects(hub.context(), { limit: 10, without: [] });
      expect(last.claimed.map((one) => one.effect.input.text)).toEqual(['三']);
    });
  });

  describe('a rule that throws', () => {
    const broken = (name: string): Setup => {
      const slack = setup.connections.get('slack');
      const alert = slack?.actions[name];
      if (!slack || !alert) throw new Error('slack is open');
      const action = {
        ...alert.action,
        bind: () => {
          throw new TypeError('the action is broken');
        },
      };
      return {
        ...setup,
        connections: new Map([
          ...setup.connections,
          ['slack', { ...slack, actions: { ...slack.actions, [name]: { ...alert, action } } }],
        ]),
      };
    };

    it('marks its run failed and rolls nothing back', async () => {
      hub.use(broken('alert'));
      await hub.site(...views(3), hanako);
      await hub.line('line-main', lineMessage(user, START, '営業時間は？'));
      const faults = await hub.drain();
      expect(faults).toEqual(['rule pricing: TypeError: the action is broken']);
      expect(await runs()).toMatchObject(
        expect.arrayContaining([
          expect.objectContaining({ rule: 'pricing', state: 'failed', reason: 'the action is broken' }),
        ]),
      );
      expect(await texts()).toEqual(['reply: 営業中です']);
      expect(await hub.query(`select state from musubi.inbox where state <> 'applied'`)).toEqual([]);
      expect(await hub.query('select id from musubi.activities where person_id is not null')).toHaveLength(4);
    });

    it('keeps no effect that points at a run nobody knows', async () => {
      const files = {
        'rules/two.yaml': `${title('two')}\nwhen: { activity: line_message }\nthen:\n  - line.reply: { text: はい }\n    connection: line-main\n  - slack.alert: { to: line-support, text: x }\n`,
      };
      const own = await setupOf(files);
      const slack = own.connections.get('slack');
      const alert = slack?.actions.alert;
      if (!slack || !alert) throw new Error('slack is open');
      const action = {
        ...alert.action,
        bind: () => {
          throw new TypeError('the action is broken');
        },
      };
      hub.use({
        ...own,
        connections: new Map([...own.connections, ['slack', { ...slack, actions: { alert: { ...alert, action } } }]]),
      });
      await hub.line('line-main', lineMessage(user, START, 'こんにちは'));
      await hub.drain();
      expect(await runs()).toMatchObject([{ rule: 'two', state: 'failed' }]);
      expect(
        await hub.query(
          'select e.id from musubi.effects e left join musubi.runs r on r.id = e.run_id where r.id is null',
        ),
      ).toEqual([]);
    });

    it('in a later step marks the waiting run failed and does not try it again', async () => {
      await say('担当者と話したい');
      hub.use(broken('post-message'));
      hub.at(START + 24 * HOUR);
      await hub.resume();
      expect(await runs()).toMatchObject([{ rule: 'handover', state: 'failed' }]);
      expect(await hub.resume()).toBe(0);
    });
  });

  it('a run whose rule was changed under it ends as failed, with the reason', async () => {
    await say('担当者と話したい');
    const changed = FILES['rules/handover.yaml'].replace('  - wait: 24h\n', '');
    hub.use(await setupOf({ ...FILES, 'rules/handover.yaml': changed }));
    hub.at(START + 24 * HOUR);
    await hub.resume();
    expect(await runs()).toMatchObject([{ state: 'failed', reason: expect.stringContaining('changed') }]);
  });

  it('what was sent to a person stands on the timeline, what colleagues were told does not', async () => {
    await hub.site(...views(3), hanako);
    await say('営業時間は？');
    const { claimed } = await claimEffects(hub.context(), { limit: 10, without: [] });
    const settled = claimed.map((one) =>
      settleAttempt({ claimed: one, outcome: { status: 'confirmed', result: {} } }, hub.context()),
    );
    expect(await writeSettlements(settled, hub.context())).toMatchObject({ written: 2 });
    expect(
      await hub.query(`select kind, direction, body, channel from musubi.activities where direction = 'out'`),
    ).toEqual([{ kind: 'line_message', direction: 'out', body: '営業中です', channel: 'line' }]);
    expect(await writeSettlements(settled, hub.context())).toMatchObject({ written: 0 });
    expect(await hub.query(`select id from musubi.activities where direction = 'out'`)).toHaveLength(1);
  });
});
