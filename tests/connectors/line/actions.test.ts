import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import push from '../../../connectors/line/actions/push.ts';
import reply from '../../../connectors/line/actions/reply.ts';
import { type ActionScope, isJsonObject, type JsonObject } from '../../../core/sdk/index.ts';
import { contextOf, deliveredBy, HANAKO, type LineWorld, STRANGER, startLine, TARO } from './support.ts';

let line: LineWorld;
beforeAll(async () => {
  line = await startLine();
});
afterAll(() => line.close());
beforeEach(async () => {
  await fetch(`${line.sandbox.origin}/__sandbox/requests`, { method: 'DELETE' });
  await fetch(`${line.sandbox.origin}/__sandbox/fault`, { method: 'DELETE' });
  await line.seed({
    users: [
      { userId: HANAKO, displayName: '山田 花子' },
      { userId: TARO, displayName: '佐藤 太郎', following: false },
    ],
    quota: { type: 'none' },
    used: 0,
  });
});

const said = async (text = '営業時間は？') =>
  String((await line.edit({ do: 'message', userId: HANAKO, text })).replyToken);
const retryKeys = (() => {
  let count = 0;
  return () => `123e4567-e89b-52d3-a456-${String(++count).padStart(12, '0')}`;
})();
const error = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

describe('line.reply', () => {
  it('answers the message, free of quota', async () => {
    const replyToken = await said();
    const outcome = await reply.perform({ replyToken, userId: HANAKO, text: '平日9:00〜18:00です。' }, contextOf(line));
    expect(outcome).toMatchObject({ status: 'confirmed', result: { sentMessages: [{ id: expect.any(String) }] } });
    expect(deliveredBy(line)).toEqual([
      {
        kind: 'reply',
        to: HANAKO,
        replyToken,
        messages: [{ type: 'text', text: '平日9:00〜18:00です。' }],
        connection: 'line-main',
      },
    ]);
  });

  it('counts a lost answer as sent when the same token turns out to be used', async () => {
    const input = { replyToken: await said(), userId: HANAKO, text: 'はい' };
    await line.fault({ path: '/v2/bot/message/reply', kind: 'answer_lost' });
    await expect(reply.perform(input, contextOf(line))).rejects.toEqual(error('answer_lost', { outcome: 'unknown' }));
    const again = await reply.perform(input, contextOf(line, { attempt: 2, isAfterUnknown: true }));
    expect(again).toMatchObject({ status: 'confirmed', result: { foundUsed: true } });
    expect(deliveredBy(line)).toHaveLength(1);
  });

  it('sends after all when the lost request never arrived', async () => {
    const input = { replyToken: await said(), userId: HANAKO, text: 'はい' };
    await line.fault({ path: '/v2/bot/message/reply', kind: 'reset' });
    await expect(reply.perform(input, contextOf(line))).rejects.toEqual(error('answer_lost', { outcome: 'unknown' }));
    await reply.perform(input, contextOf(line, { attempt: 2, isAfterUnknown: true }));
    expect(deliveredBy(line)).toHaveLength(1);
  });

  it('never pushes after a lost answer, even when the token has expired: the outcome is listed', async () => {
    const input = { replyToken: 'expired-token', userId: HANAKO, text: 'はい' };
    const late = { attempt: 2, isAfterUnknown: true, plannedAtMs: Date.now() - 61_000 };
    await expect(reply.perform(input, contextOf(line, late))).rejects.toEqual(
      error('reply_outcome_unknown', { kind: 'rejected' }),
    );
    const resent = await reply.perform({ ...input, onUnknown: 'resend' }, contextOf(line, late));
    expect(resent).toMatchObject({ status: 'replaced', by: 'push' });
    expect(deliveredBy(line)).toHaveLength(0);
  });

  it('hands a token found dead over to a push with the same content', async () => {
    const quickReply = { items: [{ type: 'action', action: { type: 'message', label: 'はい', text: 'はい' } }] };
    const input = { replyToken: 'never-issued', userId: HANAKO, text: 'お待たせしました', quickReply };
    const outcome = await reply.perform(input, contextOf(line));
    expect(outcome).toEqual({
      status: 'replaced',
      by: 'push',
      input: { userId: HANAKO, text: 'お待たせしました', quickReply },
      reason: 'reply_token_dead',
    });
    if (outcome.status !== 'replaced') throw new Error('not replaced');
    await push.perform(outcome.input, contextOf(line, { retryKey: retryKeys() }));
    expect(deliveredBy(line)).toMatchObject([{ kind: 'push', to: HANAKO, messages: [{ quickReply }] }]);
  });

  it('hands over too when the earlier attempt was surely not applied', async () => {
    await line.fault({ path: '/v2/bot/message/reply', status: 429, body: { message: 'Too many' } });
    const input = { replyToken: 'never-issued', userId: HANAKO, text: 'はい' };
    await expect(reply.perform(input, contextOf(line))).rejects.toEqual(
      error('rate_limited', { outcome: 'not_applied' }),
    );
    expect(await reply.perform(input, contextOf(line, { attempt: 2 }))).toMatchObject({ status: 'replaced' });
  });

  it.each([
    ['the rule allows no push', { userId: HANAKO, fallback: 'none' }],
    ['nobody is known to push to', {}],
  ])('is dead when %s', async (_why, more) => {
    const input = { replyToken: 'never-issued', text: 'はい', ...more };
    await expect(reply.perform(input, contextOf(line))).rejects.toEqual(error('reply_token_dead'));
  });

  it('dies with its token after one minute of the sandbox clock', async () => {
    await line.clock('2026-10-07T22:00:00+09:00');
    const replyToken = await said();
    await line.clock('2026-10-07T22:01:00.001+09:00');
    const outcome = await reply.perform({ replyToken, userId: HANAKO, text: 'はい' }, contextOf(line));
    expect(outcome.status).toBe('replaced');
    await fetch(`${line.sandbox.origin}/__sandbox/clock`, { method: 'POST', body: '{"now":null}' });
  });
});

