import { WebClient } from '@slack/web-api';
import { expect, it } from 'vitest';
import { isJsonObject, type JsonObject } from '#sdk';
import { type Scene, startScene } from './support.ts';

const clientOf = (scene: Scene, token = 'xoxb-test-token') =>
  new WebClient(token, {
    slackApiUrl: `${scene.sandbox.origin}/api/`,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: QUIET,
  });
const nothing = () => {};
const QUIET = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  setName: nothing,
} as never;
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'accepted',
    (error: { data?: { error?: string } }) => error.data?.error,
  );
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });

it("speaks the official client's language: post, read back with metadata, reply, update", async () => {
  await using scene = await startScene();
  const client = clientOf(scene);
  expect(await client.auth.test()).toMatchObject({ ok: true, team_id: 'T0SAKURA01' });
  const metadata = { event_type: 'x', event_payload: { key: '1' } };
  const root = await client.chat.postMessage({ channel: 'C0CSURGENT', text: 'root', metadata });
  const reply = await client.chat.postMessage({ channel: 'C0CSURGENT', text: 'reply', thread_ts: root.ts });
  const plain = await client.conversations.history({ channel: 'C0CSURGENT' });
  expect(plain.messages).toMatchObject([{ text: 'root', reply_count: 1 }]);
  expect(plain.messages?.[0]?.metadata).toBeUndefined();
  const full = await client.conversations.history({ channel: 'C0CSURGENT', include_all_metadata: true });
  expect(full.messages?.[0]?.metadata).toEqual(metadata);
  const thread = await client.conversations.replies({ channel: 'C0CSURGENT', ts: root.ts ?? '' });
  expect(thread.messages?.map(({ ts }) => ts)).toEqual([root.ts, reply.ts]);
  await client.chat.update({ channel: 'C0CSURGENT', ts: root.ts ?? '', text: 'changed' });
  expect((await client.conversations.history({ channel: 'C0CSURGENT' })).messages?.[0]?.text).toBe('changed');
  expect((await client.users.lookupByEmail({ email: 'tanaka@example.co.jp' })).user?.id).toBe('U0TANAKA01');
  expect((await client.conversations.open({ users: 'U0TANAKA01' })).channel?.id).toMatch(/^D/);
});

it('takes JSON bodies as well as forms', async () => {
  await using scene = await startScene();
  const response = await fetch(`${scene.sandbox.origin}/api/chat.postMessage`, {
    method: 'POST',
    headers: { authorization: 'Bearer xoxb-test-token', 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ channel: '#cs-urgent', text: 'こんにちは', blocks: [section('こんにちは')] }),
  });
  expect([response.status, await response.json()]).toMatchObject([200, { ok: true, channel: 'C0CSURGENT' }]);
});

it('refuses with HTTP 200 what Slack refuses', async () => {
  await using scene = await startScene();
  const client = clientOf(scene);
  const postTo = (channel: string, more: object = { text: 'x' }) =>
    refusal(client.apiCall('chat.postMessage', { channel, ...more }));
  const blocks = (given: readonly object[]) => postTo('C0CSURGENT', { text: 'x', blocks: given });
  const button = { type: 'button', action_id: 'a', text: { type: 'plain_text', text: 'a' } };
  const cases: [string, Promise<string | undefined>][] = [
    ['invalid_auth', refusal(clientOf(scene, 'xoxb-wrong').auth.test())],
    ['not_authed', refusal(clientOf(scene, '').auth.test())],
    ['unknown_method', refusal(client.apiCall('chat.unknown'))],
    ['channel_not_found', postTo('C0NOWHERE')],
    ['not_in_channel', postTo('C0OUTSIDE1')],
    ['is_archived', postTo('C0ARCHIVED')],
    ['no_text', postTo('C0CSURGENT', {})],
    ['invalid_arguments', refusal(client.apiCall('chat.postMessage', { text: 'x' }))],
    ['cannot_reply_to_message', postTo('C0CSURGENT', { text: 'x', thread_ts: '1.000000' })],
    ['invalid_blocks_format', postTo('C0CSURGENT', { blocks: '{' })],
    ['invalid_blocks', blocks([section('x'.repeat(3001))])],
    ['invalid_blocks', blocks([section('')])],
    ['invalid_blocks', blocks(Array(51).fill(section('x')))],
    ['invalid_blocks', blocks([{ ...section('x'), colour: 'red' }])],
    ['invalid_blocks', blocks([{ type: 'nonsense' }])],
    ['invalid_blocks', blocks([{ type: 'section' }])],
    ['invalid_blocks', blocks([{ type: 'actions', elements: [button, button] }])],
    ['invalid_blocks', blocks([{ type: 'actions', elements: [{ ...button, value: 'x'.repeat(2001) }] }])],
    ['invalid_blocks', blocks([{ type: 'actions', elements: [{ ...button, action_id: 'x'.repeat(256) }] }])],
    [
      'invalid_blocks',
      blocks([{ type: 'actions', elements: [{ ...button, text: { type: 'plain_text', text: 'x'.repeat(76) } }] }]),
    ],
    ['msg_blocks_too_long', blocks(Array(5).fill(section('x'.repeat(2900))))],
    ['invalid_metadata_schema', postTo('C0CSURGENT', { text: 'x', metadata: { event_type: 'x' } })],
    [
      'metadata_too_large',
      postTo('C0CSURGENT', { text: 'x', metadata: { event_type: 'x', event_payload: { a: 'x'.repeat(9000) } } }),
    ],
    ['message_not_found', refusal(client.chat.update({ channel: 'C0CSURGENT', ts: '1.000000', text: 'x' }))],
    ['users_not_found', refusal(client.users.lookupByEmail({ email: 'watanabe@example.co.jp' }))],
    ['user_not_found', refusal(client.users.info({ user: 'U0NOBODY' }))],
    ['invalid_cursor', refusal(client.conversations.history({ channel: 'C0CSURGENT', cursor: 'x' }))],
    ['thread_not_found', refusal(client.conversations.replies({ channel: 'C0CSURGENT', ts: '1.000000' }))],
  ];
  for (const [expected, found] of cases) expect(await found).toBe(expected);
  expect(scene.writes()).toEqual([]);
});

