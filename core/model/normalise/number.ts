import { clean, textOf, unifyHyphens } from './text.ts';

/** An amount in a currency; `amount` is a plain decimal string, `currency` an ISO 4217 code. */
export interface Money {
  readonly amount: string;
  readonly currency: string;
}

/** Longer than any number of business; guards against texts made to burn time. */
const MAX_LENGTH = 60;

const MYRIADS: Readonly<Record<string, number>> = { 千: 3, 万: 4, 億: 8, 兆: 12 };

const CURRENCY_SIGNS: readonly (readonly [RegExp, string])[] = [
  [/[¥円]|jpy|yen/i, 'JPY'],
  [/us\$|\$|usd|dollars?/i, 'USD'],
  [/€|eur|euros?/i, 'EUR'],
  [/£|gbp/i, 'GBP'],
];

/**
 * A number as a plain decimal string, as people and tools write it: full-width digits, commas, ¥ and 円, %, 万 and 億, △ or
 * brackets for minus. No exponent, no leading or trailing zeros. Undefined when it is no number. Idempotent; never throws.
 *
 * `normaliseDecimal('￥１，２００')` → `'1200'`, `normaliseDecimal('1億2,000万円')` → `'120000000'`
 */
export function normaliseDecimal(raw: unknown): string | undefined {
  // Bulk exports write large amounts as 1.0E7.
  const isScientific = typeof raw === 'string' && /^[+-]?\d+(?:\.\d+)?e[+-]?\d{1,2}$/i.test(raw);
  const text = typeof raw === 'number' || isScientific ? plain(Number(raw)) : textOf(raw);
  if (text === undefined || text.length > MAX_LENGTH) return undefined;
  const folded = unifyHyphens(clean(text).normalize('NFKC')).replace(/\s+/gu, '');
  const positive = /^(?:[△▲-]|\((?=.*\)$))(.*?)\)?$/u.exec(folded)?.[1];
  const digits = decimalOf(stripUnits(positive ?? folded));
  if (digits === undefined) return undefined;
  return positive !== undefined && digits !== '0' ? `-${digits}` : digits;
}

/** A whole number in the safe range; undefined for fractions and everything else. Idempotent. */
export function normaliseInt(raw: unknown): number | undefined {
  const text = normaliseDecimal(raw);
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isSafeInteger(value) && !text?.includes('.') ? value : undefined;
}

/**
 * An amount with its currency, from `{ amount, currency }`, a number or a text; a sign in the text (¥, $, €, £) beats
 * `defaultCurrency` (JPY). Undefined when there is no amount. Idempotent.
 */
export function normaliseMoney(raw: unknown, defaultCurrency = 'JPY'): Money | undefined {
  if (typeof raw === 'object' && raw !== null) {
    const { amount, currency } = raw as { amount?: unknown; currency?: unknown };
    return typeof amount === 'object' ? undefined : normaliseMoney(amount, currencyCode(currency) ?? defaultCurrency);
  }
  const amount = normaliseDecimal(raw);
  if (amount === undefined) return undefined;
  return { amount, currency: typeof raw === 'string' ? (signOf(raw) ?? defaultCurrency) : defaultCurrency };
}

/** Puts the parts of 1億2千万 together; undefined when a part is no number. */
function decimalOf(text: string): string | undefined {
  const parts = [...text.matchAll(/([\d,]*\.?\d*)([千万億兆]?)(万|億|兆)?/gu)].filter(([whole]) => whole !== '');
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined;
  const [first, ...more] = parts;
  if (more.length === 0 && first?.[2] === '') return tidy(first[1] ?? '');
  return sumOfParts(
    parts.map(([, digits = '', unit = '', outer = '']) => ({ digits, zeros: zerosOf(unit) + zerosOf(outer) })),
  );
}

function sumOfParts(parts: readonly { readonly digits: string; readonly zeros: number }[]): string | undefined {
  const shifted = parts.map(({ digits, zeros }) => {
    const value = tidy(digits);
    return value === undefined ? undefined : shift(value, zeros);
  });
  if (shifted.length === 1) return shifted[0];
  // Only whole parts add up: 1億2.5万 is one, 1.23456億7千 is nobody's way of writing, but exact all the same with BigInt.
  if (!shifted.every((value) => value !== undefined && /^\d+$/.test(value))) return undefined;
  return String(shifted.reduce((sum, value) => sum + BigInt(value ?? '0'), 0n));
}

const zerosOf = (unit: string): number => MYRIADS[unit] ?? 0;

/** Digits with commas as thousands → canonical; undefined when the commas stand elsewhere. */
function tidy(digits: string): string | undefined {
  if (!/^(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d*)?$/.test(digits) || !/\d/.test(digits)) return undefined;
  const [whole = '', fraction = ''] = digits.replaceAll(',', '').split('.');
  const tail = fraction.replace(/0+$/, '');
  return (whole.replace(/^0+(?=\d)/, '') || '0') + (tail && `.${tail}`);
}

/** Moves the decimal point to the right by `places`. */
function shift(value: string, places: number): string | undefined {
  const [whole = '0', fraction = ''] = value.split('.');
  return tidy(`${whole}${fraction.slice(0, places).padEnd(places, '0')}.${fraction.slice(places)}`);
}

const stripUnits = (text: string): string => {
  const bare = text.replace(/^(?:us\$|[¥$€£+]|jpy|usd|eur|gbp)|(?:円|%|¥|jpy|usd|eur|gbp|yen)$/giu, '');
  return bare.startsWith('.') && !/\d/.test(bare) ? '' : bare;
};

/** A JavaScript number without an exponent. */
function plain(value: number): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  const text = String(value);
  if (!text.includes('e')) return text;
  return Math.abs(value) >= 1 ? String(BigInt(value)) : value.toFixed(20).slice(0, MAX_LENGTH);
}

const signOf = (text: string): string | undefined => {
  const folded = text.normalize('NFKC');
  return CURRENCY_SIGNS.find(([sign]) => sign.test(folded))?.[1];
};

const currencyCode = (raw: unknown): string | undefined =>
  typeof raw === 'string' && /^[a-z]{3}$/i.test(raw.trim()) ? raw.trim().toUpperCase() : undefined;
