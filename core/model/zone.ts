import { addDays } from './calendar-date.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** An instant as a clock on the wall of a zone shows it. */
export interface LocalTime {
  /** `YYYY-MM-DD` */
  readonly date: string;
  /** Milliseconds since 00:00 on the clock, 0 to 86,399,999. */
  readonly timeMs: number;
}

/** True when the runtime knows the IANA zone, e.g. `Asia/Tokyo`. */
export function isTimeZone(timeZone: string): boolean {
  try {
    formatterOf(timeZone);
    return true;
  } catch {
    return false;
  }
}

/** What a clock in the zone shows at an instant (epoch ms). Right whatever the zone of the process. @throws RangeError for an unknown zone. */
export function localTime(ms: number, timeZone: string): LocalTime {
  const shown = ms + offsetMs(ms, timeZone);
  const dayStart = Math.floor(shown / DAY_MS) * DAY_MS;
  return { date: new Date(dayStart).toISOString().slice(0, 10), timeMs: shown - dayStart };
}

/** The calendar date of an instant in the zone, `YYYY-MM-DD`. @throws RangeError for an unknown zone. */
export const localDate = (ms: number, timeZone: string): string => localTime(ms, timeZone).date;

/**
 * The instants at which a clock in the zone shows the date and time, ascending: one as a rule, two when the hour is repeated in
 * autumn, and when it is left out in spring the one instant as if the clock had not been put forward yet.
 */
export function instantsOf(date: string, timeMs: number, timeZone: string): readonly [number, ...number[]] {
  const shown = Date.parse(`${date}T00:00:00Z`) + timeMs;
  const [before, after] = [offsetMs(shown - DAY_MS, timeZone), offsetMs(shown + DAY_MS, timeZone)];
  const [first, ...more] = [...new Set([before, after])]
    .map((offset) => shown - offset)
    .filter((ms) => ms + offsetMs(ms, timeZone) === shown)
    .sort((a, b) => a - b);
  return first === undefined ? [shown - before] : [first, ...more];
}

/** The first of `instantsOf`. */
export const instantOf = (date: string, timeMs: number, timeZone: string): number =>
  instantsOf(date, timeMs, timeZone)[0];

/** The first instant of the day after `date`. */
export const startOfNextDay = (date: string, timeZone: string): number => instantOf(addDays(date, 1), 0, timeZone);

/** Zone minus UTC at an instant; Asia/Tokyo: +9 h. */
function offsetMs(ms: number, timeZone: string): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatterOf(timeZone).formatToParts(ms)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
}

// A memo of a pure function: making a formatter costs a hundred times what using one does. As many entries as zones are named.
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formatters.set(timeZone, formatter);
  return formatter;
}
