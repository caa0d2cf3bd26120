import { clean, fold, textOf, unifyHyphens } from './text.ts';

/**
 * A 法人番号: 13 digits whose first is the check digit; blanks, hyphens and the T of an invoice number are dropped. Undefined when it
 * is none. Idempotent.
 */
export function normaliseCorporateNumber(raw: unknown): string | undefined {
  const text = textOf(raw);
  const digits = text === undefined ? '' : unifyHyphens(fold(clean(text))).replace(/^\s*T(?=\d)|[\s-]+/gu, '');
  return /^\d{13}$/.test(digits) && Number(digits[0]) === checkDigit(digits.slice(1)) ? digits : undefined;
}

/**
 * 9 minus the remainder by 9 of the digits weighted 1, 2, 1, 2 … from the right.
 * https://www.houjin-bangou.nta.go.jp/documents/checkdigit.pdf
 */
function checkDigit(base: string): number {
  const weighted = [...base].reverse().map((digit, index) => Number(digit) * (index % 2 === 0 ? 1 : 2));
  return 9 - (weighted.reduce((sum, value) => sum + value, 0) % 9);
}
