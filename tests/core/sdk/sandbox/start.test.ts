import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '#sdk';
import { openStage, type Stage } from './support.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
beforeEach(async () => {
  await stage.control('DELETE', 'requests');
  stage.received.length = 0;
});

describe('the request log', () => {
  const log = async (query = '') => (await stage.control('GET', `requests${query}`)) as unknown as JsonObject[];

  it('shows method, path, query, body, status and the rows written, oldest first', async () => {
    await stage.call('GET', '/notes?limit=2');
    await stage.call('POST', '/notes', { text: '山田様' });
    expect(await log()).toMatchObject([
      { method: 'GET', path: '/notes', query: { limit: '2' }, status: 200, writes: [] },
      { method: 'POST', path: '/notes', body: { text: '山田様' }, status: 200, writes: [{ note: { text: '山田様' } }] },
    ]);
  });

  it('can be narrowed to writes and to what came since', async () => {
    await stage.call('POST', '/notes', { text: 'a' });
    const [first] = await log('?write=true');
    await stage.call('GET', '/notes');
    await stage.call('POST', '/notes', { text: 'b' });
    expect(await log('?write=true')).toHaveLength(2);
    expect(await log(`?write=true&since=${String(first?.seq)}`)).toMatchObject([{ body: { text: 'b' } }]);
  });

  it('hides the credentials and keeps other headers', async () => {
    await stage.call('GET', '/notes', undefined, { authorization: 'Bearer very-secret', 'x-retry-key': 'k-1' });
    const [entry] = await log();
    expect(entry?.headers).toMatchObject({ authorization: '(given)', 'x-retry-key': 'k-1' });
    expect(JSON.stringify(entry)).not.toContain('very-secret');
  });

  it('keeps refused requests and bodies that are no JSON', async () => {
    const response = await fetch(`${stage.sandbox.origin}/notes`, { method: 'POST', body: 'half {' });
    expect(response.status).toBe(400);
    expect(await log()).toMatchObject([{ body: 'half {', status: 400, writes: [] }]);
  });

  it('does not log its own control routes', async () => {
    await stage.control('GET', 'state');
    expect(await log()).toEqual([]);
  });
});

describe('webhooks out', () => {
  const edit = async (body: JsonObject) =>
    ((await stage.control('POST', 'edit', body)) as { result: JsonObject }).result;

  it('go to the connection as they were signed, and the edit tells the answer', async () => {
    expect(await edit({ body: '{"a":1}' })).toEqual({ status: 200, body: 'hub says' });
    expect(stage.received).toEqual([{ path: '/webhooks/main', signature: 'signed', body: '{"a":1}' }]);
  });

  it('go to a fixed path when the vendor has one', async () => {
    await edit({ url: `${stage.hub}/events` });
    expect(stage.received.map(({ path }) => path)).toEqual(['/events']);
  });

  it('are tried again as the vendor would until one is taken', async () => {
    stage.answers.push(503, 0);
    expect(await edit({ body: '{}', retryAfterMs: [1, 1, 1] })).toMatchObject({ status: 200 });
    expect(stage.received).toHaveLength(3);
    expect(stage.sandbox.deliveries.at(-1)?.statuses).toEqual([503, 0, 200]);
  });

  it('give up when the vendor would', async () => {
    stage.answers.push(500, 500);
    expect(await edit({ retryAfterMs: [1] })).toMatchObject({ status: 500 });
    expect(stage.received).toHaveLength(2);
  });

  it('can be delivered again, byte for byte', async () => {
    await edit({ body: '{"emoji":"\\ud83e\\udd28"}' });
    const seq = stage.sandbox.deliveries.at(-1)?.seq ?? 0;
    expect(await stage.control('POST', 'redeliver', { seq })).toEqual({ status: 200, body: 'hub says' });
    expect(stage.received[1]).toEqual(stage.received[0]);
    expect(await stage.control('POST', 'redeliver', { seq: 999_999 })).toMatchObject({ status: 0 });
  });

  it('are refused for a connection nobody has', async () => {
    expect(await stage.control('POST', 'edit', { connection: 'other' })).toMatchObject({
      ok: false,
      error: '[sandbox] no connection named other',
    });
  });
});

describe('seed, state and clock', () => {
  it('puts records there without a webhook', async () => {
    await stage.control('POST', 'seed', { text: 'seeded' });
    expect(await stage.control('GET', 'state')).toMatchObject({ kept: expect.arrayContaining([{ text: 'seeded' }]) });
    expect(stage.received).toEqual([]);
  });

  it('stands still at the time it is set to, and runs again when it is let go', async () => {
    await stage.control('POST', 'clock', { now: '2026-09-01T10:00:00+09:00' });
    expect(await stage.control('GET', 'clock')).toEqual({ now: '2026-09-01T01:00:00.000Z', isSet: true });
    expect(await (await stage.call('GET', '/time')).json()).toEqual({ now: Date.parse('2026-09-01T01:00:00Z') });
    expect(stage.sandbox.requests.at(-1)?.at).toBe('2026-09-01T01:00:00.000Z');
    await stage.control('POST', 'clock', { now: null });
    expect(await stage.control('GET', 'clock')).toMatchObject({ isSet: false });
  });

  it('says what is wrong with an order it cannot follow', async () => {
    expect(await stage.control('POST', 'clock', { now: 'tomorrow' })).toMatchObject({ ok: false });
    const response = await fetch(`${stage.sandbox.origin}/__sandbox/seed`, { method: 'POST', body: '[]' });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ ok: false, error: 'the body must be a JSON object' });
  });
});
