import { containerKinds, purchaseStatuses, ticketStatuses } from '../codes.ts';
import { type FieldSpecs, field, oneOf, refTo } from '../field-spec.ts';

const personRef = refTo('person', '人物', 'Person');
const companyRef = refTo('company', '会社', 'Company');

export const purchase: FieldSpecs = {
  personRef,
  companyRef,
  orderId: field('string', '注文番号', 'Order id', { format: 'code' }),
  at: field('datetime', '購入日時', 'Purchased at'),
  /** [{ sku, name, qty, unitPrice }] */
  items: field('json', '明細', 'Items'),
  total: field('money', '合計金額', 'Total'),
  status: oneOf(purchaseStatuses, '状況', 'Status'),
  channel: field('string', '購入チャネル', 'Channel', { format: 'code' }),
  dealRef: refTo('deal', '案件', 'Deal'),
};

export const ticket: FieldSpecs = {
  subject: field('string', '件名', 'Subject'),
  status: oneOf(ticketStatuses, '状況', 'Status'),
  priority: field('string', '優先度', 'Priority'),
  personRef,
  companyRef,
  openedAt: field('datetime', '受付日時', 'Opened at'),
  closedAt: field('datetime', '完了日時', 'Closed at'),
  firstResponseAt: field('datetime', '初回応答日時', 'First response at'),
  csat: field('decimal', '顧客満足度', 'CSAT'),
};

export const survey: FieldSpecs = {
  personRef,
  kind: field('enum', '種別', 'Kind'),
  score: field('decimal', '点数', 'Score'),
  comment: field('text', 'コメント', 'Comment'),
  at: field('datetime', '回答日時', 'Answered at'),
};

/** A person in a campaign, list, segment, webinar or program. A place in a scenario is a Run, not a membership. */
export const membership: FieldSpecs = {
  personRef,
  /** The container's own code or id at its source. */
  container: field('string', '所属先', 'Container'),
  containerKind: oneOf(containerKinds, '所属先の種別', 'Container kind'),
  status: field('string', '状況', 'Status'),
  joinedAt: field('datetime', '参加日時', 'Joined at'),
  leftAt: field('datetime', '離脱日時', 'Left at'),
  progress: field('string', '進捗', 'Progress'),
};
