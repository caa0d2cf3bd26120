import holidays from '@holiday-jp/holiday_jp/lib/holidays.js';
import { addDays, isCalendarDate, type Weekday, weekdayOf } from './calendar-date.ts';
import { type ClockSpan, parseClockSpan, parseClockTime, spanHolds } from './clock-time.ts';
import { instantOf, instantsOf, isTimeZone, localTime, startOfNextDay } from './zone.ts';

/** As the operator writes it in musubi.yaml. */
export interface CalendarSettings {
  /** IANA name, e.g. `Asia/Tokyo`. */
  readonly timeZone: string;
  /** `HH:MM-HH:MM`, default `09:00-18:00`; may go over midnight. */
  readonly businessHours?: string;
  /** Dates `YYYY-MM-DD` that count as public holidays, e.g. the company's own. */
  readonly extraHolidays?: readonly string[];
}

export type QuietDay = Weekday | 'holiday';

export interface QuietTimes {
  /** `HH:MM-HH:MM`, the end not included; may go over midnight. */
  readonly quietHours?: string;
  readonly quietDays?: readonly QuietDay[];
}

/** The calendar of a workspace: what its days and hours are. The functions below it step through time by it. */
export interface Calendar {
  readonly timeZone: string;
  /** The calendar date of an instant, `YYYY-MM-DD`. */
  readonly localDate: (ms: number) => string;
  /** Japanese public holidays and extra holidays; data up to 2050-11-23. */
  readonly isHoliday: (date: string) => boolean;
  /** Name of the public holiday in both languages; undefined on other days and extra holidays. */
  readonly holidayName: (date: string) => { readonly ja: string; readonly en: string } | undefined;
  /** Monday to Friday that is no holiday (B1). */
  readonly isBusinessDay: (date: string) => boolean;
  /** Within business hours of a business day: 09:00:00 is, 18:00:00 is not. */
  readonly isBusinessHours: (ms: number) => boolean;
  /** The instant the clock shows `time` (`HH:MM`) on `date`. @throws RangeError when either cannot be read. */
  readonly at: (date: string, time: string) => number;
}

/** At most three steps a day (quiet day, end of the hours, midnight), for a year. */
const MAX_QUIET_STEPS = 3 * 366;

/**
 * Makes the calendar of a workspace. All its functions are pure and right in any process zone.
 * @throws RangeError when a setting cannot be read; `isTimeZone` and `parseClockSpan` check beforehand.
 */
export function createCalendar(settings: CalendarSettings): Calendar {
  const { timeZone } = settings;
  if (!isTimeZone(timeZone)) throw new RangeError(`unknown time zone "${timeZone}"`);
  const businessHours = spanOf(settings.businessHours ?? '09:00-18:00');
  const extraHolidays = new Set(settings.extraHolidays?.map(dateOf));

  const isHoliday = (date: string): boolean => publicHoliday(date) !== undefined || extraHolidays.has(date);
  const isBusinessDay = (date: string): boolean => !isWeekend(date) && !isHoliday(date);

  return {
    timeZone,
    localDate: (ms) => localTime(ms, timeZone).date,
    isHoliday,
    holidayName: publicHoliday,
    isBusinessDay,
    isBusinessHours: (ms) => {
      const { date, timeMs } = localTime(ms, timeZone);
      return isBusinessDay(dayOfSpan(businessHours, date, timeMs)) && spanHolds(businessHours, timeMs);
    },
    at: (date, time) => instantOf(dateOf(date), timeOf(time), timeZone),
  };
}

/**
 * The instant `days` business days later (earlier when negative) at the same time of day, also over a change of clocks; 0 gives `ms`.
 * From a holiday the first business day later is day one.
 */
export function addBusinessDays(ms: number, days: number, calendar: Calendar): number {
  return shiftDate(ms, (date) => stepDays(date, days, calendar.isBusinessDay), calendar);
}

/** The instant `days` calendar days later (earlier when negative) at the same time of day, also over a change of clocks. */
export const addCalendarDays = (ms: number, days: number, calendar: Calendar): number =>
  shiftDate(ms, (date) => addDays(date, days), calendar);

