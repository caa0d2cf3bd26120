import type { Terminal } from './terminal.ts';

type Wording = readonly [ja: string, en: string];

/** What a code of a dead letter means for the operator. A tool's own codes speak by their recorded reason. */
const REASONS: Readonly<Record<string, Wording>> = {
  action_gone: [
    'その接続またはアクションが musubi.yaml にもうありません。',
    'The connection or the action is no longer in musubi.yaml.',
  ],
  answer_lost: [
    '相手のツールから応答がなく、届いたかどうか分かりません。',
    'The tool gave no answer, so nobody knows whether it arrived.',
  ],
  connection_gone: ['この接続は musubi.yaml にもうありません。', 'The connection is no longer in musubi.yaml.'],
  forbidden: ['認証情報の権限が足りません。', 'The credentials lack a right.'],
  invalid_input: ['ルールの作った内容をアクションが受け付けません。', 'The action does not take what the rule made.'],
  missing_value: ['文面に差し込む値がありません。', 'A value that the text needs is missing.'],
  no_recipient: ['宛先が見つかりません。', 'There is nobody to send it to.'],
  not_applied: ['データベースへの反映に繰り返し失敗しました。', 'It failed repeatedly while being applied.'],
  rate_limited: ['レート制限が長く続きました。', 'The tool kept limiting the rate.'],
  refused: ['相手のツールが内容を拒否しました。', 'The tool refuses the request.'],
  template_failed: ['文面を作れませんでした。', 'The text could not be made.'],
  unauthorized: ['認証情報が拒否されました。', 'The tool refuses the credentials.'],
  unreadable_event: ['イベントの内容を読み取れません。', 'The event cannot be read.'],
  vendor_unavailable: ['相手のツールが長く停止していました。', 'The tool was down for too long.'],
  vendor_unreachable: ['相手のツールに接続できませんでした。', 'The tool could not be reached.'],
};

/** A code in plain words; without any, the reason as it was recorded. */
export function plainReason(code: string, recorded: string | null, { pick }: Terminal): string {
  const wording = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  return wording ? pick(...wording) : (recorded ?? code);
}

/** What may happen when an effect with a lost answer is sent again, by its class. */
const RISKS: Readonly<Record<'A' | 'B' | 'C' | 'D', Wording>> = {
  A: ['同じ内容をもう一度書き込むだけで、二重にはなりません。', 'It writes the same state again: nothing is doubled.'],
  B: [
    '再送キーが有効な間（24時間程度）は二重に届きません。それを過ぎると二重に届くことがあります。',
    'While the tool remembers the retry key (about 24 hours) it arrives once; after that it may arrive twice.',
  ],
  C: [
    '送る前に、前回届いたかどうかを相手のツールで確かめます。',
    'Before it is sent, the tool is asked whether the first one arrived.',
  ],
  D: [
    '前回届いていた場合は、二重に届くことがあります。',
    'If the first one arrived, this one may arrive a second time.',
  ],
};

export const riskOf = (effectClass: 'A' | 'B' | 'C' | 'D', { pick }: Terminal): string => pick(...RISKS[effectClass]);
