import { foldForComparing, textOf } from './text.ts';

const TRUE = new Set([
  'true',
  '1',
  'yes',
  'y',
  'on',
  'はい',
  '有',
  '有り',
  'あり',
  '可',
  '○',
  '〇',
  '済',
  '同意',
  '同意する',
  '希望する',
]);
const FALSE = new Set([
  'false',
  '0',
  'no',
  'n',
  'off',
  'いいえ',
  '無',
  '無し',
  'なし',
  '不可',
  '×',
  '✕',
  '未',
  '同意しない',
  '希望しない',
]);

/** True or false as tools and forms write them; undefined when it says neither. Idempotent. */
export function normaliseBool(raw: unknown): boolean | undefined {
  if (typeof raw === 'boolean') return raw;
  const word = foldForComparing(textOf(raw) ?? '');
  if (TRUE.has(word)) return true;
  return FALSE.has(word) ? false : undefined;
}
