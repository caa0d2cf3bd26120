import { eventId } from './line-webhook.ts';
import type { BenchOptions } from './options.ts';
import { memoryMb } from './processes.ts';
import { type Figures, lineOf, medianFigures, print, type Result, type Timings } from './report.ts';
import { leastDisturbed, type Rig } from './rig.ts';
import type { Side } from './sides/side.ts';

const WARM_UP_SECONDS = 1;
const OTHERS = ['fastify-bare', 'fastify-insert', 'fastify-group-commit'] as const;

/** What is known of a side when all rounds are over. */
interface Book {
  readonly side: Side;
  readonly rounds: Timings[];
  readonly acked: string[];
  /** Over all rounds, also those that were played again. */
  readonly counts: { refused: number };
  rssPeakMb: number;
}

/**
 * Signed LINE webhooks as fast as each service answers them, the services in turn, round by round. The hub also does
 * the work that follows from them (its rule finds no keyword), during the load and after it, until its inbox is empty.
 */
export async function benchIntake(rig: Rig, options: BenchOptions): Promise<Result> {
  const sides = [await rig.startHub()];
  for (const name of OTHERS) sides.push(await rig.startOther(name));
  const books: Book[] = sides.map((side) => ({
    side,
    rounds: [],
    acked: [],
    counts: { refused: 0 },
    rssPeakMb: Number.NaN,
  }));
  for (let round = 1; round <= options.rounds; round++) {
    for (const [at, book] of books.entries()) {
      book.rounds.push(await leastDisturbed((attempt) => play(rig, book, `S${at}R${round}T${attempt}`, options)));
    }
  }
  for (const book of books) book.rssPeakMb = memoryMb(book.side.pid).peak;
  const [hub, ...others] = await Promise.all(books.map(settle));
  return lineOf(options, hub as Figures, others, 'rate');
}

async function play(rig: Rig, { side, acked, counts }: Book, series: string, options: BenchOptions): Promise<Timings> {
  const { connections, seconds } = options;
  const load = { port: side.port, path: side.path, series, connections, seconds, warmUpSeconds: WARM_UP_SECONDS };
  let drainSeconds = 0;
  const { value, ownMs, databaseMs, elsewherePercent } = await rig.metered(side, async () => {
    const loaded = await rig.load.closedLoop(load);
    const from = performance.now();
    await side.drained();
    drainSeconds = Math.round(performance.now() - from) / 1000;
    return loaded;
  });
  for (const n of value.acked) acked.push(eventId(series, n));
  counts.refused += value.refused;
  const { rate, p50Ms, p99Ms } = value;
  const events = value.acked.length;
  const timings = {
    name: side.name,
    rate,
    p50Ms,
    p99Ms,
    cpuMsPerEvent: ownMs / events,
    databaseCpuMsPerEvent: databaseMs / events,
    drainSeconds,
    elsewherePercent,
  };
  print(series, timings);
  return timings;
}

/** Ends a side and looks up every event it answered 2xx in its store. */
async function settle({ side, rounds, acked, counts, rssPeakMb }: Book): Promise<Figures> {
  await side.close();
  const stored = await side.storedIds();
  const states = await side.states();
  return {
    ...medianFigures(side.name, rounds),
    rssPeakMb,
    ...counts,
    acked: acked.length,
    lost: stored === null ? Number.NaN : acked.filter((id) => !stored.has(id)).length,
    ...(states !== null && { states }),
  };
}
