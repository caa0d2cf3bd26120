const DIGITS = '〇一二三四五六七八九';
const RUN = /[〇零一二三四五六七八九十]+/gu;

/** Kanji numbers below 100, or digit by digit (二〇二六), → digits; used before a counter such as 年 or 丁目. Idempotent. */
export const kanjiToDigits = (text: string): string =>
  text.replace(RUN, (run) => digitsOf(run.replaceAll('零', '〇')) ?? run);

function digitsOf(run: string): string | undefined {
  if (!run.includes('十')) return Array.from(run, digitOf).join('');
  const found = /^([一二三四五六七八九]?)十([一二三四五六七八九]?)$/u.exec(run);
  return found ? `${found[1] ? digitOf(found[1]) : 1}${found[2] ? digitOf(found[2]) : 0}` : undefined;
}

const digitOf = (kanji: string): number => Math.max(DIGITS.indexOf(kanji), 0);
