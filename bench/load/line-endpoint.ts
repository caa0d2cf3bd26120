import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CHANNEL_TOKEN } from '../line-webhook.ts';

/** The end of the road: what LINE's reply API would see. */
export interface LineEndpoint {
  readonly url: string;
  /** Told of every well-formed reply, at the moment its last byte came in. Returns whether the token was alive. */
  onReply: (token: string, atMs: number) => boolean;
  /** Requests that were no reply LINE would accept. */
  readonly faults: () => number;
  readonly close: () => void;
}

/**
 * A strict stand-in for the two LINE routes this bench needs; it stamps replies with the clock of the process that sends
 * the webhooks, so that a time from end to end is read off one clock.
 * @see https://developers.line.biz/en/reference/messaging-api/#send-reply-message
 * @see https://developers.line.biz/en/reference/messaging-api/#get-profile
 */
export async function startLineEndpoint(): Promise<LineEndpoint> {
  let faults = 0;
  const endpoint = { onReply: (_token: string, _atMs: number) => false };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const atMs = performance.now();
      const userId = profileAsked(request);
      if (userId) return answer(response, 200, { userId, displayName: `お客様 ${userId.slice(-4)}`, language: 'ja' });
      const reply = replyOf(request, Buffer.concat(chunks));
      if (reply && endpoint.onReply(reply.replyToken, atMs))
        return answer(response, 200, { sentMessages: [{ id: '461230966842064897' }] });
      if (!reply) faults += 1;
      return answer(response, 400, { message: reply ? 'Invalid reply token' : 'The request body has 1 error(s)' });
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(endpoint, {
    url: `http://127.0.0.1:${port}`,
    faults: () => faults,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
}

const isAuthorized = ({ headers }: IncomingMessage) => headers.authorization === `Bearer ${CHANNEL_TOKEN}`;

const profileAsked = (request: IncomingMessage): string | undefined =>
  request.method === 'GET' && isAuthorized(request)
    ? /^\/v2\/bot\/profile\/(U[0-9a-f]{32})$/.exec(request.url ?? '')?.[1]
    : undefined;

function replyOf(request: IncomingMessage, body: Buffer): { replyToken: string } | null {
  const isRight = request.method === 'POST' && request.url === '/v2/bot/message/reply' && isAuthorized(request);
  if (!isRight) return null;
  try {
    const { replyToken, messages } = JSON.parse(body.toString('utf8')) as { replyToken?: unknown; messages?: unknown };
    const isReply =
      typeof replyToken === 'string' &&
      Array.isArray(messages) &&
      messages.length > 0 &&
      messages.length <= 5 &&
      messages.every(isText);
    return isReply ? { replyToken } : null;
  } catch {
    return null;
  }
}

const isText = (message: unknown) => {
  const { type, text } = message as { type?: unknown; text?: unknown };
  return type === 'text' && typeof text === 'string' && text !== '';
};

function answer(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'x-line-request-id': 'bench',
    })
    .end(text);
}
