import {
  type Attempt,
  attempt,
  claimEffects,
  type Settlement,
  settleAttempt,
  writeSettlements,
} from '../pipeline/deliver.ts';
import type { PipelineContext } from '../pipeline/process-batch.ts';
import { isStoreTrouble } from '../store/database.ts';

export interface DelivererOptions {
  /** Calls under way at once. */
  readonly maxInFlight: number;
  readonly context: () => PipelineContext;
  /** A result was written: something may have become due at this workspace time. */
  readonly onDue: (atMs: number) => void;
  readonly onSettled: (settlement: Settlement, connection: string) => void;
}

export interface Deliverer {
  /** Claims and starts what is due, as far as there is room; returns how many effects were looked at, and whether more may be due. */
  readonly step: () => Promise<{ readonly looked: number; readonly isMore: boolean }>;
  readonly inFlight: () => number;
  /** Resolves when no call is under way and all results are written. */
  readonly idle: () => Promise<void>;
  /** Connections that rest until this workspace time. */
  readonly paused: () => ReadonlyMap<string, number>;
}

/** Together shorter than the lease: after it the result would be dropped anyway. */
const WRITE_TRIES = 12;
const WRITE_PAUSE_MS = 400;

/** Delivers effects: many calls at once, results written in groups as they come in. */
export function createDeliverer(options: DelivererOptions): Deliverer {
  const { maxInFlight, context } = options;
  const paused = new Map<string, number>();
  const callsOf = new Map<string, number>();
  /** A connection may take half of what the others leave free: one that never answers stops none of them. */
  const shareOf = (own: number) => Math.ceil((maxInFlight - (calls - own)) / 2);
  let calls = 0;
  /** Calls that ended, ever. */
  let settled = 0;
  /** Something due was left because another of its target or thread was under way. */
  let mayBeHeld = false;
  let finished: Attempt[] = [];
  let isWriting = false;
  let waiters: (() => void)[] = [];

  const settleAll = async (): Promise<void> => {
    isWriting = true;
    while (finished.length > 0) {
      const group = finished;
      finished = [];
      const now = context();
      const settlements = group.map((one) => settleAttempt(one, now));
      await write(settlements, now);
      settlements.forEach((settlement, at) => {
        note(settlement, group[at]?.claimed.effect.connection ?? '', now.nowMs);
      });
      calls -= group.length;
      settled += group.length;
      for (const { claimed } of group)
        callsOf.set(claimed.effect.connection, (callsOf.get(claimed.effect.connection) ?? 1) - 1);
    }
    isWriting = false;
    if (calls === 0) {
      for (const resolve of waiters) resolve();
      waiters = [];
    }
  };

  /** A store in trouble is asked again under the same fence; then the leases lapse and the rule of each class decides. */
  const write = async (settlements: readonly Settlement[], now: PipelineContext): Promise<void> => {
    for (let tries = 1; ; tries++) {
      try {
        await writeSettlements(settlements, now);
        return;
      } catch (error) {
        now.onFault({ where: 'write results', error });
        if (tries >= WRITE_TRIES || !isStoreTrouble(error)) return;
        await new Promise((resolve) => setTimeout(resolve, WRITE_PAUSE_MS));
      }
    }
  };

  const note = (settlement: Settlement, connection: string, nowMs: number) => {
    if (settlement.pauseMs !== null) paused.set(connection, nowMs + settlement.pauseMs);
    options.onSettled(settlement, connection);
    if (settlement.result.state === 'planned') options.onDue(Date.parse(settlement.result.dueAt));
    else if (mayBeHeld || settlement.replacement !== null) options.onDue(nowMs);
  };

  return {
    async step() {
      const room = maxInFlight - calls;
      if (room <= 0) {
        mayBeHeld = true;
        return { looked: 0, isMore: false };
      }
      const now = context();
      for (const [connection, untilMs] of paused) if (untilMs <= now.nowMs) paused.delete(connection);
      const before = { calls, settled };
      const busy = [...callsOf].filter(([, own]) => own >= shareOf(own)).map(([connection]) => connection);
      const { claimed, looked } = await claimEffects(now, {
        limit: room,
        without: [...new Set([...paused.keys(), ...busy])],
        roomOf: (connection) => shareOf(callsOf.get(connection) ?? 0) - (callsOf.get(connection) ?? 0),
      });
      mayBeHeld = before.calls > 0 || looked > claimed.length;
      // one that ended while we looked may have freed what we passed over
      if (mayBeHeld && settled !== before.settled) options.onDue(now.nowMs);
      calls += claimed.length;
      for (const { effect } of claimed) callsOf.set(effect.connection, (callsOf.get(effect.connection) ?? 0) + 1);
      for (const one of claimed) {
        void attempt(one, now.setup, now.nowMs).then((done) => {
          finished.push(done);
          if (!isWriting) void settleAll();
        });
      }
      return { looked, isMore: looked >= room };
    },
    inFlight: () => calls,
    idle: () => (calls === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
    paused: () => paused,
  };
}
