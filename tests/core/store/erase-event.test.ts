import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { type ActivityRow, insertActivities } from '../../../core/store/activities.ts';
import { insertEffects, type NewEffect } from '../../../core/store/effects.ts';
import { erasedBefore, eraseEvents } from '../../../core/store/erase-event.ts';
import { saveRuns } from '../../../core/store/runs.ts';
import { newId } from '../../support/inbox-rows.ts';
import { createPipeline, lineEvent, lineMessage, lineUser, type Pipeline, START } from '../../support/pipeline.ts';
import { stores, type TestStore } from '../../support/stores.ts';
import { setupOf } from '../../support/workspace.ts';

const AT = '2026-10-07T01:00:00.000Z';
const CONNECTION = 'line-main';

const activity = (personId: string, sourceEventId: string, body: string): ActivityRow => ({
  id: newId(),
  kind: 'line_message',
  direction: 'in',
  occurredAtMs: Date.parse(AT),
  connection: CONNECTION,
  sourceEventId,
  personId,
  linkId: null,
  subject: null,
  body,
  channel: 'line',
  durationSec: null,
  outcome: null,
  metadata: {},
  inboxId: null,
  mappingVersion: null,
});

const effect = (personId: string | null, input: JsonObject, state: NewEffect['state'] = 'planned'): NewEffect => {
  const id = newId();
  return {
    id,
    effectKey: id,
    retryKey: id,
    connection: CONNECTION,
    action: 'push',
    class: 'B',
    kind: 'transactional',
    target: id,
    personId,
    runId: null,
    rule: 'r',
    step: 's',
    cause: 'c',
    input,
    thread: null,
    answeredEffect: null,
    state,
    plannedAt: AT,
    dueAt: AT,
    code: null,
    reason: null,
  };
};

const FILES = {
  'rules/welcome.yaml': `
title: { ja: 歓迎, en: Welcome }
when: { activity: follow }
then: [ { line.push: { text: ようこそ。OKなら返信を }, connection: line-main } ]
`,
  'rules/tell.yaml': `
title: { ja: 連絡, en: Tell }
when: { activity: line_message }
then: [ { slack.post-message: { channel: line-support, text: "届きました：{{ activity.body }}" } } ]
`,
};

