import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { saveRuns } from '../../../core/store/runs.ts';
import { SANDBOXED, startWorld, type World } from '../../support/hub.ts';
import { newId } from '../../support/inbox-rows.ts';
import { lineUser } from '../../support/pipeline.ts';
import { stores } from '../../support/stores.ts';

const FILES = {
  'musubi.yaml': SANDBOXED,
  'rules/later.yaml': `
title: { ja: 後で, en: Later }
when: { activity: purchase }
then:
  - wait: 1h
  - if: "person.jobTitle == '部長'"
    then: [ { slack.post-message: { channel: line-support, text: 後で } } ]
`,
  'rules/answer.yaml': `
title: { ja: 返信, en: Answer }
when: { activity: line_message }
then: [ { line.reply: { text: はい } } ]
`,
};

describe.each(await stores())('a hub on $kind', ({ kind }) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ kind, files: FILES });
  });
  afterAll(() => world.close());
  const query = async <R>(sql: string) => (await world.hub.store.db.query(sql)).rows as R[];

  it('goes on with every wait that ended at one instant, without waiting for the sweep between them', async () => {
    const { db } = world.hub.store;
    const personId = newId();
    await db.query('insert into musubi.persons (id, created_at, updated_at) values ($1, now(), now())', [personId]);
    const nowMs = world.hub.clock.nowMs();
    const waiting = Array.from({ length: 350 }, () => ({
      id: newId(),
      rule: 'later',
      ruleVersion: 'v',
      subjectType: 'person' as const,
      subjectId: newId(),
      personId,
      cause: 'c',
      state: 'waiting' as const,
      position: 'then.0',
      resumeAtMs: nowMs - 1,
      vars: {},
      reason: null,
      startedAtMs: nowMs - 3_600_000,
      endedAtMs: null,
    }));
    await db.transaction((tx) => saveRuns(tx, waiting));
    const began = performance.now();
    world.hub.engine.wakeAll();
    await vi.waitFor(
      async () => {
        const rows = await query('select distinct state from musubi.runs');
        expect(rows).toEqual([{ state: 'done' }]);
      },
      { timeout: 20_000, interval: 50 },
    );
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  it('shows a connection whose last call was refused as needing a new credential, whatever went well before', async () => {
    await world.setClock('2026-10-07T10:00:00+09:00');
    const states = () =>
      query<{ state: string }>(`select state from musubi.connection_states where connection = 'line-main'`);
    await world.edit('line', { do: 'message', userId: lineUser('1'), text: '一' });
    await world.fault('line', { path: '/v2/bot/message/reply', status: 401, body: { message: 'no' } });
    await world.edit('line', { do: 'message', userId: lineUser('2'), text: '二' });
    await vi.waitFor(async () => expect(await states()).toEqual([{ state: 'needs_reauth' }]));
    // the next upkeep notes the connections that do well
    const upkeep = (await query<{ at: Date }>('select now() as at'))[0]?.at;
    await vi.waitFor(
      async () => {
        const [slack] = await query<{ past: boolean }>(
          `select now() > timestamptz '${upkeep?.toISOString()}' + interval '6 seconds' as past`,
        );
        expect(slack?.past).toBe(true);
      },
      { timeout: 10_000, interval: 500 },
    );
    expect(await states()).toEqual([{ state: 'needs_reauth' }]);
  });
});
