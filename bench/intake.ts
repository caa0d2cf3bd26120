import { eventId } from './line-webhook.ts';
import type { BenchOptions } from './options.ts';
import { memoryMb } from './processes.ts';
import { type Figures, lineOf, medianFigures, print, type Result } from './report.ts';
import type { Rig } from './rig.ts';
import type { Side } from './sides/side.ts';

const WARM_UP_SECONDS = 1;
const OTHERS = ['fastify-bare', 'fastify-insert', 'fastify-group-commit'] as const;

/** What is known of a side when all rounds are over. */
interface Book {
  readonly side: Side;
  readonly rounds: Figures[];
  readonly acked: string[];
  rssPeakMb: number;
}

/**
 * Signed LINE webhooks as fast as each service answers them, the services in turn, round by round. The hub also does
 * the work that follows from them (its rule finds no keyword), during the load and after it, until its inbox is empty.
 */
export async function benchIntake(rig: Rig, options: BenchOptions): Promise<Result> {
  const sides = [await rig.startHub()];
  for (const name of OTHERS) sides.push(await rig.startOther(name));
  const books: Book[] = sides.map((side) => ({ side, rounds: [], acked: [], rssPeakMb: Number.NaN }));
  for (let round = 1; round <= options.rounds; round++) {
    for (const [at, book] of books.entries()) await playRound(rig, book, `S${at}R${round}`, options);
  }
  for (const book of books) book.rssPeakMb = memoryMb(book.side.pid).peak;
  const [hub, ...others] = await Promise.all(books.map(settle));
  return lineOf(options, hub as Figures, others, 'rate');
}

async function playRound(
  rig: Rig,
  { side, rounds, acked }: Book,
  series: string,
  options: BenchOptions,
): Promise<void> {
  const { connections, seconds } = options;
  let drainSeconds = 0;
  const { value, ownMs, databaseMs, elsewherePercent } = await rig.metered(side, async () => {
    const loaded = await rig.load.closedLoop({
      port: side.port,
      path: side.path,
      series,
      connections,
      seconds,
      warmUpSeconds: WARM_UP_SECONDS,
    });
    const from = performance.now();
    await side.drained();
    drainSeconds = (performance.now() - from) / 1000;
    return loaded;
  });
  for (const n of value.acked) acked.push(eventId(series, n));
  const events = value.acked.length;
  const figures: Figures = {
    name: side.name,
    rate: value.rate,
    p50Ms: value.p50Ms,
    p99Ms: value.p99Ms,
    cpuMsPerEvent: ownMs / events,
    databaseCpuMsPerEvent: databaseMs / events,
    refused: value.refused,
    drainSeconds,
    elsewherePercent,
  };
  rounds.push(figures);
  print(series, figures);
}

/** Ends a side and looks up every event it answered 2xx in its store. */
async function settle({ side, rounds, acked, rssPeakMb }: Book): Promise<Figures> {
  await side.close();
  const stored = await side.storedIds();
  const states = await side.states();
  return {
    ...medianFigures(side.name, rounds),
    rssPeakMb,
    acked: acked.length,
    lost: stored === null ? Number.NaN : acked.filter((id) => !stored.has(id)).length,
    ...(states !== null && { states }),
  };
}
