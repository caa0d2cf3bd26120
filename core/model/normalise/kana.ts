import { clean, collapse, fold, textOf, unifyHyphens, untilStable } from './text.ts';

/** Hiragana and katakana stand 0x60 apart in Unicode: ぁ U+3041 … ゖ U+3096, ゝゞ U+309D, U+309E. */
const HIRAGANA_TO_KATAKANA = 0x60;

/**
 * The reading of a name in full-width katakana: half-width → full-width, hiragana → katakana, any hyphen after a kana → ー.
 * Other characters stay; undefined when nothing is left. Idempotent.
 *
 * `normaliseKana('ﾀﾅｶ たろう')` → `'タナカ タロウ'`
 */
export function normaliseKana(raw: unknown): string | undefined {
  const text = textOf(raw);
  if (text === undefined) return undefined;
  return untilStable(clean(text), (kana) => collapse(lengthen(toKatakana(composeVoicing(fold(kana)))))) || undefined;
}

/** Hiragana → katakana, all else unchanged. Idempotent. */
export const toKatakana = (text: string): string =>
  text.replace(/[ぁ-ゖゝゞ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) + HIRAGANA_TO_KATAKANA));

/** か゛ typed with a spacing mark (NFKC makes it space + combining mark) → が. */
const composeVoicing = (text: string): string =>
  text.replace(/([ぁ-ゖァ-ヺ]) ?([\u3099\u309A])/g, (_, kana: string, mark: string) => (kana + mark).normalize('NFC'));

const lengthen = (text: string): string =>
  unifyHyphens(text).replace(/(?<=[ァ-ヺー])-+/g, (hyphens) => 'ー'.repeat(hyphens.length));
