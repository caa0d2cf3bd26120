import { type LoadClient, startLoad } from './load/load-client.ts';
import type { BenchOptions } from './options.ts';
import { type BackendMeter, backendCpuMs, makePlace, openBackendMeter, type Place } from './place.ts';
import { cpuMs } from './processes.ts';
import { startHub } from './sides/hub-side.ts';
import { type OtherName, startOther } from './sides/other-side.ts';
import type { Side } from './sides/side.ts';

/** Everything a bench runs on. Whatever was started is ended by close(), in reverse order, also after a failure. */
export interface Rig {
  readonly load: LoadClient;
  readonly startHub: () => Promise<Side>;
  readonly startOther: (name: OtherName) => Promise<Side>;
  /** CPU time a side uses while `work` runs: its own and its database server processes', ms. */
  readonly metered: <T>(side: Side, work: () => Promise<T>) => Promise<{ value: T; ownMs: number; databaseMs: number }>;
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
      async metered(side, work) {
        const [ownBefore, before] = [cpuMs(side.pid), await meter?.cpuMs(side.application)];
        const value = await work();
        const [ownAfter, after] = [cpuMs(side.pid), await meter?.cpuMs(side.application)];
        return {
          value,
          ownMs: ownAfter - ownBefore,
          databaseMs: before && after ? backendCpuMs(before, after) : Number.NaN,
        };
      },
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
  const stop = () => void rig.close().then(() => process.exit(130));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await bench(rig);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    await rig.close();
  }
}
