import type { PipelineContext } from '../pipeline/process-batch.ts';
import { readDirty } from '../pipeline/read-dirty.ts';
import { resumeRuns } from '../pipeline/resume-runs.ts';
import type { Setup } from '../pipeline/setup.ts';
import type { Database } from '../store/database.ts';
import { nextDueMs } from '../store/effects.ts';
import { countAttempt } from '../store/inbox.ts';
import { nextResumeMs } from '../store/runs.ts';
import { takeAbandonedBatches } from '../store/work-batches.ts';
import { createAlarm } from './alarm.ts';
import type { WorkspaceClock } from './clock.ts';
import { createDeliverer, type DelivererOptions } from './deliverer.ts';
import { createInboxWorker } from './inbox-worker.ts';
import { createWake } from './wake.ts';

export interface EngineOptions {
  readonly db: Database;
  readonly clock: WorkspaceClock;
  readonly setup: () => Setup;
  readonly newId: () => string;
  readonly worker: string;
  /** The store has one process: what an earlier one left under way is surely abandoned. */
  readonly isOnlyProcess: boolean;
  readonly onFault: (fault: { readonly where: string; readonly error: unknown }) => void;
  readonly onSettled: DelivererOptions['onSettled'];
  /** How long to rest before the next batch: lets intake go first when it is busy. */
  readonly restMs: () => number;
}

export interface Engine {
  /** New rows are in the inbox. */
  readonly wakeInbox: () => void;
  /** Something may be due: takes everything up again. */
  readonly wakeAll: () => void;
  readonly start: () => void;
  /** Lets what is under way finish, starts nothing new. */
  readonly stop: () => Promise<void>;
  /** Resolves when nothing is due by the workspace clock and no call is under way. */
  readonly quiet: () => Promise<void>;
  /** The next instant of the workspace clock at which something falls due; null when nothing waits. */
  readonly nextDueMs: () => Promise<number | null>;
}

const SWEEP_MS = 5_000;
const BATCH_ROWS = 200;
const MAX_IN_FLIGHT = 128;
const MAX_ATTEMPTS = 5;
const STORE_DOWN_PAUSE_MS = 500;
/** A live worker closes a batch within the statement and transaction limits; what is older belongs to a dead one. */
const ABANDONED_SECONDS = 10;

/**
 * The hub's heart: inbox → pipeline, waits, dirty records, outbox. Woken in process, with a sweeper every 5 s that alone is
 * enough to finish all work.
 */