describe('line.push', () => {
  it('carries the retry key from the first attempt and is sent once however often it is tried', async () => {
    const input = { userId: HANAKO, text: 'ご注文ありがとうございます。' };
    const retryKey = retryKeys();
    await line.fault({ path: '/v2/bot/message/push', kind: 'answer_lost' });
    await expect(push.perform(input, contextOf(line, { retryKey }))).rejects.toEqual(
      error('answer_lost', { outcome: 'unknown' }),
    );
    const again = await push.perform(input, contextOf(line, { retryKey, attempt: 2, isAfterUnknown: true }));
    expect(again).toMatchObject({
      status: 'confirmed',
      result: { acceptedRequestId: expect.any(String), sentMessages: [{ id: expect.any(String) }] },
    });
    const pushes = line.sandbox.requests.filter((request) => request.path === '/v2/bot/message/push');
    expect(pushes.map((request) => request.headers['x-line-retry-key'])).toEqual([retryKey, retryKey]);
    expect(deliveredBy(line)).toHaveLength(1);
  });

  it('takes half an answer for a lost one', async () => {
    const retryKey = retryKeys();
    await line.fault({ path: '/v2/bot/message/push', kind: 'bad_json' });
    await expect(push.perform({ userId: HANAKO, text: 'はい' }, contextOf(line, { retryKey }))).rejects.toEqual(
      error('answer_lost', { outcome: 'unknown' }),
    );
    await push.perform({ userId: HANAKO, text: 'はい' }, contextOf(line, { retryKey, isAfterUnknown: true }));
    expect(deliveredBy(line)).toHaveLength(1);
  });

  it('stops at the end of the monthly quota, which a rate limit is not', async () => {
    await line.seed({ quota: { type: 'limited', value: 1 }, used: 0 });
    const input = {
      userId: HANAKO,
      messages: [
        { type: 'text', text: '一' },
        { type: 'text', text: '二' },
      ],
    };
    await push.perform(input, contextOf(line, { retryKey: retryKeys() }));
    await expect(push.perform(input, contextOf(line, { retryKey: retryKeys() }))).rejects.toEqual(
      error('quota_exhausted', { kind: 'rejected' }),
    );
    const limited = { message: 'The API rate limit has been exceeded. Try again later.' };
    await line.fault({ path: '/v2/bot/message/push', status: 429, body: limited });
    await expect(push.perform(input, contextOf(line, { retryKey: retryKeys() }))).rejects.toEqual(
      error('rate_limited', { kind: 'retryable', outcome: 'not_applied' }),
    );
  });

  it('is refused for a person LINE does not know, and silently not delivered to one who blocked', async () => {
    const context = () => contextOf(line, { retryKey: retryKeys() });
    await expect(push.perform({ userId: STRANGER, text: 'はい' }, context())).rejects.toEqual(
      error('recipient_unknown'),
    );
    await expect(push.perform({ userId: 'someone', text: 'はい' }, context())).rejects.toEqual(
      error('recipient_unknown'),
    );
    expect(await push.perform({ userId: TARO, text: 'はい' }, context())).toMatchObject({ status: 'confirmed' });
    expect(deliveredBy(line)).toHaveLength(0);
  });

  it('says which property of a message object is wrong, and shows no message', async () => {
    const input = {
      userId: HANAKO,
      messages: [{ type: 'image', originalContentUrl: 'http://a', previewImageUrl: 'x' }],
    };
    const failed = await push.perform(input, contextOf(line, { retryKey: retryKeys() })).catch((caught) => caught);
    expect(failed).toEqual(error('refused', { kind: 'rejected' }));
    expect(failed.detail).toContain('messages[0].originalContentUrl');
  });

  it('takes no control and no direction characters to the phone', async () => {
    const text = 'a\u0000b\u202Ec\u2066d\r\ne\tf\u0007🌸';
    const messages = [{ type: 'flex', altText: 'x\u202Ey', contents: { type: 'bubble', note: '\u009bz' } }];
    await push.perform({ userId: HANAKO, text }, contextOf(line, { retryKey: retryKeys() }));
    await push.perform({ userId: HANAKO, messages }, contextOf(line, { retryKey: retryKeys() }));
    expect(deliveredBy(line).map((row) => row.messages)).toEqual([
      [{ type: 'text', text: 'abcd\ne\tf🌸' }],
      [{ type: 'flex', altText: 'xy', contents: { type: 'bubble', note: 'z' } }],
    ]);
  });

  it('gives up when its deadline passes, and does not begin after it', async () => {
    await line.fault({ path: '/v2/bot/message/push', kind: 'hang' });
    const context = contextOf(line, { retryKey: retryKeys(), signal: AbortSignal.timeout(150) });
    await expect(push.perform({ userId: HANAKO, text: 'はい' }, context)).rejects.toEqual(
      error('answer_lost', { outcome: 'unknown', detail: 'TimeoutError' }),
    );
    const before = line.sandbox.requests.length;
    await expect(push.perform({ userId: HANAKO, text: 'はい' }, context)).rejects.toEqual(
      error('deadline_passed', { outcome: 'not_applied' }),
    );
    expect(line.sandbox.requests).toHaveLength(before);
  });

  it('knows a plan that does not include the call from a refused token', async () => {
    await line.fault({
      path: '/v2/bot/message/push',
      status: 403,
      body: { message: 'Access to this API is not available for your account' },
    });
    await expect(push.perform({ userId: HANAKO, text: 'はい' }, contextOf(line))).rejects.toEqual(
      error('plan_forbids', { kind: 'config' }),
    );
    await line.fault({ path: '/v2/bot/message/push', status: 401, body: '<html>' });
    await expect(push.perform({ userId: HANAKO, text: 'はい' }, contextOf(line))).rejects.toEqual(
      error('unauthorized', { kind: 'auth' }),
    );
  });
});

