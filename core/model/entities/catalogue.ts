import { type FieldSpecs, field } from '../field-spec.ts';

/** A member of staff who owns records. */
export const user: FieldSpecs = {
  email: field('email', 'メールアドレス', 'Email'),
  name: field('string', '氏名', 'Name', { format: 'person_name' }),
  active: field('bool', '有効', 'Active'),
  /** { <connection>: id } */
  connectionIds: field('json', '接続ごとのID', 'Ids by connection'),
  /** As `person.addresses`. */
  addresses: field('json', '連絡先アカウント', 'Channel addresses'),
};

const code = field('string', 'コード', 'Code', { format: 'code' });

export const product: FieldSpecs = {
  code,
  name: field('string', '商品名', 'Product name'),
  kind: field('string', '種別', 'Kind'),
};

/** A campaign or webinar. */
export const campaign: FieldSpecs = {
  code,
  name: field('string', '名称', 'Name'),
  kind: field('string', '種別', 'Kind'),
  startAt: field('datetime', '開始日時', 'Start at'),
  endAt: field('datetime', '終了日時', 'End at'),
  joinUrl: field('url', '参加URL', 'Join URL'),
};
