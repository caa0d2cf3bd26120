import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  countAttempt,
  differingBodies,
  inboxCounts,
  inboxDepth,
  insertDeliveries,
  lockPicked,
  settle,
} from '../../../core/store/inbox.ts';
import { closeWorkBatch, openWorkBatch, takeAbandonedBatches } from '../../../core/store/work-batches.ts';
import { delivery, newId } from '../../support/inbox-rows.ts';
import { stores, type TestStore } from '../../support/stores.ts';

const NOW = Date.parse('2026-09-01T10:00:00+09:00');

describe.each(await stores())('the inbox on $kind', ({ kind, open }) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  afterEach(async () => {
    for (const table of ['inbox', 'deliveries', 'dedup_keys', 'work_batches'])
      await store.db.query(`delete from musubi.${table}`);
  });

  const insert = (...deliveries: ReturnType<typeof delivery>[]) => insertDeliveries(store.db, deliveries, 30);
  const keysInOrder = async () => {
    const { rows } = await store.db.query<{ dedup_key: string }>('select dedup_key from musubi.inbox order by seq');
    return rows.map((row) => row.dedup_key);
  };
  const pick = (more: Partial<Parameters<typeof openWorkBatch>[1]> = {}) =>
    openWorkBatch(store.db, { id: newId(), worker: 'w', nowMs: NOW, limit: 200, isRetry: false, ...more });
  const seqOf = async (key: string) => {
    const { rows } = await store.db.query<{ seq: string }>('select seq from musubi.inbox where dedup_key = $1', [key]);
    return Number(rows[0]?.seq);
  };

  describe('storing deliveries', () => {
    it('keeps each event once, however often it is sent', async () => {
      expect(await insert(delivery('a', [{ dedupKey: '1' }, { dedupKey: '2' }]))).toEqual(new Set(['a\n1', 'a\n2']));
      expect(await insert(delivery('a', [{ dedupKey: '2' }, { dedupKey: '3' }]))).toEqual(new Set(['a\n3']));
      expect(await keysInOrder()).toEqual(['1', '2', '3']);
    });

    it('keeps an event once that stands twice in one delivery, and the first of them', async () => {
      await insert(
        delivery('a', [
          { dedupKey: '1', payload: '{"first":true}' },
          { dedupKey: '1', payload: '{}' },
        ]),
      );
      const { rows } = await store.db.query<{ payload: string }>('select payload from musubi.inbox');
      expect(rows).toEqual([{ payload: '{"first":true}' }]);
    });

    it('keeps an event once that two deliveries of one group bring', async () => {
      const fresh = await insert(
        delivery('a', [{ dedupKey: '1' }]),
        delivery('a', [{ dedupKey: '1' }, { dedupKey: '2' }]),
      );
      expect(fresh).toEqual(new Set(['a\n1', 'a\n2']));
      expect(await keysInOrder()).toEqual(['1', '2']);
    });

    it('tells connections apart that use the same key', async () => {
      expect((await insert(delivery('a', [{ dedupKey: '1' }]), delivery('b', [{ dedupKey: '1' }]))).size).toBe(2);
    });

    it('keeps every delivery raw, byte for byte, also one that brings nothing new', async () => {
      const [first, again] = [delivery('a', [{ dedupKey: '1' }]), delivery('a', [{ dedupKey: '1' }])];
      const bytes = Buffer.from([0, 255, 13, 10, 0xed, 0xa0, 0x80]);
      await insert({ ...first, rawBase64: bytes.toString('base64') });
      await insert(again);
      const { rows } = await store.db.query<{ id: string; raw: Uint8Array; event_count: number }>(
        'select * from musubi.deliveries order by id',
      );
      expect(rows.map((row) => [row.id, row.event_count])).toEqual([
        [first.id, 1],
        [again.id, 1],
      ]);
      expect(Buffer.from(rows[0]?.raw ?? []).equals(bytes)).toBe(true);
    });

    it('gives rows the order in which their events stand', async () => {
      const keys = Array.from({ length: 50 }, (_, index) => `k${index}`);
      await insert(
        delivery(
          'a',
          keys.slice(0, 25).map((dedupKey) => ({ dedupKey })),
        ),
        delivery(
          'a',
          keys.slice(25).map((dedupKey) => ({ dedupKey })),
        ),
      );
      expect(await keysInOrder()).toEqual(keys);
    });

    it('keeps what could not be read as dead from the start', async () => {
      await insert(delivery('a', [{ dedupKey: '1', state: 'dead', reason: 'parse: not JSON' }]));
      const { rows } = await store.db.query('select state, reason, processed_at is not null as done from musubi.inbox');
      expect(rows).toEqual([{ state: 'dead', reason: 'parse: not JSON', done: true }]);
      expect(await pick()).toEqual([]);
    });

    it('names keys that came again with another body', async () => {
      await insert(
        delivery('a', [
          { dedupKey: '1', bodyHash: 'x' },
          { dedupKey: '2', bodyHash: 'x' },
        ]),
      );
      const again = delivery('a', [
        { dedupKey: '1', bodyHash: 'x' },
        { dedupKey: '2', bodyHash: 'other' },
        { dedupKey: '3' },
      ]);
      expect(await differingBodies(store.db, again.events)).toEqual(['2']);
    });
  });

  describe('lanes', () => {
    const inLanes = (...lanes: number[]) =>
      insert(
        delivery(
          'a',
          lanes.map((lane, index) => ({ dedupKey: `k${index}`, lane })),
        ),
      );

    it('picks fresh rows oldest first, up to the limit', async () => {
      await inLanes(1, 2, 3);
      expect(await pick({ limit: 2 })).toEqual([await seqOf('k0'), await seqOf('k1')]);
    });

    it('never gives a second worker rows of a lane that a batch holds', async () => {
      await inLanes(1, 2, 1, 3);
      expect(await pick({ limit: 1 })).toEqual([await seqOf('k0')]);
      expect(await pick()).toEqual([await seqOf('k1'), await seqOf('k3')]);
      expect(await pick()).toEqual([]);
    });

    it('gives the lane free when the batch is closed', async () => {
      await inLanes(1, 1);
      const id = newId();
      const first = await pick({ id, limit: 1 });
      await store.db.transaction(async (tx) => {
        const rows = await lockPicked(tx, first);
        await settle(
          tx,
          rows.map((row) => ({ id: row.id, state: 'applied', reason: null, mappingVersion: null })),
        );
        await closeWorkBatch(tx, id);
      });
      expect(await pick()).toEqual([await seqOf('k1')]);
    });

    it('locks only what is still undone', async () => {
      await inLanes(1, 2);
      const seqs = await pick();
      await store.db.transaction(async (tx) => {
        const [row] = await lockPicked(tx, seqs);
        await settle(tx, [{ id: row?.id ?? '', state: 'skipped', reason: 'test', mappingVersion: null }]);
      });
      await store.db.transaction(async (tx) => {
        expect((await lockPicked(tx, seqs)).map((row) => row.seq)).toEqual([seqs[1]]);
      });
    });

    it('settles a row once: the second word does not count', async () => {
      await inLanes(1);
      const seq = await seqOf('k0');
      const [row] = await store.db.transaction((tx) => lockPicked(tx, [seq]));
      const say = (state: 'applied' | 'dead') =>
        store.db.transaction((tx) => settle(tx, [{ id: row?.id ?? '', state, reason: null, mappingVersion: 'v' }]));
      await say('applied');
      await say('dead');
      expect(await inboxCounts(store.db)).toEqual({ applied: 1 });
    });

    // PGlite has one connection: a second transaction waits for the first anyway.
    it.runIf(kind === 'postgres')('leaves out a lane that another transaction is applying', async () => {
      await inLanes(1, 2, 1);
      const all = [await seqOf('k0'), await seqOf('k1'), await seqOf('k2')];
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      let locked = () => {};
      const isLocked = new Promise<void>((resolve) => {
        locked = resolve;
      });
      const first = store.db.transaction(async (tx) => {
        expect((await lockPicked(tx, [all[0] as number])).length).toBe(1);
        locked();
        await held;
      });
      await isLocked;
      const seen = await store.db.transaction(async (tx) => (await lockPicked(tx, all)).map((row) => row.seq));
      release();
      await first;
      expect(seen).toEqual([all[1]]);
      const after = await store.db.transaction(async (tx) => (await lockPicked(tx, all)).map((row) => row.seq));
      expect(after).toEqual(all);
    });

    it('takes workers that pick at the same moment through every row once', async () => {
      await inLanes(...Array.from({ length: 120 }, (_, index) => index % 12));
      const applied: number[] = [];
      const holders = new Map<number, number>();
      const work = async () => {
        for (;;) {
          const id = newId();
          const seqs = await pick({ id, limit: 7 });
          if (seqs.length === 0) return;
          await store.db.transaction(async (tx) => {
            const rows = await lockPicked(tx, seqs);
            const { rows: lanes } = await tx.query<{ lane: number }>(
              'select distinct lane from musubi.inbox where seq = any($1::bigint[])',
              [rows.map((row) => row.seq)],
            );
            for (const { lane } of lanes) holders.set(lane, (holders.get(lane) ?? 0) + 1);
            expect(lanes.every(({ lane }) => holders.get(lane) === 1)).toBe(true);
            await settle(
              tx,
              rows.map((row) => ({ id: row.id, state: 'applied', reason: null, mappingVersion: null })),
            );
            await closeWorkBatch(tx, id);
            applied.push(...rows.map((row) => row.seq));
            for (const { lane } of lanes) holders.delete(lane);
          });
        }
      };
      await Promise.all([work(), work(), work(), work()]);
      await work();
      expect(new Set(applied).size).toBe(applied.length);
      expect(await inboxCounts(store.db)).toEqual({ applied: 120 });
    });
  });

  describe('rows that fail', () => {
    it('come again alone after a pause that grows, and are dead after the last try', async () => {
      await insert(
        delivery('a', [
          { dedupKey: 'bad', lane: 1 },
          { dedupKey: 'good', lane: 2 },
        ]),
      );
      const bad = await seqOf('bad');
      const attempt = (nowMs: number) => countAttempt(store.db, [bad], { nowMs, maxAttempts: 3, reason: 'refused' });
      const pauseMs = async () => {
        const { rows } = await store.db.query<{ next_at: Date }>('select next_at from musubi.inbox where seq = $1', [
          bad,
        ]);
        return (rows[0]?.next_at.getTime() ?? 0) - NOW;
      };
      await attempt(NOW);
      const first = await pauseMs();
      expect(first).toBe(1_000);
      expect(await pick({ isRetry: true, nowMs: NOW + first - 1 })).toEqual([]);
      expect(await pick({ isRetry: true, nowMs: NOW + first, limit: 1 })).toEqual([bad]);
      await attempt(NOW);
      expect(await pauseMs()).toBeGreaterThan(2 * first);
      expect(await inboxCounts(store.db)).toEqual({ pending: 2 });
      await attempt(NOW);
      expect(await inboxCounts(store.db)).toEqual({ pending: 1, dead: 1 });
      const { rows } = await store.db.query(`select reason, attempts from musubi.inbox where state = 'dead'`);
      expect(rows).toEqual([{ reason: 'refused', attempts: 3 }]);
    });

    it('are found by the batch a dead worker left behind, which is taken once', async () => {
      await insert(delivery('a', [{ dedupKey: '1' }, { dedupKey: '2' }]));
      const seqs = await pick();
      expect(await takeAbandonedBatches(store.db, 3600)).toEqual([]);
      const [one, two] = await Promise.all([takeAbandonedBatches(store.db, 0), takeAbandonedBatches(store.db, 0)]);
      expect([...one, ...two].sort((a, b) => a - b)).toEqual(seqs);
    });
  });

  it('knows how deep it is and how old its oldest row', async () => {
    expect(await inboxDepth(store.db)).toEqual({ pending: 0, oldestSeconds: 0 });
    await insert(delivery('a', [{ dedupKey: '1' }, { dedupKey: '2' }]));
    await store.db.query(`update musubi.inbox set received_at = now() - interval '90 seconds' where dedup_key = '1'`);
    const { pending, oldestSeconds } = await inboxDepth(store.db);
    expect(pending).toBe(2);
    expect(Math.round(oldestSeconds / 10)).toBe(9);
  });
});