export function createEngine(options: EngineOptions): Engine {
  const { db, clock, setup, newId, onFault } = options;
  const inboxWake = createWake();
  const outboxWake = createWake();
  const dirtyWake = createWake();
  let isStopping = false;
  let isFirstSweep = true;
  let busy = 0;
  /** A row that failed may be due again; the look for one is spared otherwise. */
  let mayRetry = true;
  /** A wait may be over; looked for with every sweep anyway. */
  let mayResume = true;
  const loops: Promise<void>[] = [];

  const context = (): PipelineContext => ({ db, setup: setup(), nowMs: clock.nowMs(), newId, onFault });

  const alarm = createAlarm(clock.nowMs, () => wakeAll());
  /** Wakes at a workspace instant. */
  const wakeAt = (atMs: number) => {
    if (atMs <= clock.nowMs()) {
      outboxWake.wake();
      return;
    }
    // a set clock is moved by hand
    if (!clock.isSet()) alarm.at(atMs);
  };
  const wakeAll = () => {
    mayRetry = true;
    mayResume = true;
    dirtyWake.wake();
    inboxWake.wake();
    outboxWake.wake();
  };

  const inbox = createInboxWorker({
    worker: options.worker,
    batchRows: BATCH_ROWS,
    maxAttempts: MAX_ATTEMPTS,
    context,
    onDue: wakeAt,
    onDirty: dirtyWake.wake,
    onRetry: wakeAt,
  });
  const deliverer = createDeliverer({
    maxInFlight: MAX_IN_FLIGHT,
    context,
    onDue: wakeAt,
    onSettled: options.onSettled,
  });

  const drainInbox = async (): Promise<number> => {
    let rows = 0;
    for (;;) {
      const taken = await inbox.step();
      rows += taken;
      if (taken < BATCH_ROWS || isStopping) return rows;
      const restMs = options.restMs();
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
    }
  };

  /** Waits, dirty records and effects; returns whether anything moved. */
  const drainOutbox = async (): Promise<number> => {
    let moved = 0;
    for (;;) {
      const { looked, isMore } = await deliverer.step();
      moved += looked;
      if (!isMore || isStopping) return moved;
    }
  };

  /** Waits that are over; returns how many runs went on. */
  const resume = async (): Promise<number> => {
    let all = 0;
    for (;;) {
      const runs = await resumeRuns(context());
      all += runs;
      if (runs === 0 || isStopping) return all;
    }
  };

  let lastResumeMs = Number.NEGATIVE_INFINITY;
  const resumeIfDue = async (): Promise<void> => {
    if (!mayResume && performance.now() - lastResumeMs < SWEEP_MS - 50) return;
    mayResume = false;
    lastResumeMs = performance.now();
    await resume();
  };

  /** Reads at the tools, so it has a loop of its own: a slow tool holds nothing else. */
  const drainDirty = async (): Promise<number> => {
    let all = 0;
    for (;;) {
      const records = await readDirty(context());
      all += records;
      if (records === 0 || isStopping) return all;
    }
  };

  const sweep = async (): Promise<void> => {
    const abandoned = await takeAbandonedBatches(db, isFirstSweep && options.isOnlyProcess ? 0 : ABANDONED_SECONDS);
    isFirstSweep = false;
    if (abandoned.length > 0) {
      await countAttempt(db, abandoned, {
        nowMs: clock.nowMs(),
        isInnocent: true,
        maxAttempts: MAX_ATTEMPTS,
        reason: 'the process ended while this row was being applied',
      });
    }
    mayRetry = true;
  };

  const retry = async (): Promise<void> => {
    while (mayRetry && !isStopping) mayRetry = (await inbox.retryStep()) > 0;
  };

  const loop = async (
    wake: { wait: (ms: number) => Promise<void> },
    work: () => Promise<unknown>,
    where: string,
  ): Promise<void> => {
    while (!isStopping) {
      busy += 1;
      try {
        await work();
      } catch (error) {
        onFault({ where, error });
        await new Promise((resolve) => setTimeout(resolve, STORE_DOWN_PAUSE_MS));
      } finally {
        busy -= 1;
      }
      if (!isStopping) await wake.wait(SWEEP_MS);
    }
  };

  let lastSweepMs = Number.NEGATIVE_INFINITY;
  const sweepIfDue = async () => {
    if (performance.now() - lastSweepMs < SWEEP_MS - 50) return;
    lastSweepMs = performance.now();
    await sweep();
  };

  const quietOnce = async (): Promise<number> => {
    await sweep();
    await retry();
    const moved = (await drainInbox()) + (await resume()) + (await drainDirty()) + (await drainOutbox());
    await deliverer.idle();
    return moved;
  };

  return {
    wakeInbox: inboxWake.wake,
    wakeAll,
    start() {
      loops.push(
        loop(
          inboxWake,
          async () => {
            await sweepIfDue();
            await retry();
            await drainInbox();
          },
          'inbox',
        ),
        loop(
          outboxWake,
          async () => {
            await resumeIfDue();
            await drainOutbox();
          },
          'outbox',
        ),
        loop(dirtyWake, drainDirty, 'dirty records'),
      );
    },
    async stop() {
      isStopping = true;
      alarm.stop();
      wakeAll();
      await Promise.all(loops);
      await deliverer.idle();
    },
    async quiet() {
      for (;;) {
        while (busy > 0) await new Promise((resolve) => setTimeout(resolve, 2));
        if ((await quietOnce()) === 0 && busy === 0 && deliverer.inFlight() === 0) return;
      }
    },
    async nextDueMs() {
      const due = [await nextDueMs(db), await nextResumeMs(db), await nextRetryMs(db)].filter(
        (ms): ms is number => ms !== null,
      );
      return due.length === 0 ? null : Math.min(...due);
    },
  };
}

async function nextRetryMs(db: Database): Promise<number | null> {
  const { rows } = await db.query<{ due: Date | null }>(
    `select least((select min(next_at) from musubi.inbox where state = 'pending' and attempts > 0), (select min(next_at) from musubi.dirty_records)) as due`,
  );
  return rows[0]?.due?.getTime() ?? null;
}
