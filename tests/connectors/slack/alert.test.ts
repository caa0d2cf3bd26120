import { expect, it } from 'vitest';
import type { JsonObject } from '#sdk';
import alert from '../../../connectors/slack/actions/alert.ts';
import postMessage from '../../../connectors/slack/actions/post-message.ts';
import updateMessage from '../../../connectors/slack/actions/update-message.ts';
import webhook from '../../../connectors/slack/webhook.ts';
import { resultOf, type Scene, scopeOf, startScene, watanabe } from './support.ts';

const bound = (input: JsonObject, scope = scopeOf()) => ({ ...alert.bind(input, scope, {} as never), ...input });
const ALERT = bound({
  to: 'owner',
  text: '*失注案件* に動きがありました',
  fields: [{ label: { ja: '金額', en: 'Amount' }, value: '¥3,000,000' }],
  buttons: ['claim', 'snooze', { name: 'dismiss', style: 'danger' }],
});
const blocksOf = (row: JsonObject | undefined) => row?.blocks as { type: string; elements?: JsonObject[] }[];
const pressed = (scene: Scene) => {
  const [request] = scene.received.slice(-1);
  if (!request) throw new Error('nothing came');
  const context = { config: scene.config, nowMs: Date.now(), isApiToken: () => false };
  expect(webhook.verify(request, context)).toEqual({ kind: 'accept' });
  const [event] = webhook.split(request, { config: scene.config, nowMs: Date.now() }).events;
  if (!event) throw new Error('no event');
  return webhook.parse(event, { config: scene.config, connection: 'slack', receivedAtMs: Date.now() });
};

it('reaches the owner as a direct message with three buttons that carry only the effect id', async () => {
  await using scene = await startScene();
  const { effectId } = scene.context();
  const result = resultOf(await alert.perform(ALERT, scene.context()));
  expect(result).toMatchObject({
    channel: expect.stringMatching(/^D/),
    ts: expect.stringMatching(/^\d+\.\d{6}$/),
    effectId,
  });
  const [row] = scene.writes();
  expect(row).toMatchObject({ kind: 'post', user: 'U0TANAKA01', text: '*失注案件* に動きがありました' });
  expect(blocksOf(row).map(({ type }) => type)).toEqual(['section', 'section', 'actions']);
  expect(blocksOf(row)[2]?.elements).toMatchObject([
    { action_id: 'musubi:claim', text: { text: '担当する' }, value: effectId, style: 'primary' },
    { action_id: 'musubi:snooze', text: { text: 'あとで' }, value: effectId },
    { action_id: 'musubi:dismiss', text: { text: '不要' }, value: effectId, style: 'danger' },
  ]);
});

it('labels the buttons in the language of the workspace', async () => {
  await using scene = await startScene();
  await alert.perform({ ...ALERT, locale: 'en' }, scene.context());
  expect(JSON.stringify(scene.writes())).toMatch(/Claim.*Later.*Dismiss/);
  expect(JSON.stringify(scene.writes())).toContain('*Amount*');
});

it('finds a colleague by e-mail, and looks only once', async () => {
  await using scene = await startScene();
  const toManager = bound({ to: 'manager', text: '確認してください' });
  for (const effectKey of ['a', 'b']) await alert.perform(toManager, scene.context({ effectKey }));
  expect(scene.writes().map(({ user }) => user)).toEqual(['U0YAMAMOTO', 'U0YAMAMOTO']);
  expect(scene.sandbox.requests.filter(({ path }) => path.endsWith('users.lookupByEmail'))).toHaveLength(1);
});

it('is headed by the name of the inactive owner when it goes to somebody else', async () => {
  await using scene = await startScene();
  const input = bound({ to: 'owner', else: '#sales-managers', text: '本文' }, scopeOf({ owner: watanabe }));
  await alert.perform(input, scene.context());
  const [row] = scene.writes();
  expect(row).toMatchObject({ channel: 'C0SALESMGR', text: expect.stringMatching(/渡辺 健.*無効.*\n本文/) });
  expect(JSON.stringify(blocksOf(row)[0])).toContain('渡辺 健');
});

it('is posted once when its answer was lost: found by its key, in a direct message and in a channel', async () => {
  for (const to of ['owner', '#cs-urgent']) {
    await using scene = await startScene();
    const input = bound({ to, text: '一度だけ' });
    await scene.control('fault', { path: '/api/chat.postMessage', kind: 'answer_lost' });
    await expect(alert.perform(input, scene.context())).rejects.toMatchObject({
      kind: 'retryable',
      outcome: 'unknown',
    });
    const found = resultOf((await alert.probe?.(input, scene.context({ attempt: 2, isAfterUnknown: true }))) ?? null);
    expect(found).toMatchObject({ ts: scene.writes()[0]?.ts, channel: scene.writes()[0]?.channel });
    expect(scene.writes()).toHaveLength(1);
    expect(await alert.probe?.(input, scene.context({ effectKey: 'another-effect' }))).toBeNull();
  }
});

it('is found beyond the first page of a busy channel', async () => {
  await using scene = await startScene();
  const input = bound({ to: '#cs-urgent', text: '埋もれる' });
  const { ts } = resultOf(await alert.perform(input, scene.context()));
  const later = Math.ceil(Date.now() / 1000) + 1;
  const messages = Array.from({ length: 450 }, (_, index) => ({
    channel: 'C0CSURGENT',
    ts: `${later + index}.000000`,
    text: 'おしゃべり',
    user: 'U0YAMAMOTO',
  }));
  await scene.control('seed', { messages });
  expect(resultOf((await alert.probe?.(input, scene.context())) ?? null)).toMatchObject({ ts: ts ?? '' });
});

