import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import webhook from '../../../connectors/line/webhook.ts';
import { isJsonObject, type JsonObject } from '../../../core/sdk/index.ts';
import { HANAKO, type LineWorld, STRANGER, startLine, TARO } from './support.ts';

let line: LineWorld;
beforeAll(async () => {
  line = await startLine();
  await line.seed({
    users: [
      { userId: HANAKO, displayName: '山田 花子' },
      { userId: TARO, following: false },
    ],
  });
});
afterAll(() => line.close());

const text = (value: string) => [{ type: 'text', text: value }];
const post = (path: string, body: unknown, headers?: Record<string, string>) => line.call('POST', path, body, headers);
const answered = async (response: Response) => ({
  status: response.status,
  body: (await response.json()) as JsonObject,
});
const PUSH = '/v2/bot/message/push';
const lastEvent = () => {
  const body: unknown = JSON.parse(line.received.at(-1)?.raw.toString('utf8') ?? '{}');
  const events = isJsonObject(body) ? body.events : undefined;
  const [event] = Array.isArray(events) ? events : [];
  return event as JsonObject;
};

describe('the simulated LINE refuses', () => {
  it.each([
    ['no token', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
  ])('%s', async (_what, headers) => {
    const response = await fetch(`${line.sandbox.origin}${PUSH}`, { method: 'POST', headers });
    expect(await answered(response)).toEqual({
      status: 401,
      body: {
        message:
          'Authentication failed due to the following reason: invalid token. Confirm that the access token in the authorization header is valid.',
      },
    });
  });

  it.each([
    ['an empty text', text(''), 'May not be empty', 'messages[0].text'],
    ['a long text', text('あ'.repeat(5001)), 'Length must be between 0 and 5000', 'messages[0].text'],
    ['six messages', Array(6).fill(text('a')[0]), 'Size must be between 1 and 5', 'messages'],
    ['no messages', [], 'Size must be between 1 and 5', 'messages'],
    ['an unknown field', [{ type: 'text', text: 'a', colour: 'red' }], 'unknown field', 'messages[0].colour'],
    [
      'an unknown type',
      [{ type: 'hologram' }],
      expect.stringContaining('Must be one of the following values: [text,'),
      'messages[0].type',
    ],
  ])('%s', async (_what, messages, message, property) => {
    expect(await answered(await post(PUSH, { to: HANAKO, messages }))).toEqual({
      status: 400,
      body: { message: 'The request body has 1 error(s)', details: [{ message, property }] },
    });
  });

  it.each([
    ['a body that is not JSON', PUSH, '{', {}, 400, /could not be parsed as JSON/],
    [
      'another content type',
      PUSH,
      '{}',
      { 'content-type': 'text/plain' },
      400,
      /content type, text\/plain, is not supported/,
    ],
    [
      'more than 2 MB',
      PUSH,
      JSON.stringify({ to: HANAKO, messages: text('a'), pad: 'x'.repeat(2 * 1024 * 1024) }),
      {},
      413,
      /Too Large/,
    ],
    [
      'a recipient that is no id',
      PUSH,
      { to: 'hanako', messages: text('a') },
      {},
      400,
      /^The property, 'to', in the request body is invalid/,
    ],
    ['a recipient it does not know', PUSH, { to: STRANGER, messages: text('a') }, {}, 400, /^Failed to send messages$/],
    [
      'a retry key that is no UUID',
      PUSH,
      { to: HANAKO, messages: text('a') },
      { 'x-line-retry-key': 'abc' },
      400,
      /retry key/,
    ],
    [
      'a retry key on a reply',
      '/v2/bot/message/reply',
      { replyToken: 't', messages: text('a') },
      { 'x-line-retry-key': '123e4567-e89b-12d3-a456-426614174000' },
      400,
      /retry key/,
    ],
    [
      'a token it never issued',
      '/v2/bot/message/reply',
      { replyToken: 't', messages: text('a') },
      {},
      400,
      /^Invalid reply token$/,
    ],
    [
      '501 recipients',
      '/v2/bot/message/multicast',
      { to: Array(501).fill(HANAKO), messages: text('a') },
      {},
      400,
      /1 error/,
    ],
  ])('%s', async (_what, path, body, headers, status, message) => {
    const answer = await answered(await post(path, body, headers as Record<string, string>));
    expect(answer).toEqual({ status, body: expect.objectContaining({ message: expect.stringMatching(message) }) });
  });

  it('a reply token used before', async () => {
    const { replyToken } = await line.edit({ do: 'message', userId: HANAKO, text: 'やあ' });
    const body = { replyToken, messages: text('はい') };
    expect((await post('/v2/bot/message/reply', body)).status).toBe(200);
    expect((await answered(await post('/v2/bot/message/reply', body))).body).toEqual({
      message: 'Invalid reply token',
    });
  });

  it('the same retry key within 24 hours, naming the accepted request, and takes it anew afterwards', async () => {
    await line.clock('2026-10-07T10:00:00+09:00');
    const send = () =>
      post(
        PUSH,
        { to: HANAKO, messages: text('一度だけ') },
        { 'x-line-retry-key': '123e4567-e89b-12d3-a456-426614174009' },
      );
    const first = await send();
    const sent = (await first.json()) as JsonObject;
    const second = await send();
    expect(second.status).toBe(409);
    expect(second.headers.get('x-line-accepted-request-id')).toBe(first.headers.get('x-line-request-id'));
    expect(await second.json()).toEqual({ message: 'The retry key is already accepted', ...sent });
    await line.clock('2026-10-08T10:00:00+09:00');
    expect((await send()).status).toBe(200);
  });

  it('the 2,001st request of a second, as a rate limit and not as a quota', async () => {
    const path = '/v2/bot/message/quota';
    const statuses: number[] = [];
    for (let round = 0; round < 21 && !statuses.includes(429); round++) {
      const answers = await Promise.all(
        Array.from({ length: 500 }, () =>
          line.sandbox.app.inject({ url: path, headers: { authorization: 'Bearer line-test-access-token' } }),
        ),
      );
      statuses.push(...answers.map((answer) => answer.statusCode));
    }
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
  });
});

describe('the simulated LINE sends', () => {
  it('a signed webhook with all that an event has, emoji as escapes', async () => {
    const told = await line.edit({ do: 'message', userId: HANAKO, text: 'こんにちは🌸' });
    const { headers, raw } = line.received.at(-1) ?? { headers: {}, raw: Buffer.alloc(0) };
    expect(raw.toString('utf8')).toContain('\\uD83C\\uDF38');
    const request = {
      method: 'POST',
      url: '/webhooks/line-main',
      publicUrl: 'https://hub.example.jp',
      headers: { 'x-line-signature': String(headers['x-line-signature']) },
      raw,
    };
    expect(webhook.verify(request, { config: line.config, nowMs: Date.now(), isApiToken: () => false })).toEqual({
      kind: 'accept',
    });
    expect(lastEvent()).toMatchObject({
      type: 'message',
      message: { type: 'text', text: 'こんにちは🌸', id: told.messageId },
      webhookEventId: expect.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/),
      deliveryContext: { isRedelivery: false },
      source: { type: 'user', userId: HANAKO },
      replyToken: told.replyToken,
      mode: 'active',
    });
    expect(told.status).toBe(200);
  });

  it('the event again, marked, when the hub did not take it', async () => {
    const before = line.received.length;
    line.hubAnswers.push(503, 503);
    const told = await line.edit({ do: 'postback', userId: HANAKO, data: 'action=hello' });
    const tries = line.received.slice(before).map(({ raw }) => JSON.parse(raw.toString('utf8')).events[0]);
    expect(tries.map((event) => event.deliveryContext.isRedelivery)).toEqual([false, true, true]);
    expect(new Set(tries.map((event) => `${event.webhookEventId} ${event.replyToken}`)).size).toBe(1);
    expect(told.status).toBe(200);
  });

  it('an event again when asked to, and not by itself when redelivery is off', async () => {
    await line.seed({ redelivery: false });
    line.hubAnswers.push(503);
    const told = await line.edit({ do: 'message', userId: HANAKO, text: 'もう一度' });
    expect(told.status).toBe(503);
    await line.edit({ do: 'redeliver', webhookEventId: told.webhookEventId ?? null });
    expect(lastEvent()).toMatchObject({ webhookEventId: told.webhookEventId, deliveryContext: { isRedelivery: true } });
    await line.seed({ redelivery: true });
  });

  it('follow, unfollow, unsend, an account link and any event it is given', async () => {
    await line.edit({ do: 'follow', userId: TARO, displayName: '太郎' });
    expect(lastEvent()).toMatchObject({ type: 'follow', follow: { isUnblocked: true } });
    expect((await line.call('GET', `/v2/bot/profile/${TARO}`)).status).toBe(200);
    await line.edit({ do: 'unfollow', userId: TARO });
    expect(lastEvent()).toMatchObject({ type: 'unfollow' });
    expect(lastEvent()).not.toHaveProperty('replyToken');
    expect((await line.call('GET', `/v2/bot/profile/${TARO}`)).status).toBe(404);
    await line.edit({ do: 'unsend', userId: HANAKO, messageId: '1' });
    expect(lastEvent()).toMatchObject({ type: 'unsend', unsend: { messageId: '1' } });
    await line.edit({ do: 'account-link', userId: HANAKO, nonce: 'bm9uY2U' });
    expect(lastEvent()).toMatchObject({ type: 'accountLink', link: { result: 'ok', nonce: 'bm9uY2U' } });
    await line.edit({ do: 'send-event', event: { type: 'somethingNew', mode: 'standby' } });
    expect(lastEvent()).toMatchObject({ type: 'somethingNew', mode: 'standby' });
    await expect(line.edit({ do: 'message', userId: TARO, text: 'あ' })).rejects.toThrow('blocked');
  });
});

