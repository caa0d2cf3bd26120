/** Tells from the requests of the last moments how long the pipeline should rest between two batches. */
export interface ArrivalMeter {
  readonly count: () => void;
  readonly restMs: () => number;
}

const WINDOW_MS = 250;

/**
 * Requests a second → rest in milliseconds. Answers to senders come before the work on what they sent: up to a busy day's
 * rate the pipeline keeps pace, in a flood it lets the backlog stand in the database and takes it up when the flood ebbs.
 */
const RESTS = [
  { above: 1_500, restMs: 1_000 },
  { above: 800, restMs: 40 },
] as const;

export function createArrivalMeter(nowMs: () => number = () => performance.now()): ArrivalMeter {
  let windowStart = nowMs();
  let current = 0;
  let previous = 0;
  const roll = () => {
    const passed = nowMs() - windowStart;
    if (passed < WINDOW_MS) return;
    previous = passed < 2 * WINDOW_MS ? current : 0;
    current = 0;
    windowStart = nowMs();
  };
  return {
    count() {
      roll();
      current += 1;
    },
    restMs() {
      roll();
      const perSecond = Math.max(previous, current) * (1000 / WINDOW_MS);
      return RESTS.find(({ above }) => perSecond > above)?.restMs ?? 0;
    },
  };
}
