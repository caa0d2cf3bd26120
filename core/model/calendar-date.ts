/** Calendar dates as `YYYY-MM-DD` without a zone; computed in UTC, where every day has 24 hours. */

export const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
export type Weekday = (typeof weekdays)[number];

/** True for a date that exists, years 0001 to 9999. */
export function isCalendarDate(text: string): boolean {
  if (!/^(?!0000)\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  // V8 refuses 2026-02-30 today; the round trip does not rely on it.
  return Number.isFinite(ms) && dateAt(ms) === text;
}

/** The date of year, month (1–12) and day; undefined when there is none. */
export function calendarDate(year: number, month: number, day: number): string | undefined {
  const date = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  return isCalendarDate(date) ? date : undefined;
}

/** The date `days` later (earlier when negative). */
export const addDays = (date: string, days: number): string =>
  dateAt(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000);

/** Whole days from `from` to `to`; negative when `to` is earlier. */
export const daysBetween = (from: string, to: string): number =>
  Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);

export function weekdayOf(date: string): Weekday {
  return weekdays[new Date(`${date}T00:00:00Z`).getUTCDay()] ?? 'sunday';
}

const dateAt = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
