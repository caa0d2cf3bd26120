import { clean, normaliseLine, textOf } from './text.ts';

/**
 * One of the allowed codes: exact, or alike but for case, blanks and hyphens (`Closed Won` → `closed_won`). Without a list any
 * snake_case code. Undefined otherwise. Idempotent.
 */
export function normaliseEnum(raw: unknown, values?: readonly string[]): string | undefined {
  const text = textOf(raw);
  if (text === undefined) return undefined;
  const code = snake(text);
  if (!values) return /^[a-z][a-z0-9_]{0,63}$/.test(code) ? code : undefined;
  return values.find((value) => value === text) ?? values.find((value) => snake(value) === code);
}

/**
 * Distinct entries, sorted, from a list or a text with `;` between them (how pick lists of several choices are exported). With a list
 * of allowed codes others are dropped. Undefined when nothing is left. Idempotent.
 */
export function normaliseEnumSet(raw: unknown, values?: readonly string[]): readonly string[] | undefined {
  const entries: readonly unknown[] = Array.isArray(raw) ? raw : (textOf(raw)?.split(';') ?? []);
  const codes = entries.map((entry) =>
    values ? normaliseEnum(entry, values) : normaliseLine(entry)?.replaceAll(';', ''),
  );
  const distinct = [...new Set(codes.filter((code) => code !== undefined && code !== ''))].sort() as string[];
  return distinct.length > 0 ? distinct : undefined;
}

const snake = (text: string): string =>
  clean(text)
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/gu, '_');
