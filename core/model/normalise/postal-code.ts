import { clean, fold, textOf, unifyHyphens } from './text.ts';

/**
 * A postal code: seven digits become `123-4567` (〒, blanks and any hyphen are dropped); a foreign code is kept in capitals.
 * Undefined when it is none. Idempotent.
 */
export function normalisePostalCode(raw: unknown): string | undefined {
  const text = textOf(raw);
  if (text === undefined) return undefined;
  const code = unifyHyphens(fold(clean(text)))
    .replace(/ー/g, '-')
    .replace(/^\s*〒/u, '')
    .trim()
    .toUpperCase();
  const digits = code.replace(/[\s-]/gu, '');
  if (/^\d{7}$/.test(digits)) return `${digits.slice(0, 3)}-${digits.slice(3)}`;
  return /^(?=.*\d)[A-Z0-9](?:[A-Z0-9 -]{1,8}[A-Z0-9])$/.test(code) ? code.replace(/\s+/gu, ' ') : undefined;
}
