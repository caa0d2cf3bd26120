import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '#sdk';
import sandbox from '../../../connectors/web/sandbox/index.ts';
import webhook from '../../../connectors/web/webhook.ts';
import { type RunningSandbox, startSandbox } from '../../../core/sdk/sandbox/start.ts';
import { requestOf, splitBody, TOKEN, verifyContext } from './support.ts';

interface Received {
  readonly url: string;
  readonly events: readonly JsonObject[];
}
const received: Received[] = [];
let site: RunningSandbox;

// A hub that does what the real one does at its door: verify, split, answer.
const hub = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks);
  if (webhook.verify(requestOf(raw, request.headers.authorization), verifyContext).kind !== 'accept') {
    response.writeHead(401).end();
    return;
  }
  const { events, status, answer } = splitBody(raw);
  received.push({ url: request.url ?? '', events: events.map((one) => one.payload) });
  response.writeHead(status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  const { port } = hub.address() as { port: number };
  const webhookUrl = `http://127.0.0.1:${port}/webhooks/site`;
  const strange = { name: 'stranger', config: { token: 'wrong' }, webhookUrl };
  site = await startSandbox(sandbox, {
    connections: [{ name: 'site', config: { token: TOKEN }, webhookUrl }, strange],
  });
});
afterAll(async () => {
  await site.close();
  hub.close();
});
beforeEach(() => {
  received.length = 0;
});

async function control(path: string, body: JsonValue) {
  const response = await fetch(`${site.origin}/__sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) });
  return (await response.json()) as { ok: boolean; error?: string; result: JsonObject };
}
const edit = (body: JsonObject) => control('edit', body);

it('sends a page view of an anonymous visitor to the fixed path of the hub', async () => {
  const { result } = await edit({ do: 'view', anonymousId: 'v-1', path: '/pricing', title: '料金' });
  expect(result).toMatchObject({ status: 200, body: { accepted: 1, rejected: [] } });
  expect(received).toMatchObject([
    {
      url: '/events',
      events: [
        { id: result.id, kind: 'page_view', anonymousId: 'v-1', properties: { path: '/pricing', title: '料金' } },
      ],
    },
  ]);
});

it('gives every event an id of its own', async () => {
  const ids = await Promise.all([1, 2, 3].map(async () => (await edit({ do: 'view', path: '/' })).result.id));
  expect(new Set(ids).size).toBe(3);
});

it('stamps events with its own clock and keeps a time that is given', async () => {
  await control('clock', { now: '2026-10-01T09:00:00+09:00' });
  await edit({ do: 'view', path: '/a' });
  await edit({ do: 'view', path: '/b', at: '2026-09-30T12:00:00+09:00' });
  await control('clock', { now: null });
  expect(received.flatMap(({ events }) => events.map((one) => one.at))).toEqual([
    '2026-10-01T00:00:00.000Z',
    '2026-09-30T12:00:00+09:00',
  ]);
});

it('knows a seeded visitor as a member who is signed in', async () => {
  await control('seed', { visitors: [{ anonymousId: 'v-2', email: 'hanako@example.co.jp', memberNumber: '0012' }] });
  await edit({ do: 'view', anonymousId: 'v-2', path: '/faq' });
  expect(received[0]?.events[0]).toMatchObject({
    anonymousId: 'v-2',
    email: 'hanako@example.co.jp',
    memberNumber: '0012',
  });
});

it('tells who a visitor is', async () => {
  await edit({ do: 'identify', anonymousId: 'v-1', email: 'a@example.jp', properties: { lastName: '佐藤' } });
  expect(received[0]?.events[0]).toMatchObject({
    kind: 'identify',
    email: 'a@example.jp',
    properties: { lastName: '佐藤' },
  });
});

it('sends any event and any batch, good or bad, and shows the answer', async () => {
  const one = await edit({ do: 'event', event: { id: 'e-1', kind: 'login', memberNumber: '0012' } });
  expect(one.result).toMatchObject({ status: 200, id: 'e-1' });
  const batch = await edit({ do: 'batch', events: [{ id: 'e-2', kind: 'login' }, { id: 'e-3', kind: 'Log In' }, 7] });
  expect(batch.result).toMatchObject({ status: 200, body: { accepted: 1, rejected: [{ index: 1 }, { index: 2 }] } });
});

it('is turned away with a wrong token', async () => {
  expect((await edit({ do: 'view', connection: 'stranger', path: '/' })).result.status).toBe(401);
  expect(received).toEqual([]);
});

it('says what it cannot do', async () => {
  expect(await edit({ do: 'dance' })).toMatchObject({ ok: false });
  expect(await edit({ do: 'view', connection: 'nobody', path: '/' })).toMatchObject({
    ok: false,
    error: '[sandbox] no connection nobody',
  });
});
