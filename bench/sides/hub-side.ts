import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { inboxCounts } from '../../core/store/inbox.ts';
import { openStore } from '../../core/store/open-store.ts';
import { forgetQueue } from '../forget-queue.ts';
import { CHANNEL_SECRET, CHANNEL_TOKEN } from '../line-webhook.ts';
import type { BenchOptions } from '../options.ts';
import { makeWorkspace, namedUrl, type Place } from '../place.ts';
import { endProcess } from '../processes.ts';
import type { Side } from './side.ts';

const root = path.resolve(import.meta.dirname, '../..');
const START_LIMIT_MS = 60_000;
const DRAIN_LIMIT_MS = 180_000;

export interface HubSideOptions extends Pick<BenchOptions, 'store' | 'queue' | 'databaseUrl' | 'redisUrl' | 'profile'> {
  readonly place: Place;
  readonly lineUrl: string;
}

/** The hub as an operator starts it: `musubi start` on the bench's workspace. */
export async function startHub(options: HubSideOptions): Promise<Side> {
  const { place, store } = options;
  const folder = await makeWorkspace(place);
  const dataDir = path.join(folder, '.musubi', 'data');
  const schema = place.schema('hub');
  const application = `bench-hub-${process.pid}`;
  const databaseUrl = store === 'postgres' ? namedUrl(options.databaseUrl, application) : undefined;
  const profiling = options.profile ? ['--cpu-prof', '--cpu-prof-dir', path.resolve(options.profile)] : [];
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [...profiling, path.join(root, 'core', 'musubi.mjs'), '--workspace', folder, 'start'],
    {
      env: hubEnvironment(options, databaseUrl, schema),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const url = await readyUrl(child);
  await health(url);
  const startMs = performance.now() - began;

  const reopened = async <T>(read: (db: Awaited<ReturnType<typeof openStore>>['db']) => Promise<T>): Promise<T> => {
    const opened = await openStore({ databaseUrl, dataDir, schema, onError: (error) => console.error(error) });
    return read(opened.db).finally(opened.close);
  };
  return {
    name: 'musubi',
    pid: child.pid as number,
    port: Number(new URL(url).port),
    path: '/webhooks/line-main',
    startMs,
    application,
    drained: () => drained(url),
    close: async () => {
      await endProcess(child);
      if (store === 'postgres' || options.queue === 'redis') await forgetQueue(schema, options);
    },
    storedIds: () =>
      reopened(async (db) => {
        const { rows } = await db.query<{ dedup_key: string }>('select dedup_key from musubi.inbox');
        return new Set(rows.map((row) => row.dedup_key));
      }),
    states: () => reopened(inboxCounts),
  };
}

function hubEnvironment(options: HubSideOptions, databaseUrl: string | undefined, schema: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    MUSUBI_PORT: '0',
    MUSUBI_LOG: 'info',
    MUSUBI_SCHEMA: schema,
    BENCH_LINE_SECRET: CHANNEL_SECRET,
    BENCH_LINE_TOKEN: CHANNEL_TOKEN,
    BENCH_LINE_URL: options.lineUrl,
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    ...(options.queue === 'redis' && { REDIS_URL: options.redisUrl }),
  };
}

/** The address in the hub's own "ready" line. Of the warnings and errors it logs, the first of each sort is passed on. */
function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the hub was not ready in time')), START_LIMIT_MS);
    child.once('exit', (code) => reject(new Error(`the hub ended with ${code} before it was ready`)));
    const sorts = new Map<string, number>();
    child.once('exit', () => {
      for (const [sort, count] of sorts) if (count > 1) console.error(`hub: ${count} times ${sort}`);
    });
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { msg, level, url, where, code } = JSON.parse(line) as Record<string, string | undefined>;
      const sort = [level, msg, where, code].filter(Boolean).join(' ');
      if (level !== 'info' && !sorts.has(sort)) console.error(`hub: ${line}`);
      if (level !== 'info') sorts.set(sort, (sorts.get(sort) ?? 0) + 1);
      if (msg !== 'ready' || url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
  });
}

async function health(url: string): Promise<{ inbox: { pending: number } }> {
  const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`the hub's health answers ${response.status}`);
  return (await response.json()) as { inbox: { pending: number } };
}

async function drained(url: string): Promise<void> {
  const giveUpMs = performance.now() + DRAIN_LIMIT_MS;
  while ((await health(url)).inbox.pending > 0) {
    if (performance.now() > giveUpMs)
      throw new Error(`the hub has not finished its inbox ${DRAIN_LIMIT_MS / 1000} s after the load`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
