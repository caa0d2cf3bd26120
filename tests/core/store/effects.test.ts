import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type EffectResult,
  insertEffects,
  loadReferences,
  lockDueEffects,
  markSending,
  moveEffects,
  type NewEffect,
  nextDueMs,
  voidLeases,
  writeResults,
} from '../../../core/store/effects.ts';
import { newId } from '../../support/inbox-rows.ts';
import { stores, type TestStore } from '../../support/stores.ts';

const NOW = Date.parse('2026-09-01T10:00:00+09:00');
const iso = (ms: number) => new Date(ms).toISOString();

function effect(effectKey: string, more: Partial<NewEffect> = {}): NewEffect {
  return {
    id: newId(),
    effectKey,
    retryKey: newId(),
    connection: 'line-main',
    action: 'push',
    class: 'B',
    kind: 'promotional',
    target: effectKey,
    personId: null,
    runId: null,
    rule: 'rule',
    step: 'then.0',
    cause: 'site:1',
    input: { text: 'こんにちは' },
    thread: null,
    answeredEffect: null,
    state: 'planned',
    plannedAt: iso(NOW),
    dueAt: iso(NOW),
    code: null,
    reason: null,
    ...more,
  };
}

describe.each(await stores())('the outbox on $kind', ({ open }) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  afterEach(async () => {
    for (const table of ['effects', 'effect_keys']) await store.db.query(`delete from musubi.${table}`);
  });

  const plan = (...effects: NewEffect[]) => store.db.transaction((tx) => insertEffects(tx, effects));
  /** What one worker claims: the keys, in the order they leave. */
  const claim = (more: Partial<Parameters<typeof lockDueEffects>[1]> = {}, leaseSeconds = 15) =>
    store.db.transaction(async (tx) => {
      const { due } = await lockDueEffects(tx, { nowMs: NOW, limit: 64, without: [], ...more });
      await markSending(
        tx,
        due.map((one) => one.id),
        leaseSeconds,
      );
      return due;
    });
  const keys = (rows: readonly { effectKey: string }[]) => rows.map((one) => one.effectKey);
  const write = (...results: (Pick<EffectResult, 'id' | 'fence'> & Partial<EffectResult>)[]) =>
    store.db.transaction((tx) =>
      writeResults(
        tx,
        results.map((one) => ({
          state: 'confirmed',
          dueAt: iso(NOW),
          isAfterUnknown: false,
          result: { ok: true },
          code: null,
          reason: null,
          ...one,
        })),
        NOW,
      ),
    );
  const rowOf = async (effectKey: string) => {
    const { rows } = await store.db.query<{
      state: string;
      fence: number;
      attempts: number;
      is_after_unknown: boolean;
      confirmed_at: Date | null;
    }>('select state, fence, attempts, is_after_unknown, confirmed_at from musubi.effects where effect_key = $1', [
      effectKey,
    ]);
    return rows[0];
  };
  const confirm = async (claimed: Awaited<ReturnType<typeof claim>>) =>
    write(...claimed.map((one) => ({ id: one.id, fence: one.fence + 1 })));

  describe('planning', () => {
    it('plans a key once, also when it comes twice at once', async () => {
      const first = effect('k');
      expect(await plan(first, effect('other'))).toContain(first.id);
      expect(await plan(effect('k'), effect('third'), effect('third'))).toHaveProperty('size', 1);
      const { rows } = await store.db.query('select effect_key from musubi.effects order by seq');
      expect(rows.map((row) => row.effect_key)).toEqual(['k', 'other', 'third']);
    });

    it('keeps nothing of a transaction that fails', async () => {
      const failing = store.db.transaction(async (tx) => {
        await insertEffects(tx, [effect('k')]);
        throw new Error('later');
      });
      await expect(failing).rejects.toThrow('later');
      expect((await plan(effect('k'))).size).toBe(1);
    });

    it('gives effects of one batch the order in which they were planned', async () => {
      const order = Array.from({ length: 20 }, (_, index) => `k${19 - index}`);
      await plan(...order.map((key) => effect(key)));
      expect(keys(await claim())).toEqual(order);
    });
  });

  describe('claiming', () => {
    it('takes what is due by the workspace clock, the earliest first', async () => {
      await plan(effect('later', { dueAt: iso(NOW + 1) }), effect('now'), effect('before', { dueAt: iso(NOW - 1) }));
      expect(await nextDueMs(store.db)).toBe(NOW - 1);
      expect(keys(await claim())).toEqual(['before', 'now']);
      expect(await nextDueMs(store.db)).toBe(NOW + 1);
      expect(keys(await claim({ nowMs: NOW + 1 }))).toEqual(['later']);
    });

    it('takes nothing twice', async () => {
      await plan(effect('a'), effect('b'));
      const claims = await Promise.all([claim(), claim(), claim()]);
      expect(
        claims
          .flat()
          .map((one) => one.effectKey)
          .sort(),
      ).toEqual(['a', 'b']);
    });

    it('leaves resting connections alone', async () => {
      await plan(effect('a'), effect('b', { connection: 'slack' }));
      expect(keys(await claim({ without: ['line-main'] }))).toEqual(['b']);
    });

    it('has one in flight per target of a connection, in the order they were planned', async () => {
      await plan(effect('1', { target: 'U1' }), effect('2', { target: 'U1' }), effect('3', { target: 'U2' }));
      const first = await claim();
      expect(keys(first)).toEqual(['1', '3']);
      expect(await claim()).toEqual([]);
      await confirm(first);
      expect(keys(await claim())).toEqual(['2']);
    });

    it('does not let two connections wait for each other over equal targets', async () => {
      await plan(effect('1', { target: 'U1' }), effect('2', { target: 'U1', connection: 'line-shop' }));
      expect(keys(await claim())).toEqual(['1', '2']);
    });

    it('does not let a message that is tried again be overtaken by the next one to the same person', async () => {
      await plan(effect('1', { target: 'U1' }), effect('2', { target: 'U1' }));
      const [first] = await claim();
      await write({ id: first?.id ?? '', fence: 1, state: 'planned', dueAt: iso(NOW + 1_000), result: null });
      expect(await claim()).toEqual([]);
      expect(keys(await claim({ nowMs: NOW + 1_000 }))).toEqual(['1']);
    });

    it('lets a message leave that is due while an earlier one waits for the morning', async () => {
      await plan(
        effect('promotion', { target: 'U1', dueAt: iso(NOW + 3_600_000) }),
        effect('answer', { target: 'U1' }),
      );
      expect(keys(await claim())).toEqual(['answer']);
    });

    it('sends a thread in order: nothing of it leaves before what stands before it', async () => {
      const thread = 'handover/1';
      await plan(
        effect('root', { thread, target: 'C1', dueAt: iso(NOW + 5_000) }),
        effect('second', { thread, target: 'C1' }),
        effect('elsewhere', { thread, target: 'C1', connection: 'slack' }),
      );
      expect(keys(await claim())).toEqual(['elsewhere']);
      const root = await claim({ nowMs: NOW + 5_000 });
      expect(keys(root)).toEqual(['root']);
      await confirm(root);
      expect(keys(await claim({ nowMs: NOW + 5_000 }))).toEqual(['second']);
    });

    it('lets a thread go on when its first message died', async () => {
      await plan(effect('root', { thread: 't', state: 'dead' }), effect('second', { thread: 't' }));
      expect(keys(await claim())).toEqual(['second']);
    });

    it('passes over what will never leave', async () => {
      await plan(effect('dead', { state: 'dead' }), effect('suppressed', { state: 'suppressed' }));
      expect(await claim()).toEqual([]);
      expect(await nextDueMs(store.db)).toBeNull();
    });
  });

  describe('leases and fences', () => {
    const lapse = () => store.db.query(`update musubi.effects set lease_until = now() - interval '1 second'`);

    it('gives a lapsed effect to another worker, as one that may have gone out', async () => {
      await plan(effect('k'));
      await claim();
      expect(await claim()).toEqual([]);
      await lapse();
      expect(await claim()).toMatchObject([{ effectKey: 'k', state: 'sending' }]);
      expect(await rowOf('k')).toMatchObject({ fence: 2, attempts: 2, is_after_unknown: true });
    });

    it('drops the result of a worker whose lease has lapsed', async () => {
      await plan(effect('k'));
      const [one] = await claim();
      await lapse();
      await claim();
      expect(await write({ id: one?.id ?? '', fence: 1, state: 'dead' })).toEqual(new Set());
      expect(await rowOf('k')).toMatchObject({ state: 'sending' });
      expect(await write({ id: one?.id ?? '', fence: 2 })).toEqual(new Set([one?.id]));
      expect(await rowOf('k')).toMatchObject({ state: 'confirmed', confirmed_at: new Date(NOW) });
    });

    it('writes a result once', async () => {
      await plan(effect('k'));
      const [one] = await claim();
      expect((await write({ id: one?.id ?? '', fence: 1 })).size).toBe(1);
      expect((await write({ id: one?.id ?? '', fence: 1, state: 'dead' })).size).toBe(0);
      expect(await rowOf('k')).toMatchObject({ state: 'confirmed' });
    });

    it('voids all leases at the start of a store with one process', async () => {
      await plan(effect('sending'), effect('planned', { dueAt: iso(NOW + 1) }));
      await claim();
      await voidLeases(store.db);
      expect(keys(await claim())).toEqual(['sending']);
    });

    it('keeps a lapsed effect’s target free of others', async () => {
      await plan(effect('1', { target: 'U1' }), effect('2', { target: 'U1' }));
      await claim();
      await lapse();
      expect(keys(await claim())).toEqual(['1']);
    });
  });

  it('puts off and stops what the gate does not let leave', async () => {
    await plan(effect('stopped'), effect('later'));
    const ids = keys(
      (await store.db.transaction((tx) => lockDueEffects(tx, { nowMs: NOW, limit: 9, without: [] }))).due,
    );
    expect(ids).toEqual(['stopped', 'later']);
    const { rows } = await store.db.query<{ id: string }>('select id from musubi.effects order by seq');
    const [stopped, later] = rows.map((row) => ({ id: row.id, dueAt: iso(NOW + 60_000), reason: 'x', code: 'gate' }));
    if (!stopped || !later) throw new Error('both were planned');
    await store.db.transaction((tx) =>
      moveEffects(tx, [
        { ...stopped, state: 'suppressed' },
        { ...later, state: 'planned' },
      ]),
    );
    expect(await claim()).toEqual([]);
    expect(keys(await claim({ nowMs: NOW + 60_000 }))).toEqual(['later']);
    expect(await rowOf('stopped')).toMatchObject({ state: 'suppressed', attempts: 0 });
  });

  it('finds the first confirmed message of a thread and what an answer answers', async () => {
    await plan(
      effect('dead', { thread: 't', state: 'dead' }),
      effect('root', { thread: 't' }),
      effect('next', { thread: 't' }),
    );
    const root = await claim();
    await write({ id: root[0]?.id ?? '', fence: 1, result: { ts: '1' } });
    const next = await claim();
    await write({ id: next[0]?.id ?? '', fence: 1, result: { ts: '2' } });
    const found = await loadReferences(store.db, {
      threads: [{ connection: 'line-main', thread: 't' }],
      answered: [next[0]?.id ?? ''],
    });
    expect(found.threads.get('line-main\nt')).toEqual({ ts: '1' });
    expect(found.answered.get(next[0]?.id ?? '')).toEqual({ ts: '2' });
  });
});
