import type { BenchOptions } from './options.ts';
import { memoryMb } from './processes.ts';
import { lineOf, medianFigures, print, type Result, type Timings } from './report.ts';
import type { Rig } from './rig.ts';
import type { Side } from './sides/side.ts';

const SETTLE_MS = 4_000;
const WATCHED_MS = 10_000;

/**
 * From the start of the process until it answers, then what it costs to have it stand there. The hub's first start, on
 * an empty store, is told apart from the later ones.
 */
export async function benchIdle(rig: Rig, options: BenchOptions): Promise<Result> {
  const first = await rig.startHub();
  await first.close();
  const hub: Timings[] = [];
  const other: Timings[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    hub.push(await watch(rig, await rig.startHub(), round));
    other.push(await watch(rig, await rig.startOther('fastify-group-commit'), round));
  }
  const figures = { ...medianFigures('musubi', hub), firstStartMs: first.startMs };
  return lineOf(options, figures, [medianFigures('fastify-group-commit', other)], 'startMs');
}

async function watch(rig: Rig, side: Side, round: number): Promise<Timings> {
  await pause(SETTLE_MS);
  const { ownMs, databaseMs, elsewherePercent } = await rig.metered(side, () => pause(WATCHED_MS));
  const { now, peak } = memoryMb(side.pid);
  await side.close();
  const share = (ms: number) => (100 * ms) / WATCHED_MS;
  const figures: Timings = {
    name: side.name,
    startMs: side.startMs,
    idleCpuPercent: share(ownMs),
    idleDatabaseCpuPercent: share(databaseMs),
    rssMb: now,
    rssPeakMb: peak,
    elsewherePercent,
  };
  print(`R${round}`, figures);
  return figures;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
