import { randomUUID } from 'node:crypto';
import { isJsonObject, type JsonObject, jsonBody, safeEqual } from '#sdk';
import { type Refusal, refusal, refusals, refuse } from './answers.ts';
import type { Reply, Request } from './http.ts';
import type { Channel, World } from './world.ts';

/** https://developers.line.biz/en/reference/messaging-api/#status-codes */
const BODY_MAX_BYTES = 2 * 1024 * 1024;

/** Requests per window of real time; every other endpoint 2,000 per second. */
// https://developers.line.biz/en/reference/messaging-api/#rate-limits
const limits: Readonly<Record<string, { readonly count: number; readonly perMs: number }>> = {
  'POST /v2/bot/message/multicast': { count: 200, perMs: 1000 },
  'POST /v2/bot/message/broadcast': { count: 60, perMs: 3_600_000 },
  'POST /v2/bot/channel/webhook/test': { count: 60, perMs: 3_600_000 },
  'GET /v2/bot/channel/webhook/endpoint': { count: 1000, perMs: 60_000 },
  'PUT /v2/bot/channel/webhook/endpoint': { count: 1000, perMs: 60_000 },
  'POST /v2/bot/chat/loading/start': { count: 100, perMs: 1000 },
};
const otherLimit = { count: 2000, perMs: 1000 };

export type BotHandler = (channel: Channel, request: Request, reply: Reply) => Promise<Reply> | Reply;

/** What holds for every answer: LINE's request id, and its own form of "no such path". */
export function addCommonRules({ kit }: World): void {
  kit.app.addHook('onRequest', async (request, reply) => {
    if (!request.url.startsWith('/__sandbox')) reply.header('x-line-request-id', randomUUID());
  });
  kit.app.setNotFoundHandler((_request, reply) => refuse(reply, refusals.notFound));
}

/** A route that needs an access token. The checks come in the order LINE answers them. */
export function addBotRoute(world: World, method: 'GET' | 'POST' | 'PUT', path: string, handle: BotHandler): void {
  const allow = createLimiter(limits[`${method} ${path}`] ?? otherLimit);
  world.kit.app.route({
    method,
    url: path,
    handler: (request, reply) => {
      const channel = channelOfToken(world, request.headers.authorization);
      if (!channel) return refuse(reply, refusals.unauthorized);
      if (!allow(channel.connection.name)) return refuse(reply, refusals.rateLimit);
      return handle(channel, request, reply);
    },
  });
}

/** The request's JSON object, or the refusal LINE answers instead. */
export function readJson(request: Request): { readonly body: JsonObject } | { readonly refused: Refusal } {
  const raw = request.body;
  const type = request.headers['content-type'] ?? '';
  if (Buffer.isBuffer(raw) && raw.length > BODY_MAX_BYTES) return { refused: refusals.tooLarge };
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    return { refused: refusal(400, `The content type, ${type}, is not supported`) };
  }
  const body = jsonBody(request);
  return isJsonObject(body) ? { body } : { refused: bad };
}

const bad = refusal(400, 'The request body could not be parsed as JSON (line: 1, column: 1)');

function channelOfToken(world: World, authorization: string | undefined): Channel | undefined {
  const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
  if (token === undefined) return undefined;
  const issued = world.issuedTokens.get(token);
  if (issued) return world.kit.nowMs() < issued.expiresAtMs ? issued.channel : undefined;
  return [...world.channels.values()].find(({ connection: { config } }) => {
    return typeof config.channelAccessToken === 'string' && safeEqual(token, config.channelAccessToken);
  });
}

/** A fixed window per channel; real time, as a load test runs in it. */
function createLimiter({ count, perMs }: typeof otherLimit): (channel: string) => boolean {
  const windows = new Map<string, { startMs: number; taken: number }>();
  return (channel) => {
    const nowMs = performance.now();
    const window = windows.get(channel);
    if (!window || nowMs - window.startMs >= perMs) {
      windows.set(channel, { startMs: nowMs, taken: 1 });
      return true;
    }
    window.taken += 1;
    return window.taken <= count;
  };
}
