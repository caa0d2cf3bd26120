import { eventId } from './line-webhook.ts';
import type { BenchOptions } from './options.ts';
import { memoryMb } from './processes.ts';
import { type Figures, lineOf, medianFigures, print, type Result } from './report.ts';
import type { Rig } from './rig.ts';
import type { Side } from './sides/side.ts';

const WARM_UP_SECONDS = 2;

/**
 * Signed LINE webhooks at a fixed rate, each asking for the opening hours; the time from the instant a webhook was due
 * to leave until its reply was in, both read in the load process. The hub goes its whole road: mapping, identity,
 * timeline, rule, gate, outbox, reply, result; the other service verifies, inserts and replies.
 */
export async function benchReply(rig: Rig, options: BenchOptions): Promise<Result> {
  const sides = [await rig.startHub(), await rig.startOther('fastify-insert-reply')];
  const books = sides.map((side) => ({ side, rounds: [] as Figures[], acked: [] as string[] }));
  for (let round = 1; round <= options.rounds; round++) {
    for (const [at, { side, rounds, acked }] of books.entries()) {
      const series = `S${at}R${round}`;
      const { figures, ackedNow } = await playRound(rig, side, series, options);
      rounds.push(figures);
      for (const n of ackedNow) acked.push(eventId(series, n));
      print(series, figures);
    }
  }
  const ended: Figures[] = [];
  for (const { side, rounds, acked } of books) {
    const rssPeakMb = memoryMb(side.pid).peak;
    await side.close();
    const stored = await side.storedIds();
    ended.push({
      ...medianFigures(side.name, rounds),
      rssPeakMb,
      notStored: acked.filter((id) => !stored?.has(id)).length,
    });
  }
  const [hub, ...others] = ended;
  return lineOf(options, hub as Figures, others, 'p99Ms');
}

async function playRound(
  rig: Rig,
  side: Side,
  series: string,
  options: BenchOptions,
): Promise<{ figures: Figures; ackedNow: readonly number[] }> {
  const { rate, seconds } = options;
  const { value, ownMs, databaseMs, elsewherePercent } = await rig.metered(side, async () => {
    const loaded = await rig.load.openLoop({
      port: side.port,
      path: side.path,
      series,
      rate,
      seconds,
      warmUpSeconds: WARM_UP_SECONDS,
    });
    await side.drained();
    return loaded;
  });
  const { p50Ms, p99Ms, maxMs, answerP99Ms, sent, refused, lost, doubles, faults, acked } = value;
  return {
    figures: {
      name: side.name,
      rate,
      p50Ms,
      p99Ms,
      maxMs,
      answerP99Ms,
      cpuMsPerEvent: ownMs / sent,
      databaseCpuMsPerEvent: databaseMs / sent,
      sent,
      refused,
      lost,
      doubles,
      faults,
      elsewherePercent,
    },
    ackedNow: acked,
  };
}
