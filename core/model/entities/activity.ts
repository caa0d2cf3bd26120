import { consentChannels, consentStatuses, directions } from '../codes.ts';
import { type FieldSpecs, field, oneOf, refTo } from '../field-spec.ts';

/**
 * Something that happened. `kind` is one of `activityKinds` or a kind the workspace declares under `events:`; fixed names in
 * `metadata`: `action`, `machineOpen`, `inquiryKind`, `path`, `feature`.
 */
export const activity: FieldSpecs = {
  kind: field('enum', '種別', 'Kind'),
  direction: oneOf(directions, '方向', 'Direction'),
  occurredAt: field('datetime', '発生日時', 'Occurred at'),
  personRef: refTo('person', '人物', 'Person'),
  companyRef: refTo('company', '会社', 'Company'),
  dealRef: refTo('deal', '案件', 'Deal'),
  subject: field('string', '件名', 'Subject'),
  body: field('text', '本文', 'Body'),
  channel: field('string', 'チャネル', 'Channel', { format: 'code' }),
  durationSec: field('int', '所要時間（秒）', 'Duration (s)'),
  outcome: field('string', '結果', 'Outcome'),
  metadata: field('json', '詳細', 'Metadata'),
  /** The id the event has at its source: the dedup key. */
  sourceEventId: field('string', '連携元イベントID', 'Source event id', { format: 'code' }),
};

/** Append-only: newest wins, and a withdrawal beats any later "granted" that comes from a sync. */
export const consent: FieldSpecs = {
  personRef: refTo('person', '人物', 'Person'),
  channel: oneOf(consentChannels, 'チャネル', 'Channel'),
  purpose: field('string', '目的', 'Purpose', { format: 'code' }),
  status: oneOf(consentStatuses, '同意状況', 'Status'),
  basis: field('string', '根拠', 'Basis'),
  at: field('datetime', '日時', 'At'),
  source: field('string', '取得元', 'Source'),
  /** { wording, url, at, interactive } */
  evidence: field('json', '証跡', 'Evidence'),
};
