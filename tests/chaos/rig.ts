import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { check, type Verdict } from './checker.ts';
import { type Courier, createCourier } from './courier.ts';
import { createEvents, type Events, type SentEvent } from './events.ts';
import { type HubProcess, startHub } from './hub-process.ts';
import { createRandom, seed } from './random.ts';
import { openWork, readHistory } from './read-history.ts';
import type { ChaosStore, ChaosStoreKind } from './stores.ts';
import { startTools, type Tools } from './tools.ts';

/** A hub, its tools, its senders and its store, all real but the vendors. */
export interface Rig {
  readonly folder: string;
  readonly store: ChaosStore;
  readonly tools: Tools;
  readonly courier: Courier;
  readonly events: Events;
  readonly random: () => number;
  /** The hub that was started last. */
  readonly hub: () => HubProcess;
  /** Starts a hub and waits until it listens; one that is to crash may end before. */
  readonly start: (options?: { crashAt?: string; env?: Record<string, string> }) => Promise<HubProcess>;
  /** Sends so many events a second until stopped. */
  readonly load: (perSecond: number) => { readonly stop: () => Promise<void> };
  /** Waits until everything acked has had its effect; returns the time it took, or the limit. */
  readonly drained: (limitMs: number) => Promise<number>;
  /** Marks of messages a test sends by itself: they may appear. */
  readonly allowed: Set<string>;
  /** Stops the hub cleanly and compares the histories. */
  readonly verdict: () => Promise<Verdict>;
  readonly close: () => Promise<void>;
}

export const workspace = fileURLToPath(new URL('./workspace', import.meta.url));

/** 10 s are promised; the rest is the noise of a busy test machine. */
const STOP_LIMIT_MS = 12_000;

export async function openRig(kind: Pick<ChaosStoreKind, 'open'>): Promise<Rig> {
  const folder = mkdtempSync(path.join(tmpdir(), 'musubi-chaos-'));
  cpSync(workspace, folder, { recursive: true });
  const [store, tools] = await Promise.all([kind.open(folder), startTools()]);
  const random = createRandom(seed);
  const events = createEvents(tools, random);
  const allowed = new Set<string>();
  let hub: HubProcess | null = null;
  let url: string | null = null;
  const courier = createCourier(() => (hub?.hasEnded() === false ? url : null));

  const start: Rig['start'] = async ({ crashAt, env = {} } = {}) => {
    url = null;
    hub = startHub({ folder, crashAt, env: { ...store.env, ...tools.env, ...env } });
    url = await hub.ready;
    if (url === null && crashAt === undefined) throw new Error(`the hub did not start:\n${hub.output.join('\n')}`);
    return hub;
  };
  const missing = () => {
    const seen = new Set(tools.seen());
    return courier.acked.flatMap((one) => one.expects).filter((one) => !seen.has(one.mark)).length;
  };
  const isDrained = async () => {
    if (store.isReadableLive) return (await store.read(openWork)) === 0;
    return missing() === 0 && (await pendingRows(url)) === 0;
  };

  return {
    folder,
    store,
    tools,
    courier,
    events,
    random,
    allowed,
    hub: () => {
      if (!hub) throw new Error('no hub was started');
      return hub;
    },
    start,
    load: (perSecond) => startLoad(perSecond, { courier, events }),
    async drained(limitMs) {
      const began = performance.now();
      while (performance.now() - began < limitMs) {
        if (await isDrained()) return performance.now() - began;
        await sleep(100);
      }
      return performance.now() - began;
    },
    async verdict() {
      if (hub?.hasEnded() === false) {
        hub.signal('SIGTERM');
        await Promise.race([hub.ended, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
        if (!hub.hasEnded()) throw new Error(`the hub did not end within ${STOP_LIMIT_MS} ms of SIGTERM`);
      }
      const stored = await store.read(readHistory);
      const sentMarks = new Set([...allowed, ...courier.sent.flatMap((one) => one.expects.map(({ mark }) => mark))]);
      return check({ ...stored, acked: courier.acked, sentMarks, seen: tools.seen() });
    },
    async close() {
      courier.stop();
      if (hub?.hasEnded() === false) await hub.kill();
      await tools.close();
      await store.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startLoad(perSecond: number, { courier, events }: Pick<Rig, 'courier' | 'events'>) {
  const making = new Set<Promise<unknown>>();
  let failure: unknown;
  const timer = setInterval(() => {
    const made = events
      .make(events.any())
      .then((event: SentEvent) => void courier.deliver(event))
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => making.delete(made));
    making.add(made);
  }, 1_000 / perSecond);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(making);
      if (failure !== undefined) throw failure;
    },
  };
}

async function pendingRows(url: string | null): Promise<number> {
  if (url === null) return Number.POSITIVE_INFINITY;
  try {
    const health = (await (await fetch(`${url}/health`)).json()) as { inbox: { pending: number } };
    return health.inbox.pending;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
