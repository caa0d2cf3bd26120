/**
 * What PostgreSQL or a vendor's JSON reader refuses or nobody can see: NUL and other control characters (tab and line ends stay),
 * surrogates without their other half, byte order marks, zero-width spaces and marks that turn the writing direction.
 * U+200D stays: it joins emoji.
 */
const UNWANTED = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/gu;

/** CJK compatibility ideographs: NFKC would replace 神 and the like, which people have in their legal names. */
const COMPATIBILITY_IDEOGRAPHS = /([\uF900-\uFAFF\u{2F800}-\u{2FA1F}]+)/u;

const MAX_KEY_LENGTH = 300;

const HALF_WIDTH_KATAKANA = /[ぁ-ゖァ-ヾ]?[\uFF61-\uFF9F]+/g;

/** Everything people type for a hyphen or minus except ー, which is a letter of kana words. */
const HYPHENS = /[\u00AD\u2010-\u2015\u2043\u207B\u208B\u2212\u2500\u2501\uFE58\uFE63\uFF0D]/g;

/** The text of a string or number as vendors send it; undefined for everything else. Never throws. */
export function textOf(raw: unknown): string | undefined {
  if (typeof raw === 'string') return raw;
  if (typeof raw === 'bigint' || (typeof raw === 'number' && Number.isFinite(raw))) return String(raw);
  return undefined;
}

/** Removes what no field may hold (NUL, controls, lone surrogates, invisible marks) and unifies line ends. Idempotent. */
export const clean = (text: string): string => text.replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n').replace(UNWANTED, '');

/** A text of many lines without blanks at its end; undefined when nothing is left. Idempotent. */
export function normaliseText(raw: unknown): string | undefined {
  const text = textOf(raw);
  return text === undefined ? undefined : clean(text).trimEnd() || undefined;
}

/**
 * A text on one line: cleaned, half-width katakana made full-width, runs of blanks (also U+3000) made one space, trimmed;
 * undefined when nothing is left. Everything else stays as people wrote it. Idempotent.
 */
export function normaliseLine(raw: unknown): string | undefined {
  const text = textOf(raw);
  return text === undefined ? undefined : collapse(widenKana(clean(text))) || undefined;
}

/** A code or number people type: NFKC, hyphens unified, no blanks; undefined when nothing is left. Idempotent. */
export function normaliseCode(raw: unknown): string | undefined {
  const text = textOf(raw);
  if (text === undefined) return undefined;
  return untilStable(clean(text), codeStep) || undefined;
}

const codeStep = (text: string): string =>
  unifyHyphens(fold(text))
    .replace(/\s+/gu, '')
    .replace(/(?<=[0-9A-Za-z])ー(?=[0-9A-Za-z])/g, '-');

/**
 * A key for comparing: the step repeated until it changes nothing, on the first 300 characters; undefined when nothing is left.
 * The limit keeps texts made to burn time from doing so; no name or address of the real world reaches it.
 */
export function keyBy(raw: unknown, step: (text: string) => string): string | undefined {
  const text = textOf(raw);
  if (text === undefined) return undefined;
  return untilStable(text, (longer) => step(clean(longer.slice(0, MAX_KEY_LENGTH)))) || undefined;
}

/** NFKC except CJK compatibility ideographs: ㈱ → (株), Ａ → A, ｶﾞ → ガ, but a legal 神 stays. Idempotent. */
export const fold = (text: string): string =>
  text
    .split(COMPATIBILITY_IDEOGRAPHS)
    .map((part, index) => (index % 2 === 1 ? part : part.normalize('NFKC')))
    .join('');

/** Full NFKC, variation selectors dropped, lower-case, no blanks: what keys for comparing are made from. Idempotent. */
export function foldForComparing(text: string): string {
  const lower = unifyHyphens(clean(text).normalize('NFKC').toLowerCase());
  // Once more at the end: without its blank a mark may meet the letter it combines with.
  return lower.replace(/\s|\p{Variation_Selector}/gu, '').normalize('NFKC');
}

/** Repeats a step until it changes nothing, which makes it idempotent; for steps that shorten or fold. */
export function untilStable(text: string, step: (text: string) => string): string {
  let stable = text;
  for (let before: string | undefined; stable !== before; ) {
    before = stable;
    stable = step(stable);
  }
  return stable;
}

/** Half-width katakana → full-width, with its voicing marks; nothing else changes. Idempotent. */
export const widenKana = (text: string): string => text.replace(HALF_WIDTH_KATAKANA, (run) => run.normalize('NFKC'));

/** Every hyphen and minus sign → `-`; ー stays. Idempotent. */
export const unifyHyphens = (text: string): string => text.replace(HYPHENS, '-');

/** Runs of blanks → one space, trimmed. Idempotent. */
export const collapse = (text: string): string => text.replace(/\s+/gu, ' ').trim();
