import { buyerStages, genders, lifecycleStages } from '../codes.ts';
import { type FieldSpecs, field, oneOf, refTo } from '../field-spec.ts';
import { addressFields } from './address-fields.ts';

/** One row for lead, contact and customer: which of them is a stage (`lifecycleStage`), not a table. */
export const person: FieldSpecs = {
  memberNumber: field('string', '会員番号', 'Member number', { format: 'code' }),
  lastName: field('string', '姓', 'Last name', { format: 'person_name' }),
  firstName: field('string', '名', 'First name', { format: 'person_name' }),
  lastNameKana: field('string', 'セイ', 'Last name (kana)', { format: 'kana' }),
  firstNameKana: field('string', 'メイ', 'First name (kana)', { format: 'kana' }),
  fullName: field('string', '氏名', 'Full name', { format: 'person_name' }),
  /** A name a person gave oneself in a channel; it never overwrites a real name. */
  displayName: field('string', '表示名', 'Display name'),
  honorific: field('string', '敬称', 'Honorific'),
  email: field('email', 'メールアドレス', 'Email'),
  /** [{ value, type, primary, status: ok | bounced | invalid }] */
  emails: field('json', 'メールアドレス一覧', 'Emails'),
  phone: field('phone', '電話番号', 'Phone'),
  mobile: field('phone', '携帯電話', 'Mobile phone'),
  /** [{ e164, raw, type, primary }] */
  phones: field('json', '電話番号一覧', 'Phones'),
  companyRef: refTo('company', '会社', 'Company'),
  companyName: field('string', '会社名', 'Company name', { format: 'company_name' }),
  industry: field('string', '業種', 'Industry'),
  department: field('string', '部署', 'Department'),
  jobTitle: field('string', '役職', 'Job title'),
  seniority: field('string', '役職区分', 'Seniority'),
  ...addressFields,
  birthday: field('date', '生年月日', 'Birthday'),
  gender: oneOf(genders, '性別', 'Gender'),
  /** BCP 47 */
  language: field('string', '言語', 'Language', { format: 'code' }),
  timeZone: field('string', 'タイムゾーン', 'Time zone', { format: 'code' }),
  leadSource: field('string', '流入元', 'Lead source'),
  leadSourceDetail: field('string', '流入元の詳細', 'Lead source detail'),
  utm: field('json', 'UTMパラメータ', 'UTM parameters'),
  lifecycleStage: oneOf(lifecycleStages, 'ライフサイクルステージ', 'Lifecycle stage'),
  buyerStage: oneOf(buyerStages, '購買ステージ', 'Buyer stage'),
  leadStatus: field('string', 'リード状態', 'Lead status'),
  score: field('decimal', 'スコア', 'Score'),
  scoreGrade: field('string', 'スコアランク', 'Score grade', { format: 'code' }),
  ownerRef: refTo('user', '担当者', 'Owner'),
  /** [{ channel, scope, id, displayName, pictureUrl, states: { <connection>: following | blocked } }] */
  addresses: field('json', '連絡先アカウント', 'Channel addresses'),
  tags: field('enumSet', 'タグ', 'Tags'),
  firstSeenAt: field('datetime', '初回接触日時', 'First seen at'),
  lastActivityAt: field('datetime', '最終活動日時', 'Last activity at'),
  lastInboundAt: field('datetime', '最終受信日時', 'Last inbound at'),
  lastOutboundAt: field('datetime', '最終送信日時', 'Last outbound at'),
  convertedAt: field('datetime', '取引開始日時', 'Converted at'),
  doNotContact: field('bool', '連絡不可', 'Do not contact'),
};
