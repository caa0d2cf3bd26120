import { createHmac } from 'node:crypto';

/** Made-up credentials, shared by the load, the hub and the other services. */
export const CHANNEL_SECRET = 'bench-line-channel-secret';
export const CHANNEL_TOKEN = 'bench-line-token';

/** Contains the keyword of the auto-reply rule. */
export const ASKING_TEXT = '営業時間は何時までですか？';
/** Wakes the same rule, which finds no keyword in it. */
export const OTHER_TEXT = 'ありがとうございます。また来週うかがいます。';

/** Events come from this many people in turn. */
const PEOPLE = 1000;

/** `webhookEventId` of the n-th event of a series; as long as LINE's. */
export const eventId = (series: string, n: number) =>
  `01${series}${n
    .toString(36)
    .toUpperCase()
    .padStart(24 - series.length, '0')}`;

export const replyToken = (series: string, n: number) =>
  `${series.toLowerCase()}${n.toString(16).padStart(32 - series.length, '0')}`;

/** Unique as LINE's are: the hub derives from it what it must not do twice. */
const messageId = (series: string, n: number) => `4445${series.replace(/\D/g, '')}${n.toString().padStart(12, '0')}`;

export interface WebhookTarget {
  readonly host: string;
  readonly path: string;
}

/**
 * One signed webhook with one text message as the bytes of an HTTP/1.1 request; about 600 bytes of body.
 * @see https://developers.line.biz/en/reference/messaging-api/#wh-text
 */
export function signedRequest(target: WebhookTarget, series: string, n: number, text: string): Buffer {
  const body = Buffer.from(JSON.stringify(bodyOf(series, n, text)));
  const signature = createHmac('sha256', CHANNEL_SECRET).update(body).digest('base64');
  const head =
    `POST ${target.path} HTTP/1.1\r\nHost: ${target.host}\r\nContent-Type: application/json; charset=utf-8\r\n` +
    `User-Agent: LineBotWebhook/2.0\r\nX-Line-Signature: ${signature}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

function bodyOf(series: string, n: number, text: string) {
  return {
    destination: 'Uf1e2d3c4b5a697887766554433221100',
    events: [
      {
        type: 'message',
        message: {
          id: messageId(series, n),
          type: 'text',
          quoteToken: 'q3Plxr4AgKd0Zt1yB5nV8eWuHcMjSfLoIa2RmT6pXkQzD7wGh9vCbN0sYuEiOaJl',
          markAsReadToken: 'wGh9vCbN0sYuEiOaJlq3Plxr4AgKd0Zt1yB5nV8eWuHcMjSfLoIa2RmT6pXkQzD7',
          text,
        },
        webhookEventId: eventId(series, n),
        deliveryContext: { isRedelivery: false },
        timestamp: Date.now(),
        source: { type: 'user', userId: `U${(n % PEOPLE).toString(16).padStart(32, '4')}` },
        replyToken: replyToken(series, n),
        mode: 'active',
      },
    ],
  };
}
