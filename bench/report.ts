import type { BenchOptions } from './options.ts';
import { median, rounded } from './statistics.ts';

/** Figures of one service: numbers by name, and counts by state where there are any. NaN is printed as null. */
export type Figures = { readonly name: string } & {
  readonly [figure: string]: string | number | Readonly<Record<string, number>>;
};

/** The last line of a bench. */
export type Result = Readonly<Record<string, unknown>>;

/** Where other processes took more of the machine than this, a round is played again and its figures say little. */
export const DISTURBED_PERCENT = 20;

/** What was measured in one round. */
export type Timings = { readonly name: string; readonly elsewherePercent: number } & {
  readonly [figure: string]: string | number;
};

/** For each figure the median of the rounds. */
export function medianFigures(name: string, rounds: readonly Timings[]): Figures {
  const figures = Object.keys(rounds[0] ?? {}).filter((figure) => figure !== 'name');
  const medians = figures.map((figure) => [figure, median(rounds.map((round) => Number(round[figure])))]);
  return { name, ...Object.fromEntries(medians) };
}

/** The hub's figures, the others' and the hub's `by` divided by each other's. */
export function lineOf(options: BenchOptions, hub: Figures, others: readonly Figures[], by: string): Result {
  const { bench, store, queue } = options;
  const { name: _, ...figures } = hub;
  const ratio = others.map((other) => [other.name, rounded(Number(hub[by]) / Number(other[by]))]);
  return {
    bench,
    store,
    queue,
    ...roundedFigures(figures),
    others: others.map(roundedFigures),
    // a side that had less of the machine than another is not measured against it
    isComparable: [hub, ...others].every(({ elsewherePercent }) => !(Number(elsewherePercent) > DISTURBED_PERCENT)),
    ratioOf: by,
    ratio: Object.fromEntries(ratio),
    setting: settingOf(options),
  };
}

function settingOf({ bench, connections, rate, seconds, rounds }: BenchOptions) {
  if (bench === 'idle') return { rounds };
  return bench === 'intake' ? { connections, seconds, rounds } : { ratePerSecond: rate, seconds, rounds };
}

const roundedFigures = <T extends object>(figures: T) =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value === 'number' && !Number.isInteger(value) ? rounded(value) : value,
    ]),
  );

/** One line of a round, for people who watch. */
export function print(label: string, figures: Figures | Timings): void {
  const { name, ...rest } = roundedFigures(figures);
  console.log(
    `${label.padEnd(6)} ${String(name).padEnd(22)} ${Object.entries(rest)
      .map(([key, value]) => `${key}=${value}`)
      .join(' ')}`,
  );
}
