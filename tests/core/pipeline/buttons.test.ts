import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { applySignals } from '../../../core/pipeline/apply-signals.ts';
import { noRuleWrites, writeRules } from '../../../core/pipeline/writes.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { createPipeline, lineMessage, lineUser, type Pipeline, START } from '../../support/pipeline.ts';
import { stores, type TestStore } from '../../support/stores.ts';
import { setupOf } from '../../support/workspace.ts';

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
};

describe.each(await stores())('a button on an alert on $kind', ({ open }) => {
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
    hub.query<{ id: string; action: string; input: JsonObject }>(
      'select id, action, input from musubi.effects order by seq',
    );
  const texts = async () => (await effects()).map((one) => `${one.action}: ${String(one.input.text)}`);
  const views = Array.from({ length: 3 }, () => ({
    kind: 'page_view',
    anonymousId: 'v1',
    properties: { path: '/pricing' },
  }));
  const hanako = {
    kind: 'identify',
    anonymousId: 'v1',
    email: 'hanako@example.jp',
    properties: { lastName: '佐藤', owner: 'tanaka@example.co.jp' },
  };
  const drain = async () => expect(await hub.drain()).toEqual([]);
  const say = async (text: string) => {
    await hub.line('line-main', lineMessage(lineUser('a'), START, text));
    await drain();
  };
  const press = (signal: { effectId: string; name?: string; by?: string; connection?: string }) =>
    store.db.transaction(async (tx) => {
      const writes = noRuleWrites();
      const { connection = 'slack', name = 'claim', by = 'U0TANAKA01', effectId } = signal;
      const given = { signal: { effectId, name, by: { channel: 'slack', scope: 'T1', id: by } }, connection };
      await applySignals(tx, [given], { ...hub.context(), writes, onFault: () => {} });
      await writeRules(tx, writes);
    });
  const alert = async () => {
    await hub.site(...views, hanako);
    await drain();
    return (await effects())[0]?.id ?? '';
  };
  const outcomes = async () =>
    (await hub.query<{ detail: { outcome: string } }>('select detail from musubi.audit order by seq')).map(
      (row) => row.detail.outcome,
    );

  it('does what the rule says, once: the first press wins', async () => {
    const effectId = await alert();
    await press({ effectId });
    await press({ effectId, name: 'dismiss', by: 'U0YAMAMO01' });
    await press({ effectId });
    expect(await texts()).toEqual(['alert: 佐藤様', 'update-message: 田中 一郎が担当します']);
    expect(await outcomes()).toEqual(['accepted', 'already answered: claim', 'already answered: claim']);
  });

  it.each<[string, Parameters<typeof press>[0], RegExp]>([
    ['somebody who is no member of staff', { effectId: '', by: 'U0STRANGER' }, /refused/],
    ['a colleague who has left', { effectId: '', by: 'U0WATANA01' }, /refused/],
    ['an unknown button', { effectId: '', name: 'explode' }, /no_such_button/],
    ['another connection', { effectId: '', connection: 'line-main' }, /unknown_message/],
    ['a message nobody sent', { effectId: '019a0000-0000-7000-8000-000000000009' }, /unknown_message/],
    ['an id that is none', { effectId: "'; drop table persons" }, /unknown_message/],
  ])('changes nothing by %s, and leaves an audit row', async (_, signal, outcome) => {
    const effectId = await alert();
    await press({ ...signal, effectId: signal.effectId || effectId });
    expect(await effects()).toHaveLength(1);
    expect(await outcomes()).toEqual([expect.stringMatching(outcome)]);
  });

  it('that waits itself does not end the run it answers', async () => {
    const rule = `${title('chase')}\nwhen: { activity: line_message }\nthen:\n  - slack.alert: { to: line-support, text: 一, buttons: [claim] }\n  - wait: 24h\n  - slack.post-message: { channel: line-support, text: 二 }\non:\n  claim: [ { wait: 1h }, { slack.post-message: { channel: line-support, text: 三 } } ]\n`;
    hub.use(await setupOf({ 'rules/chase.yaml': rule }));
    await say('こんにちは');
    await press({ effectId: (await effects())[0]?.id ?? '' });
    hub.at(START + HOUR);
    await hub.resume();
    expect(await texts()).toEqual(['alert: 一', 'post-message: 三']);
    hub.at(START + 24 * HOUR);
    await hub.resume();
    expect(await texts()).toEqual(['alert: 一', 'post-message: 三', 'post-message: 二']);
  });
});
