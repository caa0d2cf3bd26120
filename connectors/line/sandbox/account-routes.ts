import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { bodyErrors, refusal, refusals, refuse } from './answers.ts';
import { addBotRoute, readJson } from './common-rules.ts';
import { detailsOf } from './message-rules.ts';
import { signedPost } from './outgoing.ts';
import { friendsOf, isFriend, usedThisMonth, type World } from './world.ts';

const USER_ID = /^U[0-9a-f]{32}$/;

/** Everything but sends and tokens: profiles, followers, quota, the bot, its webhook, loading animation, link tokens. */
export function addAccountRoutes(world: World): void {
  addQuotaRoutes(world);
  addUserRoutes(world);
  addBotRoutes(world);
  addWebhookRoutes(world);
}

function addQuotaRoutes(world: World): void {
  addBotRoute(world, 'GET', '/v2/bot/message/quota', (channel, _request, reply) => reply.send(channel.quota));
  addBotRoute(world, 'GET', '/v2/bot/message/quota/consumption', (channel, _request, reply) =>
    reply.send({ totalUsage: usedThisMonth(channel, world.kit.nowMs()) }),
  );
}

function addUserRoutes(world: World): void {
  addBotRoute(world, 'GET', '/v2/bot/profile/:userId', (channel, request, reply) => {
    const { userId } = request.params as { userId: string };
    if (!USER_ID.test(userId)) return refuse(reply, refusal(400, "The value for the 'userId' parameter is invalid"));
    const user = world.users.get(userId);
    if (!user || !isFriend(world, channel, userId)) return refuse(reply, refusals.notFound);
    const { standing: _, ...profile } = user;
    return reply.send(profile);
  });
  // https://developers.line.biz/en/reference/messaging-api/#get-follower-ids
  addBotRoute(world, 'GET', '/v2/bot/followers/ids', (channel, request, reply) => {
    const { start = '0', limit = '300' } = request.query as { start?: string; limit?: string };
    const size = Number(limit);
    if (!Number.isInteger(size) || size < 1 || size > 1000) {
      return refuse(reply, refusal(400, "The value for the 'limit' parameter is invalid"));
    }
    const all = friendsOf(world, channel).map((user) => user.userId);
    const end = Number(start) + size;
    return reply.send({ userIds: all.slice(Number(start), end), ...(end < all.length && { next: String(end) }) });
  });
  addBotRoute(world, 'POST', '/v2/bot/user/:userId/linkToken', (channel, request, reply) => {
    const { userId } = request.params as { userId: string };
    if (!isFriend(world, channel, userId)) return refuse(reply, refusals.notFound);
    return reply.send({ linkToken: randomBytes(24).toString('base64url') });
  });
}

// https://developers.line.biz/en/reference/messaging-api/#display-a-loading-indicator
const loadingSchema = z.strictObject({
  chatId: z.string().regex(USER_ID),
  loadingSeconds: z.int().min(5).max(60).multipleOf(5).optional(),
});

function addBotRoutes(world: World): void {
  addBotRoute(world, 'GET', '/v2/bot/info', (channel, _request, reply) =>
    reply.send({
      userId: channel.botUserId,
      basicId: `@${channel.botUserId.slice(1, 9)}`,
      displayName: channel.connection.name,
      chatMode: 'bot',
      markAsReadMode: 'auto',
    }),
  );
  addBotRoute(world, 'POST', '/v2/bot/chat/loading/start', (_channel, request, reply) => {
    const read = readJson(request);
    if ('refused' in read) return refuse(reply, read.refused);
    const parsed = loadingSchema.safeParse(read.body, { reportInput: true });
    return parsed.success ? reply.code(202).send({}) : refuse(reply, bodyErrors(detailsOf(parsed.error)));
  });
}

// https://developers.line.biz/en/reference/messaging-api/#set-webhook-endpoint-url; plain HTTP is the hub on this machine.
const endpointSchema = z.strictObject({ endpoint: z.url({ protocol: /^https?$/ }).max(500) });

function addWebhookRoutes(world: World): void {
  const path = '/v2/bot/channel/webhook/endpoint';
  addBotRoute(world, 'GET', path, (channel, _request, reply) =>
    reply.send({ endpoint: channel.endpoint.url, active: channel.endpoint.isActive }),
  );
  addBotRoute(world, 'PUT', path, (channel, request, reply) => {
    const read = readJson(request);
    if ('refused' in read) return refuse(reply, read.refused);
    const parsed = endpointSchema.safeParse(read.body, { reportInput: true });
    if (!parsed.success) return refuse(reply, bodyErrors(detailsOf(parsed.error)));
    channel.endpoint = { url: parsed.data.endpoint, isActive: true };
    return reply.send({});
  });
  // https://developers.line.biz/en/reference/messaging-api/#test-webhook-endpoint
  addBotRoute(world, 'POST', '/v2/bot/channel/webhook/test', async (channel, _request, reply) => {
    const { status } = await signedPost(world, channel, []);
    const isOk = status >= 200 && status < 300;
    return reply.send({
      success: isOk,
      timestamp: new Date(world.kit.nowMs()).toISOString(),
      statusCode: status,
      reason: isOk ? 'OK' : status === 0 ? 'COULD_NOT_CONNECT' : 'ERROR_STATUS_CODE',
      detail: String(status),
    });
  });
}
