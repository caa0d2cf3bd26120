import { toKatakana } from './kana.ts';
import { foldKanjiVariants } from './kanji-variants.ts';
import { foldForComparing, keyBy, normaliseLine } from './text.ts';

/** A person's name; either part may be missing. */
export interface NameParts {
  readonly lastName?: string | undefined;
  readonly firstName?: string | undefined;
}

/**
 * How two names are alike: `same` as written (blanks and width aside), `variant` 異体字 only, `kana` hiragana and katakana only,
 * `swapped` family and given name exchanged.
 */
export type NameMatch = 'same' | 'variant' | 'kana' | 'swapped';

const HONORIFICS = /(?<=.{2})(?:様|さま|サマ|さん|殿|御中|先生|氏)$/u;
const LATIN_ONLY = /^[\p{Script=Latin}\s.,'’-]+$/u;

/** A name as people wrote it: one line, half-width katakana made full-width, kanji untouched. Idempotent. */
export const normaliseName = (raw: unknown): string | undefined => normaliseLine(raw);

/**
 * A full name in its parts. Japanese names stand family name first; without a blank the whole is the family name. A name in Latin
 * letters stands given name first unless a comma (`Yamada, Taro`) or capitals (`YAMADA Taro`) say otherwise.
 *
 * `splitFullName('山田　太郎')` → `{ lastName: '山田', firstName: '太郎' }`
 */
export function splitFullName(raw: unknown): NameParts {
  const name = normaliseLine(raw)?.replace(/ (?:様|さま|さん|殿|御中|先生|氏)$/u, '');
  if (name === undefined) return {};
  const comma = /^([^,、]+)[,、]\s*(.+)$/u.exec(name);
  if (comma) return { lastName: comma[1]?.trim(), firstName: comma[2] };
  const [first = '', ...rest] = name.split(' ');
  if (rest.length === 0) return { lastName: first };
  if (!LATIN_ONLY.test(name) || (isCapitals(first) && !rest.every(isCapitals))) {
    return { lastName: first, firstName: rest.join(' ') };
  }
  return { lastName: rest.at(-1), firstName: [first, ...rest.slice(0, -1)].join(' ') };
}

/** The parts as one name in Japanese order, joined with a space; undefined when both are missing. */
export const joinName = ({ lastName, firstName }: NameParts): string | undefined =>
  normaliseLine([lastName, firstName].filter((part) => part !== undefined).join(' '));

/** The parts in each other's place, for forms that were filled in the wrong order. */
export const swapName = ({ lastName, firstName }: NameParts): NameParts => ({
  lastName: firstName,
  firstName: lastName,
});

/**
 * What equal names share (P3): NFKC, 異体字 folded, no blanks or middle dots, lower-case, honorifics dropped, 々 written out.
 * Undefined when nothing is left. Idempotent. Hiragana and katakana stay apart: さくら and サクラ are two spellings.
 */
export const keyOfName = (raw: unknown): string | undefined =>
  keyBy(raw, (name) => writeOut(foldKanjiVariants(bareName(name))));

/** How two names are alike, the strongest first; undefined when they are not. Full and split names compare alike. */
export function compareNames(left: NameParts, right: NameParts): NameMatch | undefined {
  const [a, b] = [joinName(left), joinName(right)];
  const [keyA, keyB] = [keyOfName(a), keyOfName(b)];
  if (a === undefined || b === undefined || keyA === undefined || keyB === undefined) return undefined;
  if (keyA === keyB) return plainKey(a) === plainKey(b) ? 'same' : 'variant';
  if (toKatakana(keyA) === toKatakana(keyB)) return 'kana';
  const isComplete = right.firstName !== undefined && right.lastName !== undefined;
  return isComplete && keyA === keyOfName(joinName(swapName(right))) ? 'swapped' : undefined;
}

const plainKey = (name: string): string | undefined => keyBy(name, bareName);

const bareName = (name: string): string =>
  foldForComparing(name)
    .replace(/[・･.,、，'’]/gu, '')
    .replace(HONORIFICS, '');

/** 佐々木 → 佐佐木, ヶ → ケ (関ヶ原). */
const writeOut = (name: string): string =>
  name
    .replace(/(.)([々〻]+)/gu, (_, kanji: string, marks: string) => kanji.repeat(marks.length + 1))
    .replace(/[ヶヵ]/g, (kana) => (kana === 'ヶ' ? 'ケ' : 'カ'));

const isCapitals = (word: string): boolean =>
  word.length > 1 && word === word.toUpperCase() && word !== word.toLowerCase();
