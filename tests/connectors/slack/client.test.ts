import { createServer } from 'node:net';
import { inspect } from 'node:util';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AuthError, type HubError, RejectedError, RetryableError } from '#sdk';
import { callSlack } from '../../../connectors/slack/client.ts';
import { slackConfig, startScene } from './support.ts';

const answer = z.object({ ts: z.string() });
const post = (signal = AbortSignal.timeout(5_000)): Promise<unknown> =>
  callSlack({ config: slackConfig(), connection: 'slack', signal }, 'chat.postMessage', { channel: 'C1' }, answer);
const failure = async (call = post()): Promise<HubError> =>
  await call.then(
    () => {
      throw new Error('it went through');
    },
    (error: HubError) => error,
  );
const slackAnswers = (status: number, body: object | string, headers: Record<string, string> = {}) =>
  nock('https://slack.com')
    .post('/api/chat.postMessage')
    .reply(status, body as never, { 'content-type': 'application/json', ...headers });

describe('an error of Slack', () => {
  beforeEach(() => nock.disableNetConnect());
  afterEach(() => {
    expect(nock.isDone()).toBe(true);
    nock.cleanAll();
    nock.enableNetConnect();
  });

  it('asks for a new token when it is about the token', async () => {
    for (const error of ['invalid_auth', 'not_authed', 'token_revoked', 'account_inactive']) {
      slackAnswers(200, { ok: false, error });
      const found = await failure();
      expect(found).toBeInstanceOf(AuthError);
      expect(found).toMatchObject({ code: 'unauthorized', detail: `chat.postMessage: ${error}` });
    }
  });

  it('names the scope that is missing', async () => {
    slackAnswers(200, { ok: false, error: 'missing_scope', needed: 'im:write', provided: 'chat:write' });
    const found = await failure();
    expect(found).toBeInstanceOf(AuthError);
    expect(found).toMatchObject({ code: 'forbidden', message: expect.stringContaining('im:write') });
  });

  it('is final when the request can never work, and says what to do', async () => {
    for (const error of ['channel_not_found', 'not_in_channel', 'is_archived', 'msg_too_long', 'never_seen_before']) {
      slackAnswers(200, { ok: false, error });
      const found = await failure();
      expect(found).toBeInstanceOf(RejectedError);
      expect(found).toMatchObject({ code: 'refused', detail: `chat.postMessage: ${error}` });
    }
    slackAnswers(200, { ok: false, error: 'not_in_channel' });
    expect((await failure()).message).toContain('/invite');
  });

  it('points at the block that is wrong, and repeats none of its text', async () => {
    const messages = ['[ERROR] must be less than 3001 characters: 山田様 [json-pointer:/blocks/0/text/text]'];
    slackAnswers(200, { ok: false, error: 'invalid_blocks', response_metadata: { messages } });
    expect((await failure()).detail).toBe('chat.postMessage: invalid_blocks json-pointer:/blocks/0/text/text');
  });

  it('waits as long as Retry-After says, and was surely not applied', async () => {
    slackAnswers(429, { ok: false, error: 'ratelimited' }, { 'retry-after': '17' });
    expect(await failure()).toMatchObject({ code: 'rate_limited', retryAfterMs: 17_000, outcome: 'not_applied' });
    slackAnswers(429, 'slow down');
    expect(await failure()).toMatchObject({ code: 'rate_limited', outcome: 'not_applied' });
  });

  it('leaves the outcome open when Slack had an accident', async () => {
    for (const error of ['internal_error', 'fatal_error', 'service_unavailable']) {
      slackAnswers(200, { ok: false, error });
      expect(await failure()).toMatchObject({ code: 'vendor_unavailable', outcome: 'unknown' });
    }
    slackAnswers(503, '<html>down</html>', { 'content-type': 'text/html' });
    expect(await failure()).toMatchObject({ code: 'vendor_unavailable', outcome: 'unknown' });
  });

  it('leaves the outcome open when the answer cannot be read, and shows none of it', async () => {
    for (const body of ['<html>山田様</html>', '{"ok":true,"ts":', '{"ok":true}', '{"ok":true,"ts":5}']) {
      slackAnswers(200, body);
      const found = await failure();
      expect(found).toBeInstanceOf(RetryableError);
      expect(found).toMatchObject({ code: 'answer_lost', outcome: 'unknown' });
      expect(inspect(found, { depth: 8 })).not.toContain('山田様');
    }
  });

  it('never shows the token', async () => {
    slackAnswers(200, { ok: false, error: 'invalid_auth' });
    expect(inspect(await failure(), { depth: 8, showHidden: true })).not.toContain('xoxb-test-token');
  });
});

it('is told apart whether the answer was cut off or nobody was there', async () => {
  await using scene = await startScene();
  await scene.control('fault', { path: '/api/auth.test', kind: 'reset' });
  const cutOff = await failure(callSlack(scene.context(), 'auth.test', {}, answer));
  expect(cutOff).toMatchObject({ code: 'answer_lost', outcome: 'unknown' });
  const config = slackConfig({ apiUrl: `http://127.0.0.1:${await closedPort()}` });
  const nobody = await failure(callSlack(scene.context({ config }), 'auth.test', {}, answer));
  expect(nobody).toMatchObject({ code: 'vendor_unreachable', outcome: 'not_applied' });
});

it("ends with the call's own signal, not with the SDK's timeout", async () => {
  await using scene = await startScene();
  await scene.control('fault', { path: '/api/auth.test', kind: 'hang' });
  const context = scene.context({ signal: AbortSignal.timeout(200) });
  const startedMs = performance.now();
  const found = await failure(callSlack(context, 'auth.test', {}, answer));
  expect(found).toMatchObject({ code: 'answer_lost', outcome: 'unknown' });
  expect(performance.now() - startedMs).toBeLessThan(3_000);
});

it('calls once: the SDK itself retries nothing', async () => {
  await using scene = await startScene();
  await scene.control('fault', { path: '/api/auth.test', status: 500 });
  await failure(callSlack(scene.context(), 'auth.test', {}, answer));
  expect(scene.sandbox.requests.filter(({ path }) => path === '/api/auth.test')).toHaveLength(1);
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
