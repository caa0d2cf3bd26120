import type { Liquid } from 'liquidjs';
import { isJsonObject, type JsonValue } from '../sdk/json.ts';

/** Named one by one: no clock, no HTML, no expressions as text, nothing that skips the escaping of a channel. */
const SAFE_FILTERS: readonly string[] = [
  'abs',
  'append',
  'at_least',
  'at_most',
  'capitalize',
  'ceil',
  'compact',
  'concat',
  'default',
  'divided_by',
  'downcase',
  'first',
  'floor',
  'join',
  'last',
  'lstrip',
  'map',
  'minus',
  'modulo',
  'number_of_words',
  'plus',
  'prepend',
  'remove',
  'remove_first',
  'replace',
  'replace_first',
  'reverse',
  'round',
  'rstrip',
  'size',
  'slice',
  'sort',
  'split',
  'squish',
  'strip',
  'strip_newlines',
  'sum',
  'times',
  'truncate',
  'uniq',
  'upcase',
  'url_encode',
  'where',
];

/** No files, no counters that outlive a render, no second way to print. */
const SAFE_TAGS: readonly string[] = ['assign', 'break', 'case', 'comment', 'continue', 'for', 'if', 'raw', 'unless'];

export const OWN_FILTERS = ['jdate', 'yen'] as const;

export const FILTER_NAMES: readonly string[] = [...SAFE_FILTERS, ...OWN_FILTERS];

export interface FilterOptions {
  readonly timeZone: string;
  readonly locale: 'ja' | 'en';
}

/** Leaves an engine only the safe tags and filters, and adds `jdate` and `yen`. */
export function restrictEngine(liquid: Liquid, options: FilterOptions): void {
  for (const name of Object.keys(liquid.filters)) if (!SAFE_FILTERS.includes(name)) liquid.unregisterFilter(name);
  for (const name of Object.keys(liquid.tags)) if (!SAFE_TAGS.includes(name)) delete liquid.tags[name];
  liquid.registerFilter('jdate', dateFilter(options));
  liquid.registerFilter('yen', yenFilter(options));
}

type Parts = Readonly<Record<string, string>>;

/**
 * `{{ deal.closedAt | jdate: 'yyyy年M月d日(E) HH:mm' }}` in the workspace's zone; a date has none and stays the day it is.
 * Letters: yyyy MM M dd d HH H mm E (day of the week). Also strftime: %Y %m %d %H %M %a, with - against padding (%-m).
 */
function dateFilter({ timeZone, locale }: FilterOptions) {
  const ofInstant = partsFormatter(timeZone, locale);
  const ofDay = partsFormatter('UTC', locale);
  return (value: unknown, format?: unknown): string | null => {
    const isDay = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value);
    const ms = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN;
    if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return null;
    const parts = isDay ? ofDay(ms) : ofInstant(ms);
    return fill(typeof format === 'string' ? format : isDay ? 'yyyy/MM/dd' : 'yyyy/MM/dd HH:mm', parts);
  };
}

function partsFormatter(timeZone: string, locale: 'ja' | 'en'): (ms: number) => Parts {
  const digits = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
  const formatter = new Intl.DateTimeFormat(locale, {
    timeZone,
    ...digits,
    weekday: 'short',
    hourCycle: 'h23',
    numberingSystem: 'latn',
  });
  return (ms) => Object.fromEntries(formatter.formatToParts(ms).map(({ type, value }) => [type, value]));
}

const LETTERS = /yyyy|MM|M|dd|d|HH|H|mm|E/g;
const STRFTIME = /%(-?)([YmdHMa])/g;

const PART_OF: Readonly<Record<string, string>> = {
  yyyy: 'year',
  M: 'month',
  d: 'day',
  H: 'hour',
  mm: 'minute',
  E: 'weekday',
  '%Y': 'year',
  '%m': 'month',
  '%d': 'day',
  '%H': 'hour',
  '%M': 'minute',
  '%a': 'weekday',
};

function fill(format: string, parts: Parts): string {
  const part = (key: string, isPadded: boolean): string => {
    const value = parts[PART_OF[key] ?? ''] ?? '';
    return isPadded ? value : value.replace(/^0(?=\d)/, '');
  };
  if (format.includes('%'))
    return format.replaceAll(STRFTIME, (_all, dash: string, letter: string) => part(`%${letter}`, dash === ''));
  return format.replaceAll(LETTERS, (letters) => {
    const isPadded = letters.length > 1;
    return part(letters in PART_OF ? letters : letters.slice(1), isPadded);
  });
}

/** `1,200,000円`, in English `¥1,200,000`; an amount in another currency keeps its own sign. */
function yenFilter({ locale }: FilterOptions) {
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  return (value: JsonValue | undefined): string | null => {
    const amount = isJsonObject(value) ? value.amount : value;
    const currency = isJsonObject(value) && typeof value.currency === 'string' ? value.currency : 'JPY';
    const figure = typeof amount === 'string' && amount.trim() !== '' ? Number(amount) : amount;
    if (typeof figure !== 'number' || !Number.isFinite(figure)) return null;
    if (currency !== 'JPY') return `${number.format(figure)} ${currency}`;
    return locale === 'ja' ? `${number.format(figure)}円` : `¥${number.format(figure)}`;
  };
}
