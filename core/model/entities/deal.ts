import { dealStatuses, followUpStates, lostReasons } from '../codes.ts';
import { type FieldSpecs, field, oneOf, refTo } from '../field-spec.ts';

/** `status` comes from the metadata of the stage, never from its label. */
export const deal: FieldSpecs = {
  name: field('string', '案件名', 'Deal name'),
  companyRef: refTo('company', '会社', 'Company'),
  primaryPersonRef: refTo('person', '主担当者（顧客側）', 'Primary contact'),
  /** [{ ref, role }] */
  personRefs: field('json', '関係者', 'Contacts'),
  pipeline: field('string', 'パイプライン', 'Pipeline'),
  /** The tool's own stage code or id. */
  stage: field('string', 'ステージ', 'Stage'),
  stageLabel: field('string', 'ステージ名', 'Stage label'),
  status: oneOf(dealStatuses, '案件状況', 'Status'),
  lostReason: oneOf(lostReasons, '失注理由', 'Lost reason'),
  lostReasonText: field('text', '失注理由（原文）', 'Lost reason (as written)'),
  competitor: field('string', '競合', 'Competitor'),
  amount: field('money', '金額', 'Amount'),
  /** Percent, 0 to 100. */
  probability: field('decimal', '確度', 'Probability'),
  expectedCloseDate: field('date', '受注予定日', 'Expected close date'),
  /** First time the status left `open`. */
  closedAt: field('datetime', '完了日時', 'Closed at'),
  stageEnteredAt: field('datetime', 'ステージ移行日時', 'Stage entered at'),
  ownerRef: refTo('user', '担当者', 'Owner'),
  nextStep: field('string', '次回アクション', 'Next step'),
  nextStepDate: field('date', '次回アクション日', 'Next step date'),
  followUpState: oneOf(followUpStates, '掘り起こし状況', 'Follow-up state'),
  source: field('string', '流入元', 'Source'),
  product: field('string', '商品', 'Product'),
  createdAtRemote: field('datetime', '作成日時（連携元）', 'Created at (in the tool)'),
  lastActivityAt: field('datetime', '最終活動日時', 'Last activity at'),
  /** [{ stage, stageLabel, status, at }] oldest first */
  stageHistory: field('json', 'ステージ履歴', 'Stage history'),
};
