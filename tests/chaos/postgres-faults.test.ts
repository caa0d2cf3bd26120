import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from './courier.ts';
import { type OwnPostgres, startOwnPostgres, whyNoCluster } from './own-postgres.ts';
import { rounds, seed } from './random.ts';
import { openRig, type Rig } from './rig.ts';
import { chaosStores, openDatabase, serverUrl } from './stores.ts';
import { startTcpProxy } from './tcp-proxy.ts';

const [, postgres] = await chaosStores();
const noCluster = whyNoCluster();
if (noCluster !== undefined) {
  if (process.env.CI === 'true') throw new Error(noCluster);
  console.warn(`skipped: ${noCluster}`);
}

const ROUNDS = rounds(1);
const PER_SECOND = 40;
/** An answer is given after 1.5 s at the latest; the rest is the noise of a busy test machine. */
const ANSWER_MS = 1_500 + 500;

/** R05. */
describe.skipIf(postgres?.unavailable)('connections that end', () => {
  it('answers 2xx or 503 and loses nothing while its backends are ended', { timeout: 90_000 }, async () => {
    const rig = await openRig({ open: () => openDatabase(serverUrl) });
    await underLoad(rig, async () => {
      for (let round = 0; round < rounds(12); round++) {
        await sleep(150 + rig.random() * 300);
        await rig.store.read((query) =>
          query(
            'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
          ),
        );
      }
    });
  });

  it('waits out 4 s of silence, and gives up connections that never answer again', { timeout: 90_000 }, async () => {
    const { rig, proxy } = await rigBehindProxy();
    let cutAt = Number.POSITIVE_INFINITY;
    let takenAt = Number.POSITIVE_INFINITY;
    try {
      await underLoad(rig, async () => {
        proxy.hold();
        await sleep(4_000);
        proxy.flow();
        await firstTaken(rig, 10_000);
        await sleep(500);
        proxy.forget();
        cutAt = performance.now();
        takenAt = await firstTaken(rig, 20_000);
      });
    } finally {
      await proxy.close();
    }
    expect(takenAt - cutAt).toBeLessThan(10_000);
  });
});

/** R04. */
describe.skipIf(noCluster !== undefined)('a PostgreSQL that restarts', () => {
  let cluster: OwnPostgres;
  beforeAll(async () => {
    cluster = await startOwnPostgres();
  }, 60_000);
  afterAll(() => cluster.close());

  it('answers 2xx or 503 and loses nothing when it is stopped fast, at once, and killed', {
    timeout: 60_000 + ROUNDS * 60_000,
  }, async () => {
    const rig = await openRig({ open: () => openDatabase(cluster.url) });
    await underLoad(rig, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
          await cluster.restart(signal, 500);
          const upAt = performance.now();
          const takenAt = await firstTaken(rig, 15_000);
          expect(takenAt - upAt, `first work after ${signal}`).toBeLessThan(3_000);
          await sleep(500);
        }
      }
    });
  });
});

async function rigBehindProxy() {
  const server = new URL(serverUrl);
  const proxy = await startTcpProxy({ host: server.hostname, port: Number(server.port || 5432) });
  const rig = await openRig({
    async open() {
      const store = await openDatabase(serverUrl);
      const url = new URL(store.env.DATABASE_URL ?? '');
      url.hostname = '127.0.0.1';
      url.port = String(proxy.port);
      return { ...store, env: { DATABASE_URL: url.href } };
    },
  });
  return { rig, proxy };
}

/** Loads a hub, does the harm, and checks what the senders and the tools saw of it. */
async function underLoad(rig: Rig, harm: () => Promise<void>): Promise<void> {
  try {
    await rig.start();
    for (const event of await rig.events.introductions()) await rig.courier.deliver(event);
    const load = rig.load(PER_SECOND);
    await sleep(500);
    await harm();
    await load.stop();
    expectAlive(rig);
    await rig.courier.idle();
    const tookMs = await rig.drained(rig.store.recoveryMs);
    const { violations, listed, counts } = await rig.verdict();
    console.info(
      `seed ${seed}, ${JSON.stringify(counts)}, ${JSON.stringify(statuses(rig.courier.answers))}, listed ${listed.length}, drained in ${Math.round(tookMs)} ms`,
    );
    expect(violations).toEqual([]);
    expect(rig.courier.answers.filter((one) => one.status !== 200 && one.status !== 503)).toEqual([]);
    expect(Math.max(...rig.courier.answers.map((one) => one.tookMs))).toBeLessThan(ANSWER_MS);
    expect(tookMs).toBeLessThan(rig.store.recoveryMs);
  } finally {
    await rig.close();
  }
}

/** When the next event is taken in; the end of the limit when none is. */
async function firstTaken(rig: Rig, limitMs: number): Promise<number> {
  const already = rig.courier.acked.length;
  const began = performance.now();
  while (rig.courier.acked.length === already && performance.now() - began < limitMs) {
    expectAlive(rig);
    await sleep(20);
  }
  return performance.now();
}

function statuses(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function expectAlive(rig: Rig): void {
  const hub = rig.hub();
  expect(hub.hasEnded(), `the hub ended by itself:\n${hub.output.join('\n')}`).toBe(false);
}
