/** Times of day as operators write them, `HH:MM`, and spans of them, `21:00-09:00`. */

const DAY_MS = 86_400_000;

/** A span of the day in ms since 00:00, `fromMs` included, `toMs` not. `fromMs > toMs` goes over midnight. */
export interface ClockSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** `HH:MM` in milliseconds since 00:00; undefined when it is no time. `24:00` is the end of the day. */
export function parseClockTime(text: unknown): number | undefined {
  const [, hours = '', minutes = ''] =
    typeof text === 'string' ? (/^(\d{1,2}):([0-5]\d)$/.exec(text.trim()) ?? []) : [];
  const ms = Number(hours) * 3_600_000 + Number(minutes) * 60_000;
  return hours !== '' && ms <= DAY_MS ? ms : undefined;
}

/** `HH:MM-HH:MM` as a span; undefined when it is none or has no length (`09:00-09:00`). */
export function parseClockSpan(text: unknown): ClockSpan | undefined {
  const [from, to, ...more] = typeof text === 'string' ? text.split('-').map(parseClockTime) : [];
  if (from === undefined || to === undefined || more.length > 0 || from === to || from === DAY_MS) return undefined;
  return { fromMs: from, toMs: to };
}

/** True when the span holds the time of day. */
export const spanHolds = ({ fromMs, toMs }: ClockSpan, timeMs: number): boolean =>
  fromMs < toMs ? timeMs >= fromMs && timeMs < toMs : timeMs >= fromMs || timeMs < toMs;
