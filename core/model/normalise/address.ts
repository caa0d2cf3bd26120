import { kanjiToDigits } from './kanji-number.ts';
import { foldKanjiVariants } from './kanji-variants.ts';
import { clean, collapse, fold, foldForComparing, keyBy, textOf, unifyHyphens } from './text.ts';

/** A line of an address: NFKC, one space for blanks, `-` between numbers whatever hyphen was typed. Idempotent. */
export function normaliseAddress(raw: unknown): string | undefined {
  const text = textOf(raw);
  return text === undefined ? undefined : hyphenateNumbers(collapse(fold(clean(text)))) || undefined;
}

/**
 * What two spellings of one address share: 1丁目2番3号, 一丁目２－３ and 1-2-3 are the same, blanks and 大字 dropped, 異体字 folded. Undefined when
 * nothing is left. Idempotent. It reads spelling only: whether the place exists is not checked.
 */
export const keyOfAddress = (raw: unknown): string | undefined => keyBy(raw, addressKeyStep);

function addressKeyStep(text: string): string {
  const folded = foldKanjiVariants(hyphenateNumbers(foldForComparing(text))).replace(/大字|[,、。・]/gu, '');
  return folded
    .replace(/[〇零一二三四五六七八九十]+(?=丁目|番|号)/gu, kanjiToDigits)
    .replace(/(?<=\d)(?:丁目|番地の?|番|号室?|の(?=\d))/gu, '-')
    .replace(/(?<=[ァ-ヶ一-鿿])[ヶヵがケ](?=[一-鿿])/gu, 'ケ')
    .replace(/-+/g, '-')
    .replace(/-(?!\d)/g, '');
}

const hyphenateNumbers = (text: string): string => unifyHyphens(text).replace(/(?<=\d)\s*[-ー]\s*(?=\d)/gu, '-');
