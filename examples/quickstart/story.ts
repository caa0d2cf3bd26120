import type { Story, StoryKit, StoryModule } from '../../core/cli/story-kit.ts';
import { createCalendar, nextLocalTime } from '../../core/model/calendar.ts';
import type { JsonObject } from '../../core/sdk/json.ts';

const HOUR_MS = 3_600_000;
const calendar = createCalendar({ timeZone: 'Asia/Tokyo' });
const SUPPORT = 'C0LINESUPP';

/** The story the demo plays: a LINE answer, a hand-over to a colleague, and a visitor who turns out to be a customer. */
const story: Story = async (kit) => {
  const opening = nextLocalTime(kit.nowMs(), '10:00', calendar, { days: 'business' });
  const mark = Date.now().toString(36).slice(-6);
  await fillTools(kit, mark);

  await kit.setClock(opening);
  kit.step(
    '営業時間中：お客様がLINEで「営業時間は？」と尋ねます',
    'In business hours: a customer asks 「営業時間は？」 on LINE',
  );
  await answerOnce(kit, lineUser('a', mark), '営業時間は平日9:00〜18:00です。');

  await kit.advanceTo(opening + 12 * HOUR_MS);
  kit.step('22:00：別のお客様が同じことを尋ねます', 'At 22:00 another customer asks the same');
  await answerOnce(
    kit,
    lineUser('b', mark),
    '営業時間は平日9:00〜18:00です。ただいま時間外のため、翌営業日にご連絡します。',
  );

  await handOver(kit, lineUser('b', mark));
  await visitorBecomesCustomer(kit, mark);
};

export default story;

/** The alert to a colleague, which day one waits for. */
export const isAlert: StoryModule['isAlert'] = ({ connector, row }) =>
  connector === 'slack' && row.kind === 'post' && mentions(row, '料金ページ');

export const tryNext: StoryModule['tryNext'] = ({ origins, folder }) => {
  const message = `curl -s -X POST ${origins.line}/__sandbox/edit -d '{"do":"message","userId":"U00000000000000000000000000000001","text":"営業時間は？"}'`;
  const rule = `${folder}/rules/line-auto-reply.yaml`;
  return [
    { ja: message, en: message },
    { ja: `${rule} を書き換えて保存する（すぐに反映されます）`, en: `edit ${rule} (a saved change counts at once)` },
  ];
};

async function fillTools(kit: StoryKit, mark: string): Promise<void> {
  kit.step('サンドボックスに小さな会社のデータを入れます', "Filling the sandboxes with a small company's data");
  await kit.seed('line', {
    users: [
      { userId: lineUser('a', mark), displayName: '高橋 さくら', language: 'ja', following: true },
      { userId: lineUser('b', mark), displayName: '山崎 太郎', language: 'ja', following: true },
    ],
  });
  await kit.seed('slack', {
    users: [
      { id: 'U0TANAKA01', name: '田中 一郎', email: 'tanaka@example.co.jp' },
      { id: 'U0YAMAMO01', name: '山本 恵', email: 'yamamoto@example.co.jp' },
    ],
    channels: [{ id: SUPPORT, name: 'line-support' }],
  });
}

async function answerOnce(kit: StoryKit, userId: string, text: string): Promise<void> {
  const sent = await kit.edit('line', { do: 'message', userId, text: '営業時間は？' });
  const isAnswer = (row: JsonObject) => row.to === userId && textOf(row).includes(text);
  await kit.expect(
    { ja: `返信APIで1回だけ返信：「${text}」`, en: `one answer by the reply API: 「${text}」` },
    'line',
    isAnswer,
  );
  await kit.edit('line', { do: 'redeliver', webhookEventId: String(sent.webhookEventId) });
  await kit.expect(
    { ja: '同じWebhookが再送されても返信は1回', en: 'the webhook is redelivered: still one answer, no push' },
    'line',
    (row) => row.to === userId,
  );
}