describe.each(await stores())('what its sender took back on $kind', ({ open }) => {
  let store: TestStore;
  let hub: Pipeline;
  beforeAll(async () => {
    const [opened, setup] = await Promise.all([open(), setupOf(FILES)]);
    store = opened;
    hub = createPipeline(store, setup);
  });
  afterAll(() => store.close());
  afterEach(() => hub.empty());

  const person = async () => {
    const id = newId();
    await hub.query('insert into musubi.persons (id, created_at, updated_at) values ($1, now(), now())', [id]);
    return id;
  };
  const inputs = (ids: readonly string[]) =>
    hub.query<{ id: string; state: string; code: string | null; input: JsonObject }>(
      `select id, state, code, input from musubi.effects where id::text = any(string_to_array($1, ',')) order by seq`,
      [ids.join(',')],
    );

  it('is found in an effect whatever characters it has', async () => {
    const characters = fc
      .string({ unit: 'binary', minLength: 8, maxLength: 30 })
      .filter((text) => !text.includes('\0'));
    const bodies = [
      ...fc.sample(characters, { numRuns: 150, seed: 20261007 }),
      'a "quoted" text',
      'C:\\new\\table',
      'line\none\ttab\u2028two',
      '👩‍💻 </script> %_\\u0041',
    ];
    const personId = await person();
    const quoting = bodies.map((body) =>
      effect(personId, { messages: [{ type: 'text', text: `承りました：${body}。` }] }),
    );
    await store.db.transaction(async (tx) => {
      await insertActivities(
        tx,
        bodies.map((body, at) => activity(personId, `m-${at}`, body)),
      );
      await insertEffects(tx, quoting);
      await eraseEvents(
        tx,
        bodies.map((_, at) => ({ connection: CONNECTION, sourceEventId: `m-${at}` })),
      );
    });
    const after = await inputs(quoting.map((one) => one.id));
    expect(after.filter((row) => row.input.erased !== true)).toEqual([]);
    expect(new Set(after.map((row) => `${row.state} ${row.code}`))).toEqual(new Set(['suppressed unsent']));
  });

  it('is left in effects to other people, which only say the same', async () => {
    const [sender, other] = [await person(), await person()];
    const same = effect(other, { text: '内緒の住所' });
    await store.db.transaction(async (tx) => {
      await insertActivities(tx, [activity(sender, 'm-1', '内緒の住所')]);
      await insertEffects(tx, [same]);
      await eraseEvents(tx, [{ connection: CONNECTION, sourceEventId: 'm-1' }]);
    });
    expect(await inputs([same.id])).toMatchObject([{ state: 'planned', input: { text: '内緒の住所' } }]);
  });

  it('is left out of the runs that remember it as a sign, their other signs stay', async () => {
    const personId = await person();
    const [taken, kept] = [activity(personId, 'm-1', '内緒'), activity(personId, 'm-2', '公開')];
    const sign = ({ id, body }: ActivityRow) => ({ kind: 'line_message', occurredAtMs: 0, activity: { id, body } });
    await store.db.transaction(async (tx) => {
      await insertActivities(tx, [taken, kept]);
      await saveRuns(tx, [
        {
          id: newId(),
          rule: 'r',
          ruleVersion: 'v',
          subjectType: 'person',
          subjectId: personId,
          personId,
          cause: 'c',
          state: 'waiting',
          position: 'then.1',
          resumeAtMs: 1,
          vars: { activity: { id: kept.id, body: '公開' }, points: 3, signs: [sign(taken), sign(kept)] },
          reason: null,
          startedAtMs: 0,
          endedAtMs: null,
        },
      ]);
      await eraseEvents(tx, [{ connection: CONNECTION, sourceEventId: 'm-1' }]);
    });
    const [run] = await hub.query<{ vars: JsonObject }>('select vars from musubi.runs');
    expect(run?.vars).toEqual({
      activity: { id: kept.id, body: '公開' },
      points: 3,
      signs: [{ ...sign(taken), activity: { id: taken.id, erased: true } }, sign(kept)],
    });
  });

  it('twice is the same as once, and an event nobody has seen is remembered for when it comes', async () => {
    const late = activity(await person(), 'm-late', '遅れて来た');
    await store.db.transaction(async (tx) => {
      const given = [{ connection: CONNECTION, sourceEventId: 'm-late' }];
      await eraseEvents(tx, given);
      await eraseEvents(tx, [...given, ...given]);
      expect(await erasedBefore(tx, [late, { ...late, id: newId(), connection: 'line-shop' }])).toEqual(
        new Set([late.id]),
      );
    });
  });

  describe('through the pipeline', () => {
    const USER = lineUser('c');
    const follow = () => lineEvent(USER, START, { type: 'follow', follow: { isUnblocked: false } });
    const states = async () =>
      (await hub.query<{ rule: string; state: string }>('select rule, state from musubi.effects order by seq')).map(
        (row) => `${row.rule}: ${row.state}`,
      );
    const sendAndTakeBack = async (text: string) => {
      const sent = lineMessage(USER, START + 1_000, text);
      await hub.line(CONNECTION, sent);
      expect(await hub.drain()).toEqual([]);
      const messageId = (sent.message as JsonObject).id ?? '';
      await hub.line(CONNECTION, lineEvent(USER, START + 2_000, { type: 'unsend', unsend: { messageId } }));
      expect(await hub.drain()).toEqual([]);
    };

    it.each(['to', 'text', 'OK'])('a short word, %s, takes no message with it that does not quote it', async (word) => {
      await hub.line(CONNECTION, follow());
      expect(await hub.drain()).toEqual([]);
      await sendAndTakeBack(word);
      expect(await states()).toEqual(['welcome: planned', 'tell: suppressed']);
    });

    it.each(['A & B', '<script>', '*太字*と`記号`'])('%s is found although its channel escaped it', async (text) => {
      await sendAndTakeBack(text);
      expect(await states()).toEqual(['tell: suppressed']);
      const left = await hub.query<{ input: string }>('select input::text as input from musubi.effects');
      expect(left).toEqual([{ input: '{"erased": true}' }]);
    });
  });
});
