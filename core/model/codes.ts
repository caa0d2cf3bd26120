import { codes } from './field-spec.ts';

/** Activity kinds every workspace knows; an operator adds kinds of one's own under `events:` of musubi.yaml. */
export const activityKinds = codes(
  ['email', 'メール', 'Email'],
  ['call', '電話', 'Call'],
  ['meeting', '商談・打ち合わせ', 'Meeting'],
  ['note', 'メモ', 'Note'],
  ['task', 'ToDo', 'Task'],
  ['line_message', 'LINEメッセージ', 'LINE message'],
  ['unsend', 'メッセージの送信取消', 'Message unsent'],
  ['follow', '友だち追加', 'Follow'],
  ['unfollow', 'ブロック', 'Unfollow'],
  ['account_link', 'アカウント連携', 'Account link'],
  ['postback', 'ボタン操作', 'Postback'],
  ['form_submission', 'フォーム送信', 'Form submission'],
  ['inquiry', 'お問い合わせ', 'Inquiry'],
  ['material_request', '資料請求', 'Material request'],
  ['webinar_registered', 'ウェビナー申込', 'Webinar registration'],
  ['webinar_cancelled', 'ウェビナー申込取消', 'Webinar registration cancelled'],
  ['webinar_attended', 'ウェビナー参加', 'Webinar attended'],
  ['webinar_no_show', 'ウェビナー欠席', 'Webinar no-show'],
  ['page_view', 'ページ閲覧', 'Page view'],
  ['video_view', '動画視聴', 'Video view'],
  ['login', 'ログイン', 'Login'],
  ['feature_use', '機能利用', 'Feature use'],
  ['cart', 'カート投入', 'Added to cart'],
  ['email_sent', 'メール配信', 'Email sent'],
  ['email_open', 'メール開封', 'Email open'],
  ['email_click', 'メール内リンクのクリック', 'Email click'],
  ['email_bounce', 'メール不達', 'Email bounce'],
  ['unsubscribe', '配信停止', 'Unsubscribe'],
  ['touch', '販促物・チラシとの接触', 'Touch'],
  ['offer', '提案', 'Offer'],
  ['purchase', '購入', 'Purchase'],
  ['survey', 'アンケート回答', 'Survey answer'],
  ['stage_change', 'ステージ変更', 'Stage change'],
  ['owner_change', '担当者変更', 'Owner change'],
);

/** `inquiryKind` in an activity's metadata. */
export const inquiryKinds = codes(
  ['question', '質問', 'Question'],
  ['opinion', '意見', 'Opinion'],
  ['complaint', 'クレーム', 'Complaint'],
  ['request', '要望', 'Request'],
  ['cancellation', '解約', 'Cancellation'],
);

/** Why a deal was lost; a text no dictionary knows becomes `other`, its raw text kept in `lostReasonText`. */
export const lostReasons = codes(
  ['price', '価格', 'Price'],
  ['competitor', '競合に決定', 'Competitor'],
  ['timing', '時期が合わない', 'Timing'],
  ['no_budget', '予算なし', 'No budget'],
  ['no_need', 'ニーズなし', 'No need'],
  ['no_decision', '検討中止', 'No decision'],
  ['no_response', '連絡が途絶えた', 'No response'],
  ['feature_gap', '機能不足', 'Feature gap'],
  ['relationship', '関係性', 'Relationship'],
  ['duplicate', '重複案件', 'Duplicate'],
  ['other', 'その他', 'Other'],
);

/** Counts orders and stands beside the lifecycle; the limits are settings. */
export const buyerStages = codes(['new', '新規', 'New'], ['regular', '一般', 'Regular'], ['loyal', '優良', 'Loyal']);

export const dealStatuses = codes(['open', '進行中', 'Open'], ['won', '受注', 'Won'], ['lost', '失注', 'Lost']);

/** How far the follow-up of a lost deal has come. */
export const followUpStates = codes(
  ['watching', '見守り中', 'Watching'],
  ['claimed', '担当者対応中', 'Claimed'],
  ['snoozed', '保留', 'Snoozed'],
  ['dismissed', '対応不要', 'Dismissed'],
  ['reopened', '再開', 'Reopened'],
);

/** Ordered from first contact to advocate: a person moves forward only (lifecycle.ts). */
export const orderedLifecycleStages = codes(
  ['subscriber', '登録', 'Subscriber'],
  ['lead', '獲得', 'Lead'],
  ['mql', 'MQL', 'MQL'],
  ['sal', 'SAL', 'SAL'],
  ['sql', 'SQL', 'SQL'],
  ['opportunity', '商談', 'Opportunity'],
  ['customer', '顧客', 'Customer'],
  ['repeat', 'リピーター', 'Repeat customer'],
  ['advocate', '優良', 'Advocate'],
);

/** States beside the order: any stage may enter them. */
export const sideLifecycleStages = codes(
  ['recycled', '再育成', 'Recycled'],
  ['disqualified', '対象外', 'Disqualified'],
  ['dormant', '休眠', 'Dormant'],
  ['churned', '離反', 'Churned'],
);

export const lifecycleStages = [...orderedLifecycleStages, ...sideLifecycleStages] as const;

export const genders = codes(['male', '男性', 'Male'], ['female', '女性', 'Female'], ['other', 'その他', 'Other']);

/** `slack` is for staff; the others reach customers. */
export const consentChannels = codes(
  ['email', 'メール', 'Email'],
  ['line', 'LINE', 'LINE'],
  ['sms', 'SMS', 'SMS'],
  ['phone', '電話', 'Phone'],
  ['slack', 'Slack', 'Slack'],
);

/** From free to strict: unknown is no permission, withdrawn is a person's own act. */
export const consentStatuses = codes(
  ['granted', '同意', 'Granted'],
  ['unknown', '不明', 'Unknown'],
  ['denied', '拒否', 'Denied'],
  ['withdrawn', '撤回', 'Withdrawn'],
);

export const purchaseStatuses = codes(
  ['paid', '支払済', 'Paid'],
  ['refunded', '返金済', 'Refunded'],
  ['cancelled', 'キャンセル', 'Cancelled'],
);

export const ticketStatuses = codes(
  ['open', '未対応', 'Open'],
  ['pending', '対応中', 'Pending'],
  ['closed', '完了', 'Closed'],
);

export const directions = codes(['in', '受信', 'In'], ['out', '送信', 'Out']);

/** What a person can be a member of. */
export const containerKinds = codes(
  ['campaign', 'キャンペーン', 'Campaign'],
  ['list', 'リスト', 'List'],
  ['segment', 'セグメント', 'Segment'],
  ['webinar', 'ウェビナー', 'Webinar'],
  ['program', 'プログラム', 'Program'],
);

export type ActivityKind = (typeof activityKinds)[number]['code'];
export type LostReason = (typeof lostReasons)[number]['code'];
export type BuyerStage = (typeof buyerStages)[number]['code'];
export type DealStatus = (typeof dealStatuses)[number]['code'];
export type LifecycleStage = (typeof lifecycleStages)[number]['code'];