/**
 * The earliest instant ≥ `ms` whose time of day is `time` (`HH:MM`), on any day or on a business day.
 * @throws RangeError when `time` cannot be read.
 */
export function nextLocalTime(
  ms: number,
  time: string,
  calendar: Calendar,
  options: { readonly days?: 'any' | 'business' } = {},
): number {
  const timeMs = timeOf(time);
  for (let date = calendar.localDate(ms); ; date = addDays(date, 1)) {
    const fits = options.days !== 'business' || calendar.isBusinessDay(date);
    const instant = fits ? instantsOf(date, timeMs, calendar.timeZone).find((one) => one >= ms) : undefined;
    if (instant !== undefined) return instant;
  }
}

/**
 * The earliest instant ≥ `ms` outside quiet hours and quiet days (B3); `ms` itself when it is allowed. Deferring twice changes nothing.
 * @throws RangeError when the hours cannot be read or leave no allowed time within a year.
 */
export function nextAllowed(ms: number, { quietHours, quietDays = [] }: QuietTimes, calendar: Calendar): number {
  const hours = quietHours === undefined ? undefined : spanOf(quietHours);
  const isQuietDay = (date: string): boolean =>
    quietDays.includes(weekdayOf(date)) || (quietDays.includes('holiday') && calendar.isHoliday(date));
  let instant = ms;
  for (let steps = 0; steps < MAX_QUIET_STEPS; steps++) {
    const { date, timeMs } = localTime(instant, calendar.timeZone);
    if (isQuietDay(date)) instant = startOfNextDay(date, calendar.timeZone);
    else if (hours && spanHolds(hours, timeMs)) instant = endOfSpan(instant, date, hours, calendar.timeZone);
    else return instant;
  }
  throw new RangeError('quiet hours and days leave no allowed time within a year');
}

function shiftDate(ms: number, shift: (date: string) => string, { timeZone }: Calendar): number {
  const { date, timeMs } = localTime(ms, timeZone);
  const shifted = shift(date);
  return shifted === date ? ms : instantOf(shifted, timeMs, timeZone);
}

/** A shift over midnight belongs to the day it began. */
const dayOfSpan = ({ fromMs, toMs }: ClockSpan, date: string, timeMs: number): string =>
  fromMs > toMs && timeMs < toMs ? addDays(date, -1) : date;

const isWeekend = (date: string): boolean => ['saturday', 'sunday'].includes(weekdayOf(date));

/** Looked up by our own date string: the library's functions read the date in the zone of the process. */
function publicHoliday(date: string): { readonly ja: string; readonly en: string } | undefined {
  const table: Readonly<Record<string, { readonly name: string; readonly name_en: string }>> = holidays;
  const found = Object.hasOwn(table, date) ? table[date] : undefined;
  return found && { ja: found.name, en: found.name_en };
}

function stepDays(date: string, days: number, counts: (date: string) => boolean): string {
  const step = Math.sign(days);
  let stepped = date;
  for (let left = Math.abs(Math.trunc(days)); left > 0; ) {
    stepped = addDays(stepped, step);
    if (counts(stepped)) left -= 1;
  }
  return stepped;
}

/** The next instant the quiet hours end, or the next day begins if that comes first: its quiet days are looked at anew. */
function endOfSpan(ms: number, date: string, { toMs }: ClockSpan, timeZone: string): number {
  const ends = instantsOf(date, toMs, timeZone).filter((instant) => instant > ms);
  return Math.min(...ends, startOfNextDay(date, timeZone));
}

function spanOf(text: string): ClockSpan {
  const span = parseClockSpan(text);
  if (!span) throw new RangeError(`"${text}" is no span of the day: write it as "09:00-18:00"`);
  return span;
}

function timeOf(text: string): number {
  const ms = parseClockTime(text);
  if (ms === undefined) throw new RangeError(`"${text}" is no time of day: write it as "10:00"`);
  return ms;
}

function dateOf(text: string): string {
  if (!isCalendarDate(text)) throw new RangeError(`"${text}" is no date: write it as "2026-12-29"`);
  return text;
}
