import { eventId } from './line-webhook.ts';
import type { BenchOptions } from './options.ts';
import { memoryMb } from './processes.ts';
import { type Figures, lineOf, medianFigures, print, type Result, type Timings } from './report.ts';
import { leastDisturbed, type Rig } from './rig.ts';
import type { Side } from './sides/side.ts';

const WARM_UP_SECONDS = 2;

/**
 * Signed LINE webhooks at a fixed rate, each asking for the opening hours; the time from the instant a webhook was due
 * to leave until its reply was in, both read in the load process. The hub goes its whole road: mapping, identity,
 * timeline, rule, gate, outbox, reply, result; the other service verifies, inserts and replies.
 */
export async function benchReply(rig: Rig, options: BenchOptions): Promise<Result> {
  const sides = [await rig.startHub(), await rig.startOther('fastify-insert-reply')];
  const books: Book[] = sides.map((side) => ({ side, rounds: [], acked: [], counts: noCounts() }));
  for (let round = 1; round <= options.rounds; round++) {
    for (const [at, book] of books.entries()) {
      book.rounds.push(await leastDisturbed((attempt) => play(rig, book, `S${at}R${round}T${attempt}`, options)));
    }
  }
  const ended: Figures[] = [];
  for (const book of books) ended.push(await settle(book));
  const [hub, ...others] = ended;
  return lineOf(options, hub as Figures, others, 'p99Ms');
}

interface Book {
  readonly side: Side;
  readonly rounds: Timings[];
  readonly acked: string[];
  /** Over all rounds, also those that were played again. */
  readonly counts: Counts;
}

type Counts = Record<'sent' | 'refused' | 'lost' | 'doubles' | 'faults', number>;

const noCounts = (): Counts => ({ sent: 0, refused: 0, lost: 0, doubles: 0, faults: 0 });

async function play(rig: Rig, { side, acked, counts }: Book, series: string, options: BenchOptions): Promise<Timings> {
  const { rate, seconds } = options;
  const load = { port: side.port, path: side.path, series, rate, seconds, warmUpSeconds: WARM_UP_SECONDS };
  const { value, ownMs, databaseMs, elsewherePercent } = await rig.metered(side, async () => {
    const loaded = await rig.load.openLoop(load);
    await side.drained();
    return loaded;
  });
  for (const n of value.acked) acked.push(eventId(series, n));
  for (const count of Object.keys(counts) as (keyof Counts)[]) counts[count] += value[count];
  const { p50Ms, p99Ms, maxMs, answerP99Ms, sent } = value;
  const cpu = { cpuMsPerEvent: ownMs / sent, databaseCpuMsPerEvent: databaseMs / sent };
  const timings = { name: side.name, rate, p50Ms, p99Ms, maxMs, answerP99Ms, ...cpu, elsewherePercent };
  print(series, { ...timings, lost: value.lost, doubles: value.doubles });
  return timings;
}

/** Ends a side and looks up every event it answered 2xx in its store. */
async function settle({ side, rounds, acked, counts }: Book): Promise<Figures> {
  const rssPeakMb = memoryMb(side.pid).peak;
  await side.close();
  const stored = await side.storedIds();
  const notStored = acked.filter((id) => !stored?.has(id)).length;
  return { ...medianFigures(side.name, rounds), rssPeakMb, ...counts, notStored };
}
