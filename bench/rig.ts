import { availableParallelism } from 'node:os';
import { type LoadClient, startLoad } from './load/load-client.ts';
import type { BenchOptions } from './options.ts';
import { type BackendMeter, backendCpuMs, makePlace, openBackendMeter, type Place } from './place.ts';
import { cpuMs, machineCpuMs } from './processes.ts';
import { DISTURBED_PERCENT } from './report.ts';
import { startHub } from './sides/hub-side.ts';
import { type OtherName, startOther } from './sides/other-side.ts';
import type { Side } from './sides/side.ts';

/** What came of some work and the CPU time spent meanwhile, ms. */
export interface Metered<T> {
  readonly value: T;
  /** By the side itself. */
  readonly ownMs: number;
  /** By the database server processes that serve it; NaN on the embedded store. */
  readonly databaseMs: number;
  /** Share of the machine that went to processes which are no part of the bench: figures of a busy machine say little. */
  readonly elsewherePercent: number;
}

const TRIES = 2;

/** The less disturbed of up to two plays of a round; each is told which try it is. */
export async function leastDisturbed<T extends { readonly elsewherePercent: number }>(
  play: (attempt: number) => Promise<T>,
): Promise<T> {
  let best: T | undefined;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const played = await play(attempt);
    if (!best || played.elsewherePercent < best.elsewherePercent) best = played;
    if (!(best.elsewherePercent > DISTURBED_PERCENT)) break;
  }
  return best as T;
}

/** Everything a bench runs on. Whatever was started is ended by close(), in reverse order, also after a failure. */
export interface Rig {
  readonly load: LoadClient;
  readonly startHub: () => Promise<Side>;
  readonly startOther: (name: OtherName) => Promise<Side>;
  readonly metered: <T>(side: Side, work: () => Promise<T>) => Promise<Metered<T>>;
  readonly close: () => Promise<void>;
}

export async function openRig(options: BenchOptions): Promise<Rig> {
  const isPostgres = options.store === 'postgres';
  const closers: (() => Promise<void>)[] = [];
  const keep = <T extends { close: () => Promise<void> }>(opened: T): T => {
    closers.push(opened.close);
    return opened;
  };
  const place: Place = await makePlace(isPostgres ? options.databaseUrl : undefined);
  closers.push(place.remove);
  const close = async () => {
    for (let one = closers.pop(); one; one = closers.pop()) await one().catch((error: unknown) => console.error(error));
  };
  try {
    const meter: BackendMeter | null = isPostgres ? keep(await openBackendMeter(options.databaseUrl)) : null;
    const load = keep(await startLoad());
    const sideOptions = { ...options, place, lineUrl: load.lineUrl };
    return {
      load,
      startHub: async () => keep(await startHub(sideOptions)),
      startOther: async (name) => keep(await startOther(name, sideOptions)),
      metered: (side, work) => metered(work, side, load, meter),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs a bench on a rig and ends everything, whatever happens; Ctrl-C too. */
export async function onRig<T>(options: BenchOptions, bench: (rig: Rig) => Promise<T>): Promise<T> {
  const rig = await openRig(options);
  let isStopping = false;
  const stop = () => {
    if (isStopping) return;
    isStopping = true;
    void rig.close().then(() => process.exit(130));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    return await bench(rig);
  } finally {
    // while a signal ends it, that goes on alone
    if (!isStopping) await rig.close();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

async function metered<T>(
  work: () => Promise<T>,
  side: Side,
  load: LoadClient,
  meter: BackendMeter | null,
): Promise<Metered<T>> {
  const read = async () => ({
    own: cpuMs(side.pid),
    backends: await meter?.cpuMs(side.application),
    bench: cpuMs(load.pid) + cpuMs(process.pid),
    machine: machineCpuMs(),
    atMs: performance.now(),
  });
  const before = await read();
  const value = await work();
  const after = await read();
  const ownMs = after.own - before.own;
  const databaseMs = before.backends && after.backends ? backendCpuMs(before.backends, after.backends) : Number.NaN;
  const ours = ownMs + (Number.isNaN(databaseMs) ? 0 : databaseMs) + after.bench - before.bench;
  const whole = (after.atMs - before.atMs) * availableParallelism();
  return { value, ownMs, databaseMs, elsewherePercent: (100 * (after.machine - before.machine - ours)) / whole };
}