async function handOver(kit: StoryKit, userId: string): Promise<void> {
  kit.step('「担当者と話したい」', '「担当者と話したい」: she asks for a person');
  await kit.edit('line', { do: 'message', userId, text: '担当者と話したい' });
  await kit.expect(
    { ja: 'LINEで返信：「担当者におつなぎします。」', en: 'answer on LINE: 「担当者におつなぎします。」' },
    'line',
    (row) => row.to === userId && textOf(row).includes('担当者におつなぎします'),
  );
  const root = await kit.expect(
    {
      ja: 'Slackの#line-supportに、これまでのやり取りを添えて1件',
      en: 'one message with the history in #line-support',
    },
    'slack',
    (row) =>
      row.channel === SUPPORT && row.thread_ts === undefined && mentions(row, '営業時間は？', '担当者と話したい'),
  );
  await kit.edit('line', { do: 'message', userId, text: '急いでいます' });
  await kit.expect(
    { ja: '続きのメッセージはそのスレッドへ', en: 'her next message goes into that thread' },
    'slack',
    (row) => row.channel === SUPPORT && row.thread_ts === root?.row.ts && mentions(row, '急いでいます'),
  );
  await kit.expect(
    { ja: 'その間、ボットは黙っています', en: 'the bot stays silent meanwhile' },
    'line',
    (row) => row.to === userId,
    2,
  );
}

async function visitorBecomesCustomer(kit: StoryKit, mark: string): Promise<void> {
  const anonymousId = `visitor-${mark}`;
  const email = `hanako.${mark}@example.co.jp`;
  kit.step('誰か分からない訪問者が料金ページを3回見ます', 'An unknown visitor looks at the pricing page three times');
  for (let view = 0; view < 3; view++)
    await kit.edit('web', { do: 'view', anonymousId, path: '/pricing', title: '料金プラン' });
  kit.step('その訪問者が佐藤 花子様だと分かります', 'The visitor turns out to be 佐藤 花子');
  await kit.edit('web', {
    do: 'identify',
    anonymousId,
    email,
    properties: {
      lastName: '佐藤',
      firstName: '花子',
      companyName: '株式会社サンプル',
      owner: 'tanaka@example.co.jp',
      phone: '03-1234-5678',
    },
  });
  const alert = await kit.expect(
    { ja: '担当の田中さんにSlackで1件の通知（ボタン付き）', en: 'one Slack alert with buttons to her owner 田中' },
    'slack',
    (row) =>
      row.kind === 'post' && mentions(row, '佐藤', '料金ページ') && String(row.user ?? row.channel) === 'U0TANAKA01',
  );
  if (!alert) return;
  kit.step('田中さんが「担当する」を押します', '田中 presses 「担当する」');
  await kit.edit('slack', {
    do: 'press',
    channel: String(alert.row.channel),
    ts: String(alert.row.ts),
    action: 'claim',
    user: 'U0TANAKA01',
  });
  const isUpdate = (row: JsonObject) =>
    row.kind === 'update' && row.ts === alert.row.ts && mentions(row, '田中 一郎さんが担当します');
  await kit.expect(
    { ja: '通知が「田中 一郎さんが担当します。」に更新', en: 'the alert now says 「田中 一郎さんが担当します。」' },
    'slack',
    isUpdate,
  );
  await kit.resendLast('slack');
  await kit.expect(
    { ja: '同じ操作が再送されても何も変わりません', en: 'the same press sent again changes nothing' },
    'slack',
    isUpdate,
  );
}

/** A LINE user id of this run: the next run of the demo meets new people. */
const lineUser = (letter: string, mark: string) =>
  `U${Buffer.from(letter + mark)
    .toString('hex')
    .padEnd(32, '0')
    .slice(0, 32)}`;

const textOf = (row: JsonObject) => JSON.stringify(row.messages ?? row.text ?? '');

const mentions = (row: JsonObject, ...words: string[]) => {
  const shown = `${String(row.text ?? '')} ${JSON.stringify(row.blocks ?? '')}`;
  return words.every((word) => shown.includes(word));
};