it("lets an app change its own messages only, and no text over Slack's limit", async () => {
  await using scene = await startScene();
  await scene.control('seed', {
    messages: [{ channel: 'C0CSURGENT', ts: '1788224460.000100', text: 'x', user: 'U0TANAKA01' }],
  });
  const client = clientOf(scene);
  const theirs = { channel: 'C0CSURGENT', ts: '1788224460.000100' };
  expect(await refusal(client.chat.update({ ...theirs, text: 'y' }))).toBe('cant_update_message');
  const { ts = '' } = await client.chat.postMessage({ channel: 'C0CSURGENT', text: 'x' });
  const ours = { channel: 'C0CSURGENT', ts };
  expect(await refusal(client.chat.update({ ...ours, text: 'x'.repeat(4001) }))).toBe('msg_too_long');
});

it('asks for the scope a method needs', async () => {
  await using scene = await startScene();
  await scene.control('seed', { scopes: ['chat:write'] });
  expect(await refusal(clientOf(scene).users.lookupByEmail({ email: 'tanaka@example.co.jp' }))).toBe('missing_scope');
  expect(await refusal(clientOf(scene).chat.postMessage({ channel: 'C0CSURGENT', text: 'x' }))).toBe('accepted');
});

it('slows a flood in one channel down with 429 and Retry-After, and not the others', async () => {
  await using scene = await startScene();
  await scene.control('seed', { rate: { perSecond: 0.5, burst: 2 } });
  const client = clientOf(scene);
  const postTo = (channel: string) => client.chat.postMessage({ channel, text: 'x' });
  await postTo('C0CSURGENT');
  await postTo('C0CSURGENT');
  await expect(postTo('C0CSURGENT')).rejects.toMatchObject({ retryAfter: 2 });
  expect((await postTo('C0SALESMGR')).ok).toBe(true);
  expect(scene.writes()).toHaveLength(3);
});

it('pages through channels and messages by cursor', async () => {
  await using scene = await startScene();
  const client = clientOf(scene);
  for (let index = 0; index < 5; index++) await client.chat.postMessage({ channel: 'C0CSURGENT', text: `${index}` });
  const texts: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.conversations.history({ channel: 'C0CSURGENT', limit: 2, ...(cursor && { cursor }) });
    texts.push(...(page.messages ?? []).map(({ text }) => text ?? ''));
    cursor = page.response_metadata?.next_cursor;
  } while (cursor);
  expect(texts).toEqual(['4', '3', '2', '1', '0']);
});

it('sends what people do as signed webhooks in the shapes Slack uses', async () => {
  await using scene = await startScene();
  const edit = async (body: JsonObject) => {
    expect(await scene.control('edit', body)).toMatchObject({ result: { status: 200 } });
    const raw = scene.received.at(-1)?.raw.toString('utf8') ?? '';
    return raw.startsWith('{') ? (JSON.parse(raw) as JsonObject) : Object.fromEntries(new URLSearchParams(raw));
  };
  expect(await edit({ do: 'message', channel: 'cs-urgent', user: 'tanaka@example.co.jp', text: 'はい' })).toMatchObject(
    {
      type: 'event_callback',
      team_id: 'T0SAKURA01',
      event: { type: 'message', user: 'U0TANAKA01', text: 'はい', channel: 'C0CSURGENT', channel_type: 'channel' },
      authorizations: [{ is_bot: true }],
    },
  );
  const command = { do: 'command', command: '/musubi', text: '山田', user: 'U0TANAKA01', channel: 'C0CSURGENT' };
  expect(await edit(command)).toMatchObject({ command: '/musubi', text: '山田', user_id: 'U0TANAKA01' });
  expect(await edit({ do: 'url-verification' })).toMatchObject({ type: 'url_verification' });
});

it('answers a response URL five times, and names what came', async () => {
  await using scene = await startScene();
  const command = { do: 'command', command: '/musubi', user: 'U0TANAKA01', channel: 'C0CSURGENT' };
  await scene.control('edit', command);
  const form = new URLSearchParams(scene.received.at(-1)?.raw.toString('utf8'));
  const respond = async () => {
    const body = JSON.stringify({ text: '結果です' });
    return (await fetch(form.get('response_url') ?? '', { method: 'POST', body })).status;
  };
  const statuses: number[] = [];
  for (let times = 0; times < 6; times++) statuses.push(await respond());
  expect(statuses).toEqual([200, 200, 200, 200, 200, 404]);
  expect(scene.writes().filter(({ kind, text }) => kind === 'response' && text === '結果です')).toHaveLength(5);
});

it('shows its state', async () => {
  await using scene = await startScene();
  await clientOf(scene).chat.postMessage({ channel: 'U0TANAKA01', text: '見えますか' });
  const state: unknown = await (await fetch(`${scene.sandbox.origin}/__sandbox/state`)).json();
  expect(isJsonObject(state) && state.messages).toMatchObject([{ text: '見えますか', user: 'U01MUSUBIBOT' }]);
});