describe('the simulated LINE answers', () => {
  it('who the bot is, where its webhooks go, and whether they arrive', async () => {
    const info = await answered(await line.call('GET', '/v2/bot/info'));
    expect(info.body).toMatchObject({ userId: expect.stringMatching(/^U[0-9a-f]{32}$/), chatMode: 'bot' });
    const test = await answered(await post('/v2/bot/channel/webhook/test', {}));
    expect(test.body).toMatchObject({ success: true, statusCode: 200, reason: 'OK' });
    expect(JSON.parse(line.received.at(-1)?.raw.toString('utf8') ?? '').events).toEqual([]);
    const endpoint = await answered(await line.call('GET', '/v2/bot/channel/webhook/endpoint'));
    expect(endpoint.body).toMatchObject({ active: true });
    const set = await line.call('PUT', '/v2/bot/channel/webhook/endpoint', {
      endpoint: String(endpoint.body.endpoint),
    });
    expect(set.status).toBe(200);
  });

  it('its friends in pages, a link token and the loading animation', async () => {
    const friends = await answered(await line.call('GET', '/v2/bot/followers/ids?limit=1'));
    expect(friends.body).toEqual({ userIds: [HANAKO] });
    expect((await line.call('GET', '/v2/bot/followers/ids?limit=1001')).status).toBe(400);
    expect((await answered(await post(`/v2/bot/user/${HANAKO}/linkToken`, {}))).body).toHaveProperty('linkToken');
    expect((await post('/v2/bot/chat/loading/start', { chatId: HANAKO, loadingSeconds: 5 })).status).toBe(202);
    expect((await post('/v2/bot/chat/loading/start', { chatId: HANAKO, loadingSeconds: 7 })).status).toBe(400);
  });

  it('multicast and broadcast by counting every friend they reach', async () => {
    await line.seed({ quota: { type: 'limited', value: 2 }, used: 0 });
    expect((await post('/v2/bot/message/multicast', { to: [HANAKO, TARO], messages: text('皆さまへ') })).status).toBe(
      200,
    );
    expect((await post('/v2/bot/message/broadcast', { messages: text('皆さまへ') })).status).toBe(200);
    const used = await answered(await line.call('GET', '/v2/bot/message/quota/consumption'));
    expect(used.body).toEqual({ totalUsage: 2 });
    expect(await answered(await post('/v2/bot/message/broadcast', { messages: text('もう一通') }))).toEqual({
      status: 429,
      body: { message: 'You have reached your monthly limit.' },
    });
  });

  it('whether message objects are good, without sending them', async () => {
    expect((await post('/v2/bot/message/validate/reply', { messages: text('はい') })).status).toBe(200);
    expect((await post('/v2/bot/message/validate/push', { messages: text('') })).status).toBe(400);
  });
});