describe('what the actions take from their cause', () => {
  const own = { channel: 'line', scope: '2000000001', id: HANAKO };
  const second = { channel: 'line', scope: '2000000001', id: TARO };
  const scopeOf = (metadata: JsonObject, addresses: ActionScope['addresses'] = [own]): ActionScope => ({
    locale: 'ja',
    activity: { kind: 'line_message', metadata },
    person: null,
    addresses,
    owner: null,
    manager: null,
    staff: [],
    channels: {},
  });
  const bindReply = (scope: ActionScope) => reply.bind({ text: 'はい' }, scope, line.config);

  it('takes the reply token and the address of this provider', () => {
    const other = { channel: 'line', scope: '2999999999', id: STRANGER };
    expect(bindReply(scopeOf({ replyToken: 't' }, [other, own]))).toEqual({
      replyToken: 't',
      userId: HANAKO,
      text: 'はい',
    });
    expect(bindReply(scopeOf({ replyToken: 't' }, [other]))).not.toHaveProperty('userId');
  });

  it('means the one who spoke when a person has two accounts', () => {
    expect(bindReply(scopeOf({ replyToken: 't', userId: TARO }, [own, second])).userId).toBe(TARO);
  });

  it('pushes to nobody in private for what was said in a group', () => {
    expect(bindReply(scopeOf({ replyToken: 't', chatType: 'group', chatId: 'C1' }))).not.toHaveProperty('userId');
  });

  it.each([
    ['a cause without a reply token', () => bindReply(scopeOf({})), 'reply_token_missing'],
    ['a chat another channel holds', () => bindReply(scopeOf({ replyToken: 't', standby: true })), 'channel_standby'],
    ['a push to nobody', () => push.bind({ text: 'はい' }, scopeOf({}, []), line.config), 'no_line_address'],
  ])('refuses %s', (_what, bind, code) => {
    expect(bind).toThrow(error(code));
  });

  it('keeps what goes to one person in one line, by reply or by push', () => {
    expect(reply.target({ replyToken: 't', userId: HANAKO, text: 'はい' })).toBe(HANAKO);
    expect(push.target({ userId: HANAKO, text: 'はい' })).toBe(HANAKO);
  });

  it.each([
    ['no content', {}],
    ['two contents', { text: 'a', messages: [{ type: 'text', text: 'b' }] }],
    ['a text with nothing to read', { text: ' \u202e\u0000\n' }],
    ['a text of 5,001 units', { text: 'あ'.repeat(5001) }],
    ['six messages', { messages: Array.from({ length: 6 }, () => ({ type: 'text', text: 'a' })) }],
    ['an unknown type', { messages: [{ type: 'hologram' }] }],
    ['a message without its property', { messages: [{ type: 'sticker', packageId: '446' }] }],
    ['an unknown input', { text: 'a', colour: 'red' }],
  ])('takes no input with %s', (_what, content) => {
    expect(push.input.safeParse({ userId: HANAKO, ...content }).success).toBe(false);
  });

  it('takes 2,500 emoji, which are 5,000 units', () => {
    expect(push.input.safeParse({ userId: HANAKO, text: '🌸'.repeat(2500) }).success).toBe(true);
  });

  it('gives a result that is plain JSON', async () => {
    const outcome = await push.perform({ userId: HANAKO, text: 'はい' }, contextOf(line, { retryKey: retryKeys() }));
    if (outcome.status !== 'confirmed') throw new Error('not confirmed');
    expect(isJsonObject(outcome.result)).toBe(true);
    expect(JSON.parse(JSON.stringify(outcome.result))).toEqual(outcome.result);
  });
});
