import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linePost, sitePost } from './events.ts';
import { rounds } from './random.ts';
import { openRig, type Rig } from './rig.ts';
import { quickestStore } from './stores.ts';

/** The limits of the two inlets (docs/delivery.md §ack path). */
const LINE_LIMIT = 262_144;
const SITE_LIMIT = 1_048_576;
const ROUNDS = rounds(20);
const ANSWER_MS = 5_000;
/** 30 s, and the time until the hub looks. */
const GIVEN_UP_MS = 40_000;
const RSS_LIMIT_KB = 50 * 1024;

/** R19: raw bytes, as no HTTP client sends them. */
describe('a body meant to hurt', () => {
  let rig: Rig;
  const open = new Set<Socket>();
  beforeAll(async () => {
    rig = await openRig(await quickestStore());
    await rig.start();
  });
  afterAll(async () => {
    for (const socket of open) socket.destroy();
    await rig.close();
  });

  const dial = async (): Promise<Socket> => {
    const { hostname, port } = new URL((await rig.hub().ready) ?? '');
    const socket = connect(Number(port), hostname);
    // the hub may cut it while we write
    socket.on('error', () => undefined);
    open.add(socket.once('close', () => open.delete(socket)));
    return socket;
  };
  const head = (target: string, headers: Readonly<Record<string, string>>) =>
    `POST ${target} HTTP/1.1\r\nhost: hub\r\n${linesOf(headers)}\r\n`;
  /** What comes back: the status, 0 when the connection ends without one. */
  const exchange = async (...parts: readonly (string | Buffer)[]): Promise<number> => {
    const socket = await dial();
    const status = statusFrom(socket);
    for (const part of parts) if (socket.writable) socket.write(part);
    return status.finally(() => socket.destroy());
  };
  const expectAnswering = async () => {
    const event = await rig.events.make('order');
    const { status, tookMs } = await rig.courier.post(event.first);
    expect(status).toBe(200);
    expect(tookMs).toBeLessThan(1_500);
  };

  it.each([
    ['LINE', linePost(' '.repeat(LINE_LIMIT + 1))],
    ['the site', sitePost(' '.repeat(SITE_LIMIT + 1))],
  ])('is refused with 413 one byte over the limit of %s', async (_name, { path, headers, body }) => {
    expect(await exchange(head(path, { ...headers, 'content-length': String(body.length) }), body)).toBe(413);
  });

  it('is refused with 413 by its announced length, before it is sent', async () => {
    const { path, headers } = sitePost('');
    expect(await exchange(head(path, { ...headers, 'content-length': String(100 * SITE_LIMIT) }))).toBe(413);
  });

  it('is refused with 413 when it comes in chunks without a length', async () => {
    const { path, headers } = sitePost('');
    const chunk = Buffer.alloc(65_536, 'a');
    const chunks = Array.from({ length: SITE_LIMIT / chunk.length + 1 }, () => [
      `${chunk.length.toString(16)}\r\n`,
      chunk,
      '\r\n',
    ]);
    const request = head(path, { ...headers, 'transfer-encoding': 'chunked' });
    const before = rssKb(rig.hub().pid);
    for (let round = 0; round < ROUNDS; round++) expect(await exchange(request, ...chunks.flat())).toBe(413);
    expect(rssKb(rig.hub().pid) - before).toBeLessThan(RSS_LIMIT_KB);
  });

  it('is refused when it has two lengths, or a length and chunks', async () => {
    const { path, headers, body } = sitePost('{"events":[]}');
    const length = `content-length: ${body.length}\r\n`;
    const twice = head(path, headers).replace(/\r\n$/, `${length}content-length: 5\r\n\r\n`);
    expect(await exchange(twice, body)).toBe(400);
    const both = head(path, headers).replace(/\r\n$/, `${length}transfer-encoding: chunked\r\n\r\n`);
    expect(await exchange(both, `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)).toBe(400);
  });

  it('is refused when 10,000 headers come before it', async () => {
    const { path, headers, body } = sitePost('{"events":[]}');
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`x-${at}`, 'y']));
    const request = head(path, { ...headers, ...many, 'content-length': String(body.length) });
    // 0: what the hub did not read makes the system reset the connection, and the answer may go with it
    expect([431, 0]).toContain(await exchange(request, body));
  });

  it('that stops half-way keeps nobody waiting', { timeout: 20_000 }, async () => {
    const { path, headers } = sitePost('');
    for (let count = 0; count < 200; count++) {
      const socket = await dial();
      socket.write(head(path, { ...headers, 'content-length': '1000' }));
      socket.write('{"events":[');
    }
    await sleep(200);
    expect(open.size).toBeGreaterThanOrEqual(200);
    await expectAnswering();
  });

  it('that comes byte by byte keeps nobody waiting', async () => {
    const { path, headers, body } = sitePost(JSON.stringify({ events: [] }));
    const socket = await dial();
    const status = statusFrom(socket);
    socket.write(head(path, { ...headers, 'content-length': String(body.length) }));
    for (const byte of body) {
      socket.write(byte);
      await sleep(20);
      await expectAnswering();
    }
    expect(await status).toBeGreaterThanOrEqual(200);
    socket.destroy();
  });

  it.runIf(process.env.CHAOS_ROUNDS)('is given up when it stands still for 30 s', { timeout: 90_000 }, async () => {
    const { path, headers } = sitePost('');
    const socket = await dial();
    socket.write(head(path, { ...headers, 'content-length': '1000' }));
    expect(await statusFrom(socket, GIVEN_UP_MS)).toBe(408);
  });

  it('leaves no row behind', async () => {
    for (const socket of open) socket.destroy();
    const good = rig.courier.answers.filter((one) => one.status === 200).length;
    await rig.drained(10_000);
    expect(rig.hub().hasEnded()).toBe(false);
    await rig.verdict();
    const counts = await rig.store.read((query) =>
      query<{ inbox: number; deliveries: number }>(
        'select (select count(*) from musubi.inbox)::int as inbox, (select count(*) from musubi.deliveries)::int as deliveries',
      ),
    );
    expect(counts).toEqual([{ inbox: good, deliveries: good }]);
  });
});

const linesOf = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');

function statusFrom(socket: Socket, limitMs = ANSWER_MS): Promise<number> {
  return new Promise((resolve) => {
    let text = '';
    const timer = setTimeout(() => resolve(-1), limitMs);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      if (status !== undefined) resolve(Number(status));
    });
    socket.on('close', () => resolve(0));
    socket.on('close', () => clearTimeout(timer));
  });
}

/** Resident memory of a process; 0 where /proc is not there. */
function rssKb(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
