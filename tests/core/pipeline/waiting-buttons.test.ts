import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { applySignals } from '../../../core/pipeline/apply-signals.ts';
import { claimEffects, settleAttempt, writeSettlements } from '../../../core/pipeline/deliver.ts';
import { noRuleWrites, writeRules } from '../../../core/pipeline/writes.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { createPipeline, lineMessage, lineUser, type Pipeline, START } from '../../support/pipeline.ts';
import { stores, type TestStore } from '../../support/stores.ts';
import { setupOf } from '../../support/workspace.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const FILES = {
  'rules/help.yaml': `
title: { ja: 相談, en: Help }
when: { activity: line_message }
cooldown: 14d
then:
  - slack.alert: { to: line-support, text: "相談 {{ activity.body }}", buttons: [claim, dismiss] }
    thread: "help/{{ run.id }}"
on:
  claim:
    - slack.update-message: { text: "{{ staff_by.name }}が対応中" }
    - wait: 2h
    - slack.update-message: { text: "{{ staff_by.name }}が対応しました" }
    - slack.post-message: { channel: line-support, text: 記録しました }
      thread: "help/{{ run.id }}"
  dismiss: [ { slack.update-message: { text: 不要 } } ]
`,
};

describe.each(await stores())('buttons whose steps wait on $kind', ({ open }) => {
  let store: TestStore;
  let hub: Pipeline;
  beforeAll(async () => {
    const [opened, setup] = await Promise.all([open(), setupOf(FILES)]);
    store = opened;
    hub = createPipeline(store, setup);
  });
  afterAll(() => store.close());
  afterEach(() => hub.empty());

  const effects = () =>
    hub.query<{ id: string; action: string; input: JsonObject; answered_effect: string | null; thread: string | null }>(
      'select id, action, input, answered_effect, thread from musubi.effects order by seq',
    );
  const texts = async () => (await effects()).map((one) => `${one.action}: ${String(one.input.text)}`);
  const say = async (digit: string, text: string) => {
    await hub.line('line-main', lineMessage(lineUser(digit), START, text));
    expect(await hub.drain()).toEqual([]);
  };
  const press = (effectId: string | undefined, by = 'U0TANAKA01', name = 'claim') =>
    store.db.transaction(async (tx) => {
      const writes = noRuleWrites();
      const signal = { effectId: effectId ?? '', name, by: { channel: 'slack', scope: 'T1', id: by } };
      const onFault = (_: string, error: unknown) => {
        throw error;
      };
      await applySignals(tx, [{ signal, connection: 'slack' }], { ...hub.context(), writes, onFault });
      await writeRules(tx, writes);
    });
  /** Sends what is due; Slack names each message by a time of its own. */
  const deliver = async () => {
    const sent: { text: unknown; answered: JsonObject | null; threadRoot: JsonObject | null }[] = [];
    for (;;) {
      const { claimed } = await claimEffects(hub.context(), { limit: 10, without: [] });
      if (claimed.length === 0) return sent;
      for (const one of claimed) {
        sent.push({ text: one.effect.input.text, answered: one.answered, threadRoot: one.threadRoot });
        const outcome = { status: 'confirmed' as const, result: { channel: 'C0LINESUPP', ts: `ts-${one.effect.seq}` } };
        await writeSettlements([settleAttempt({ claimed: one, outcome }, hub.context())], hub.context());
      }
    }
  };
  const later = async (ms: number) => {
    hub.at(START + ms);
    await hub.resume();
  };

  it('go on for each message pressed, each with the colleague who pressed it', async () => {
    await say('a', '一');
    await say('b', '二');
    const [first, second] = await effects();
    await press(first?.id, 'U0TANAKA01');
    await press(second?.id, 'U0YAMAMO01');
    const waiting = await hub.query<{ cause: string }>(`select cause from musubi.runs where state = 'waiting'`);
    expect(waiting.map((one) => one.cause).toSorted()).toEqual(
      [first, second].map((one) => `signal:${one?.id}`).toSorted(),
    );
    await later(2 * HOUR);
    const done = (await effects()).filter((one) => String(one.input.text).endsWith('対応しました'));
    expect(done.map((one) => [one.input.text, one.answered_effect]).toSorted()).toEqual(
      [
        ['田中 一郎が対応しました', first?.id],
        ['山本 恵が対応しました', second?.id],
      ].toSorted(),
    );
    expect(await hub.query(`select count(*)::int as n from musubi.runs where state = 'waiting'`)).toEqual([{ n: 0 }]);
  });

  it('still change the answered message after the wait', async () => {
    await say('a', '一');
    const [alert] = await deliver();
    expect(alert?.text).toBe('相談 一');
    await press((await effects())[0]?.id);
    const [answered] = await deliver();
    await later(2 * HOUR);
    const [after] = await deliver();
    expect([answered?.text, after?.text]).toEqual(['田中 一郎が対応中', '田中 一郎が対応しました']);
    expect(after?.answered).toEqual(answered?.answered);
    expect(after?.answered).toMatchObject({ channel: 'C0LINESUPP' });
  });

  it('keep what the asking run knew: its activity and its thread', async () => {
    await say('a', '一');
    await deliver();
    await press((await effects())[0]?.id);
    await later(2 * HOUR);
    const all = await effects();
    const [asked, noted] = [all[0], all.find((one) => one.input.text === '記録しました')];
    expect(noted?.thread).toBe(asked?.thread);
  });

  it('are not begun twice: a second press, also while the first one waits, changes nothing', async () => {
    await say('a', '一');
    const [alert] = await effects();
    await press(alert?.id);
    await press(alert?.id, 'U0YAMAMO01', 'dismiss');
    await later(2 * HOUR);
    await press(alert?.id, 'U0YAMAMO01');
    expect(await texts()).toEqual([
      'alert: 相談 一',
      'update-message: 田中 一郎が対応中',
      'update-message: 田中 一郎が対応しました',
      'post-message: 記録しました',
    ]);
  });

  it('do not put off the next firing: the cooldown runs from the firing, not from the press', async () => {
    await say('a', '一');
    hub.at(START + 13 * DAY);
    await press((await effects())[0]?.id, 'U0TANAKA01', 'dismiss');
    hub.at(START + 15 * DAY);
    await say('a', '二');
    expect(await texts()).toContain('alert: 相談 二');
  });

  it('end as failed, with the reason, when the rule lost the step they wait at; others go on', async () => {
    await say('a', '一');
    await say('b', '二');
    const [first, second] = await effects();
    await press(first?.id);
    await press(second?.id, 'U0YAMAMO01', 'dismiss');
    hub.use(await setupOf({ 'rules/help.yaml': FILES['rules/help.yaml'].replace('    - wait: 2h\n', '') }));
    await later(2 * HOUR);
    const failed = await hub.query<{ cause: string; reason: string }>(
      `select cause, reason from musubi.runs where state = 'failed'`,
    );
    expect(failed).toEqual([{ cause: `signal:${first?.id}`, reason: expect.stringContaining('the rule was changed') }]);
  });
});
