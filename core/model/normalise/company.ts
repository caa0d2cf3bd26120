import { foldKanjiVariants } from './kanji-variants.ts';
import { foreignForms, legalForms } from './legal-forms.ts';
import { clean, collapse, fold, foldForComparing, keyBy, normaliseLine, textOf } from './text.ts';

/** A company name without its 法人格. `position`: 前株 is `before`, 後株 is `after`. */
export interface CompanyParts {
  readonly name: string;
  readonly legalForm?: string;
  readonly position?: 'before' | 'after';
}

/** Longer texts are no names; looking for a 法人格 at their end would take quadratic time. */
const MAX_NAME_LENGTH = 1000;

/** How two company names are alike: `same` as written (blanks and width aside), `legal_form` once 法人格 and 異体字 are read alike. */
export type CompanyMatch = 'same' | 'legal_form';

/** A company name as people wrote it: one line, half-width katakana made full-width. Idempotent. */
export const normaliseCompanyName = (raw: unknown): string | undefined => normaliseLine(raw);

/**
 * A company name and its 法人格, whatever way that is written (㈱, (株), 株式会社, カ）, K.K.), before or after the name. Undefined when
 * there is no name. Names in Latin letters lose `Co., Ltd.`, `Inc.` and the like, which name no 法人格.
 *
 * `splitCompanyName('㈱サンプル')` → `{ name: 'サンプル', legalForm: '株式会社', position: 'before' }`
 */
export function splitCompanyName(raw: unknown): CompanyParts | undefined {
  const text = textOf(raw);
  const name = text === undefined ? '' : collapse(modernise(fold(clean(text))));
  if (name === '') return undefined;
  if (name.length > MAX_NAME_LENGTH) return { name };
  const before = BEFORE.exec(name);
  if (before) return partsOf(before[2], before[1], 'before');
  const after = AFTER.exec(name);
  return after ? partsOf(after[1], after[2], 'after') : { name: dropForeignForm(name) };
}

/**
 * What two spellings of one company share: no 法人格, NFKC, 異体字 folded, no blanks or marks, lower-case. Undefined when nothing is
 * left. Idempotent. Two companies that differ only in 法人格 share the key: `compareCompanies` decides.
 */
export const keyOfCompany = (raw: unknown): string | undefined =>
  // Some names carry two forms (株式会社 … Inc.): keyBy peels until nothing changes.
  keyBy(raw, (name) => bare(splitCompanyName(name)?.name ?? ''));

/** How two company names are alike; undefined when they are not, or when both name a 法人格 and these differ. */
export function compareCompanies(left: unknown, right: unknown): CompanyMatch | undefined {
  const key = keyOfCompany(left);
  if (key === undefined || key !== keyOfCompany(right)) return undefined;
  const [formA, formB] = [splitCompanyName(left)?.legalForm, splitCompanyName(right)?.legalForm];
  if (formA !== undefined && formB !== undefined && formA !== formB) return undefined;
  return foldForComparing(String(left)) === foldForComparing(String(right)) ? 'same' : 'legal_form';
}

const withoutDots = (text: string): string => text.replace(/[\s.]+/gu, '').toLowerCase();

/** Every way to write a 法人格, without brackets, dots and blanks → its name. */
const FORM_NAMES: ReadonlyMap<string, string> = new Map(
  legalForms.flatMap(({ name, alias = name, bracketed = [], latin = [], bank = name }) =>
    [name, alias, ...bracketed, ...latin, bank].map((written) => [withoutDots(written), name] as const),
  ),
);

const longestFirst = (words: readonly string[]): string => [...words].sort((a, b) => b.length - a.length).join('|');

const WHOLE = longestFirst(legalForms.flatMap(({ name, alias = name }) => [name, alias]));
const BRACKETED = `[([〔【]\\s*(?:${longestFirst(legalForms.flatMap(({ bracketed = [] }) => bracketed))})\\s*[)\\]〕】]`;
const LATIN = longestFirst(legalForms.flatMap(({ latin = [] }) => latin))
  .replaceAll('.', '\\.?')
  .replaceAll(' ', '\\s*');
const BANK = legalForms.flatMap(({ bank = [] }) => bank).join('|');

const BEFORE = new RegExp(`^(${WHOLE}|${BRACKETED}|\\(?(?:${BANK})\\)|(?:${LATIN})(?=[\\s.,]))[\\s.,・]*(.*)$`, 'iu');
const AFTER = new RegExp(`^(.+?)[\\s,・]*(${WHOLE}|${BRACKETED}|\\((?:${BANK})\\)?|(?<=[\\s,])(?:${LATIN}))$`, 'iu');
const FOREIGN = new RegExp(
  `^(.+?)[\\s,.]+(?:${foreignForms.map((words) => words.replaceAll(' ', '[\\s.,]*')).join('|')})[\\s.]*$`,
  'iu',
);

/** A text that is nothing but a 法人格 stays a name: something must be left to show. */
function partsOf(rest: string | undefined, written: string | undefined, position: 'before' | 'after'): CompanyParts {
  const legalForm = FORM_NAMES.get(withoutDots((written ?? '').replace(/[()[\]〔〕【】]/g, '')));
  if (!rest) return { name: written ?? '' };
  return { name: dropForeignForm(rest), ...(legalForm === undefined ? {} : { legalForm, position }) };
}

/** Old spellings NFKC leaves alone. */
const modernise = (name: string): string =>
  name.replaceAll('會社', '会社').replaceAll('社團', '社団').replaceAll('財團', '財団');

/** Only after a blank, comma or dot: サンプルinc is a name. */
const dropForeignForm = (name: string): string => FOREIGN.exec(name)?.[1]?.trim() ?? name;

const bare = (name: string): string =>
  foldKanjiVariants(foldForComparing(name))
    .replace(/(?<=[ァ-ヺー])-/gu, 'ー')
    .replace(/(?![&+])[\p{P}\p{S}]/gu, '')
    .replace(/(?<=[a-z0-9])ー(?=[a-z0-9])/gu, '');
