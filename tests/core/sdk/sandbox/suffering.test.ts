import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openStage, type Stage } from './support.ts';

// Over real sockets: what a connector feels when its vendor misbehaves.
let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
beforeEach(async () => {
  await stage.control('DELETE', 'fault');
  await stage.control('DELETE', 'requests');
});

const fault = (given: object) => stage.control('POST', 'fault', { ...given });
const count = async () => ((await stage.control('GET', 'state')) as { kept: unknown[] }).kept.length;
const failure = (call: Promise<Response>) =>
  call.then(
    () => 'answered',
    (error: Error) => error.name,
  );

it('answers with the status, headers and body it is told, and does nothing', async () => {
  const before = await count();
  await fault({ status: 429, headers: { 'retry-after': '3' }, body: { message: 'slow down' } });
  const response = await stage.call('POST', '/notes', { text: 'a' });
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '3']);
  expect(await response.json()).toEqual({ message: 'slow down' });
  expect(await count()).toBe(before);
  expect(stage.sandbox.requests.at(-1)).toMatchObject({ status: 429, fault: 'status 429', writes: [] });
});

it('can answer with a page of HTML', async () => {
  await fault({ status: 502, body: '<html>bad gateway</html>' });
  const response = await stage.call('GET', '/notes');
  expect([response.status, response.headers.get('content-type')]).toEqual([502, 'text/html']);
  expect(await response.text()).toBe('<html>bad gateway</html>');
});

it('hangs without an answer and without doing it', async () => {
  const before = await count();
  await fault({ kind: 'hang' });
  const call = fetch(`${stage.sandbox.origin}/notes`, { method: 'POST', body: '{}', signal: AbortSignal.timeout(150) });
  expect(await failure(call)).toBe('TimeoutError');
  expect(await count()).toBe(before);
});

it('cuts the connection without doing it', async () => {
  const before = await count();
  await fault({ kind: 'reset' });
  expect(await failure(stage.call('POST', '/notes', {}))).toBe('TypeError');
  expect(await count()).toBe(before);
  expect(stage.sandbox.requests.at(-1)).toMatchObject({ fault: 'reset', writes: [] });
});

it('does it and loses the answer', async () => {
  const before = await count();
  await fault({ kind: 'answer_lost' });
  expect(await failure(stage.call('POST', '/notes', { text: 'kept' }))).toBe('TypeError');
  expect(await count()).toBe(before + 1);
  expect(stage.sandbox.requests.at(-1)).toMatchObject({
    status: 0,
    fault: 'answer_lost',
    writes: [{ note: { text: 'kept' } }],
  });
});

it('does it and answers half of the JSON', async () => {
  const before = await count();
  await fault({ kind: 'bad_json' });
  const response = await stage.call('POST', '/notes', { text: 'kept' });
  const text = await response.text();
  expect(response.status).toBe(200);
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
  expect(text.length).toBeGreaterThan(0);
  expect(await count()).toBe(before + 1);
});

it('is late and then goes on as usual', async () => {
  await fault({ latencyMs: 120 });
  const startedMs = performance.now();
  expect((await stage.call('GET', '/notes')).status).toBe(200);
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(115);
});

it('goes back to normal after the fault, and its control routes never suffer', async () => {
  await fault({ kind: 'reset', times: 1 });
  expect(await stage.control('GET', 'fault')).toHaveLength(1);
  expect(await failure(stage.call('GET', '/notes'))).toBe('TypeError');
  expect((await stage.call('GET', '/notes')).status).toBe(200);
  expect(await stage.control('GET', 'fault')).toEqual([]);
});

it('refuses a fault it does not know', async () => {
  expect(await fault({ kind: 'explode' })).toMatchObject({ ok: false });
});
