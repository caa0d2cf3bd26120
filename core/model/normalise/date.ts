import { calendarDate } from '../calendar-date.ts';
import { instantOf, localDate } from '../zone.ts';
import { DEFAULT_TIME_ZONE, type NormaliseContext } from './context.ts';
import { kanjiToDigits } from './kanji-number.ts';
import { clean, collapse, textOf, unifyHyphens } from './text.ts';

/** First year of each era. https://www.ndl.go.jp/koyomi/appendix/ */
const ERAS: Readonly<Record<string, number>> = {
  明治: 1868,
  M: 1868,
  大正: 1912,
  T: 1912,
  昭和: 1926,
  S: 1926,
  平成: 1989,
  H: 1989,
  令和: 2019,
  R: 2019,
};

const ERA_DATE =
  /^(明治|大正|昭和|平成|令和|[MTSHR])\s*(元|\d{1,2})\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})(?!\d)\s*日?/iu;
const YEAR_DATE = /^(\d{4})\s*(?:年\s*(\d{1,2})\s*月\s*(\d{1,2})(?!\d)\s*日?|([/.-])\s?(\d{1,2})\4\s?(\d{1,2})(?!\d))/u;
const COMPACT_DATE = /^(\d{4})(\d{2})(\d{2})(?=T|\s|$)/u;
const WEEKDAY = /^\s*(?:\([日月火水木金土]\)|[日月火水木金土]曜日?)/u;
const TIME =
  /^[T\s]*(午前|午後)?\s*(\d{1,2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?|時(?:(\d{1,2})分)?(?:(\d{1,2})秒)?)\s*([ap]m)?\s*(z|utc|gmt|jst|[+-]\d{2}:?(?:\d{2})?)?$/iu;

/** What `YYYY-MM-DD` can say in every zone. */
const FIRST_MS = Date.parse('0001-01-02T00:00:00Z');
const LAST_MS = Date.parse('9999-12-30T00:00:00Z');

/**
 * A calendar date `YYYY-MM-DD`. Reads `2026-09-01`, `2026/9/1`, `20260901`, `2026年9月1日`, `令和8年9月1日`, `R8.9.1`, kanji numbers, a
 * weekday after it. A time without an offset is dropped; an instant (offset, Z or epoch ms) becomes the date in the context's zone.
 * Undefined when there is no such date; `9/1/2026` is undefined because nobody can tell the month. Idempotent; never throws.
 */
export function normaliseDate(raw: unknown, context: NormaliseContext = {}): string | undefined {
  if (isInstant(raw) && !isCompactDate(raw)) return localDate(Number(raw), zoneOf(context));
  const read = readDate(raw);
  if (!read) return undefined;
  const time = readTime(read.rest);
  if (read.rest !== '' && !time) return undefined;
  if (time?.offsetMs === undefined) return read.date;
  return localDate(startOf(read.date) + time.timeMs - time.offsetMs, zoneOf(context));
}

/**
 * An instant in epoch milliseconds. Reads what `normaliseDate` reads with a time after it, epoch ms as number or 12–13 digits, and a
 * Date; without an offset it is a time in the context's zone, a date alone is its 00:00 there. Undefined otherwise. Idempotent.
 */
export function normaliseDateTime(raw: unknown, context: NormaliseContext = {}): number | undefined {
  if (isInstant(raw)) return Math.trunc(Number(raw));
  const read = readDate(raw);
  if (!read) return undefined;
  const time = read.rest === '' ? { timeMs: 0, offsetMs: undefined } : readTime(read.rest);
  if (!time) return undefined;
  if (time.offsetMs !== undefined) return startOf(read.date) + time.timeMs - time.offsetMs;
  return instantOf(read.date, time.timeMs, zoneOf(context));
}

function readDate(raw: unknown): { readonly date: string; readonly rest: string } | undefined {
  const text = textOf(raw);
  if (text === undefined || text.length > 100) return undefined;
  const folded = kanjiToDigits(collapse(unifyHyphens(clean(text).normalize('NFKC'))));
  const [matched, date] = readEraDate(folded) ?? readYearDate(folded) ?? [];
  if (matched === undefined || date === undefined) return undefined;
  return { date, rest: folded.slice(matched.length).replace(WEEKDAY, '').trim() };
}

function readEraDate(text: string): readonly [string, string | undefined] | undefined {
  const [matched, era = '', year, month, day] = ERA_DATE.exec(text) ?? [];
  const firstYear = ERAS[era.toUpperCase()];
  if (matched === undefined || firstYear === undefined) return undefined;
  const count = year === '元' ? 1 : Number(year);
  return [matched, count === 0 ? undefined : calendarDate(firstYear + count - 1, Number(month), Number(day))];
}

function readYearDate(text: string): readonly [string, string | undefined] | undefined {
  const found = YEAR_DATE.exec(text) ?? COMPACT_DATE.exec(text);
  if (!found) return undefined;
  const [year, month, day] = found.slice(1).filter((part) => part !== undefined && /^\d+$/.test(part));
  return [found[0], calendarDate(Number(year), Number(month), Number(day))];
}

function readTime(text: string): { readonly timeMs: number; readonly offsetMs: number | undefined } | undefined {
  const found = TIME.exec(text);
  if (!found) return undefined;
  const [, japanese, hour, minute, second, fraction = '', minuteJa, secondJa, english, offset] = found;
  const hours = hourOf(
    Number(hour),
    japanese === '午後' || english?.toLowerCase() === 'pm',
    Boolean(japanese ?? english),
  );
  const minutes = Number(minute ?? minuteJa ?? 0);
  const seconds = Number(second ?? secondJa ?? 0);
  if (hours === undefined || minutes > 59 || seconds > 59) return undefined;
  const timeMs = (hours * 60 + minutes) * 60_000 + seconds * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3));
  return { timeMs, offsetMs: offset === undefined ? undefined : offsetOf(offset) };
}

function hourOf(hour: number, isAfternoon: boolean, isHalfDay: boolean): number | undefined {
  if (!isHalfDay) return hour < 24 ? hour : undefined;
  return hour > 12 ? undefined : (hour % 12) + (isAfternoon ? 12 : 0);
}

function offsetOf(offset: string): number {
  if (/^jst$/i.test(offset)) return 9 * 3_600_000;
  const [, sign, hours = 0, minutes = 0] = /^([+-])(\d{2}):?(\d{2})?$/.exec(offset) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function isInstant(raw: unknown): boolean {
  if (raw instanceof Date) return isInRange(raw.getTime());
  if (typeof raw === 'string' && /^\s*\d{12,13}\s*$/.test(raw)) return isInRange(Number(raw));
  return typeof raw === 'number' && isInRange(raw);
}

/** The number 20260901 in a date field is that date: as epoch ms it would be the morning of 1970-01-01. */
const isCompactDate = (raw: unknown): boolean =>
  typeof raw === 'number' && readYearDate(String(raw))?.[1] !== undefined;

const isInRange = (ms: number): boolean => ms >= FIRST_MS && ms <= LAST_MS;

const startOf = (date: string): number => Date.parse(`${date}T00:00:00Z`);

const zoneOf = ({ timeZone = DEFAULT_TIME_ZONE }: NormaliseContext): string => timeZone;