it('does not call a message absent when there are more than it can read', async () => {
  await using scene = await startScene();
  const later = Math.ceil(Date.now() / 1000) + 1;
  const messages = Array.from({ length: 2_001 }, (_, index) => ({
    channel: 'C0CSURGENT',
    ts: `${later + index}.000000`,
    text: 'おしゃべり',
    user: 'U0YAMAMOTO',
  }));
  await scene.control('seed', { messages });
  await expect(alert.probe?.(bound({ to: '#cs-urgent', text: 'x' }), scene.context())).rejects.toMatchObject({
    code: 'probe_incomplete',
    outcome: 'unknown',
  });
});

it('answers in the thread of the first message with the same thread key, and is found there', async () => {
  await using scene = await startScene();
  const input = bound({ to: '#cs-urgent', text: '引き継ぎ' });
  const threadRoot = resultOf(await alert.perform(input, scene.context()));
  const reply = { channel: '#sales-managers', text: '続報です', recipient: { channel: 'C0SALESMGR' }, locale: 'ja' };
  const context = () => scene.context({ effectKey: 'reply', threadRoot });
  await scene.control('fault', { path: '/api/chat.postMessage', kind: 'answer_lost' });
  await expect(postMessage.perform(reply, context())).rejects.toMatchObject({ outcome: 'unknown' });
  expect(resultOf((await postMessage.probe?.(reply, context())) ?? null)).toMatchObject({ channel: 'C0CSURGENT' });
  expect(scene.writes().map(({ kind, channel, thread_ts }) => [kind, channel, thread_ts])).toEqual([
    ['post', 'C0CSURGENT', undefined],
    ['thread', 'C0CSURGENT', threadRoot.ts],
  ]);
});

it('becomes a signal when somebody presses, and shows who took it, without buttons', async () => {
  await using scene = await startScene();
  const answered = resultOf(await alert.perform(ALERT, scene.context()));
  const edit = { do: 'press', channel: 'U0TANAKA01', ts: answered.ts ?? '', action: 'claim', user: 'U0TANAKA01' };
  expect(await scene.control('edit', edit)).toMatchObject({ ok: true, result: { status: 200, body: 'taken' } });
  expect(pressed(scene).signals).toMatchObject([
    {
      effectId: answered.effectId,
      name: 'claim',
      by: { channel: 'slack', scope: 'T0SAKURA01', id: 'U0TANAKA01' },
      value: { channel: answered.channel, ts: answered.ts },
    },
  ]);

  const update = { text: '田中さんが担当します', locale: 'ja' };
  await updateMessage.perform(update, scene.context({ effectKey: 'update', answered }));
  const row = scene.writes().at(-1);
  expect(row).toMatchObject({ kind: 'update', ts: answered.ts, text: expect.stringContaining('田中さんが担当します') });
  expect(blocksOf(row).map(({ type }) => type)).toEqual(['section', 'section', 'section']);
  expect(JSON.stringify(row)).toMatch(/失注案件.*金額.*田中さんが担当します/);

  await updateMessage.perform(update, scene.context({ effectKey: 'update', answered }));
  expect(scene.writes()).toHaveLength(2);
});

it('may keep buttons on a changed message; they still answer for the alert', async () => {
  await using scene = await startScene();
  const answered = resultOf(await alert.perform(ALERT, scene.context()));
  const update = { text: 'あとで（9月7日）', buttons: ['claim'], locale: 'ja' };
  await updateMessage.perform(update, scene.context({ effectKey: 'update', effectId: 'another', answered }));
  expect(blocksOf(scene.writes().at(-1)).at(-1)?.elements).toMatchObject([{ value: answered.effectId }]);
});

it('replaces the whole message when told not to keep it, or another one named by channel and ts', async () => {
  await using scene = await startScene();
  const answered = resultOf(await alert.perform(ALERT, scene.context()));
  await updateMessage.perform({ text: '終了', keep: false, locale: 'ja' }, scene.context({ answered }));
  expect(JSON.stringify(scene.writes().at(-1))).not.toContain('失注案件');
  const { channel = '', ts = '' } = answered;
  await updateMessage.perform({ channel, ts, text: '別の経路' }, scene.context());
  expect(scene.writes().at(-1)).toMatchObject({ kind: 'update', ts, text: '別の経路' });
});

it('refuses to change a message nobody named', async () => {
  await using scene = await startScene();
  await expect(updateMessage.perform({ text: 'x' }, scene.context())).rejects.toMatchObject({ code: 'no_message' });
});

it('carries a very long text in sections Slack takes, and marks what it left out', async () => {
  await using scene = await startScene();
  const fields = Array.from({ length: 10 }, () => ({ label: '項目', value: '長い値'.repeat(1_000) }));
  const long = { ...ALERT, text: '長い文です。\n'.repeat(5_000), fields };
  const answered = resultOf(await alert.perform(long, scene.context()));
  await updateMessage.perform({ text: '続き。'.repeat(5_000) }, scene.context({ answered }));
  expect(scene.writes().map(({ kind }) => kind)).toEqual(['post', 'update']);
  for (const row of scene.writes()) expect(JSON.stringify(row)).toContain('…');
});

it('turns nothing from data into a mention or link, as Slack receives it', async () => {
  await using scene = await startScene();
  const name = alert.escape('<!channel> <http://evil.example|bank> *x* https://evil.example');
  await alert.perform({ ...ALERT, text: `${name} さんから` }, scene.context());
  const body = new URLSearchParams(String(scene.sandbox.requests.find(({ writes }) => writes.length > 0)?.body));
  expect([body.get('parse'), body.get('link_names'), body.get('unfurl_links')]).toEqual(['none', 'false', 'false']);
  expect(body.get('blocks')).not.toMatch(/<!|<http/);
  expect(body.get('blocks')).toContain('"verbatim":true');
});
