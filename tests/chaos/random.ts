/** Printed with every run; `SEED=` replays its choices. */
export const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** Rounds of the random kills; the short form by default. */
export const rounds = (short: number): number => Number(process.env.CHAOS_ROUNDS ?? short);

/** Random numbers in [0, 1) that a seed repeats (mulberry32). */
export function createRandom(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
