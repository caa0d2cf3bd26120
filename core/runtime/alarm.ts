/** Wakes at given instants; keeps the nearest ones, the sweeper finds what it forgets. */
export interface Alarm {
  readonly at: (ms: number) => void;
  readonly stop: () => void;
}

const KEPT = 1_000;
/** Timers are set no further ahead: the clock may be changed meanwhile. */
const FARTHEST_MS = 5_000;

export function createAlarm(nowMs: () => number, ring: () => void): Alarm {
  let instants: number[] = [];
  let timer: NodeJS.Timeout | null = null;
  const arm = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    const [next] = instants;
    if (next !== undefined) timer = setTimeout(goOff, Math.min(Math.max(0, next - nowMs()), FARTHEST_MS));
  };
  const goOff = () => {
    const now = nowMs();
    const isDue = instants.some((one) => one <= now);
    instants = instants.filter((one) => one > now);
    arm();
    if (isDue) ring();
  };
  return {
    at(ms) {
      if (instants.includes(ms)) return;
      const isNext = ms < (instants[0] ?? Number.POSITIVE_INFINITY);
      instants = [...instants, ms].sort((a, b) => a - b).slice(0, KEPT);
      if (isNext) arm();
    },
    stop() {
      instants = [];
      arm();
    },
  };
}
