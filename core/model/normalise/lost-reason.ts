import type { LostReason } from '../codes.ts';
import { lostReasons } from '../codes.ts';
import { toKatakana } from './kana.ts';
import { foldForComparing, normaliseText } from './text.ts';

/** Words sales people use, tried from the top: 予算 stands before 価格 because 予算オーバー is about the budget. */
const WORDS: readonly (readonly [LostReason, RegExp])[] = [
  ['duplicate', /重複|二重登録|duplicate/],
  ['no_budget', /予算|budget|資金/],
  ['competitor', /競合|他社|コンペ|competit|相見積/],
  ['price', /価格|金額|料金|費用|高イ|高額|コスト|値段|割高|price|pricing|cost|expensive/],
  ['feature_gap', /機能|要件|仕様|スペック|feature|functionalit|requirement/],
  ['no_response', /連絡|返信|返事|音信|応答|不通|noresponse|unresponsive|ghost/],
  ['timing', /時期|タイミング|延期|先送|時間|スケジュール|納期|timing|schedule|postpone|toolate|tooearly/],
  ['no_decision', /検討中止|中止|見送|稟議|決裁|決断|社内事情|凍結|現状維持|nodecision|stalled|cancel/],
  ['no_need', /ニーズ|必要[ガハモ]?ナ|不要|課題ガナ|内製|自社開発|noneed|notneeded|nolongerneed/],
  ['relationship', /関係|付キ合イ|付合|担当者|信頼|relationship/],
];

/** A lost reason as we keep it: a code, and the text as the tool had it. */
export interface LostReasonValue {
  readonly lostReason: LostReason;
  readonly lostReasonText?: string;
}

/**
 * Reads a tool's lost reason, a code of ours, a label or free text, by the first word that is known. A text no word is known in becomes
 * `other`; the text is kept in every case but our own codes. Undefined for a blank. Never throws.
 *
 * `readLostReason('予算が取れなかった')` → `{ lostReason: 'no_budget', lostReasonText: '予算が取れなかった' }`
 */
export function readLostReason(raw: unknown): LostReasonValue | undefined {
  const text = normaliseText(raw);
  if (text === undefined) return undefined;
  const ours = lostReasons.find(({ code, label }) => [code, label.ja, label.en].includes(text));
  if (ours?.code === text) return { lostReason: ours.code };
  const key = toKatakana(foldForComparing(text));
  const found = ours?.code ?? WORDS.find(([, words]) => words.test(key))?.[0] ?? 'other';
  return { lostReason: found, lostReasonText: text };
}
