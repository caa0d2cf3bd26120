import { Agent, request } from 'undici';
import { CHANNEL_TOKEN } from '../line-webhook.ts';
import { openEventStore } from './event-store.ts';
import { type LineEvent, rawApp, rowOf, serve, serviceSettings, webhookRoute } from './service.ts';

/** Verify, one INSERT, answer; then a keyword rule and a reply. Nothing is tried again, nothing remembered of the reply. */
const settings = serviceSettings();
const store = await openEventStore(settings);
const dispatcher = new Agent({ connections: 64 });

async function answer({ replyToken, message }: LineEvent): Promise<void> {
  if (!message.text?.includes('営業時間')) return;
  const { body } = await request(`${settings.lineUrl}/v2/bot/message/reply`, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${CHANNEL_TOKEN}` },
    body: JSON.stringify({ replyToken, messages: [{ type: 'text', text: '営業時間は平日9:00〜18:00です。' }] }),
  });
  await body.dump();
}

const app = rawApp();
webhookRoute(app, async (events) => {
  for (const event of events) {
    const isNew = await store.insertOne(rowOf(event));
    if (isNew) void answer(event).catch((error: unknown) => console.error(error));
  }
});
await serve(app, store.close);
