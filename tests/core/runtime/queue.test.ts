import pg from 'pg';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createHub } from '../../../core/runtime/hub.ts';
import type { Job, JobContext } from '../../../core/runtime/job.ts';
import { createLog } from '../../../core/runtime/log.ts';
import { type JobQueue, loadJobs, openQueue } from '../../../core/runtime/queue.ts';
import { freePort } from '../../support/hub.ts';
import { onRedis, redisUrl, whyNoRedis } from '../../support/redis.ts';
import { newSchema, postgresUrl, stores } from '../../support/stores.ts';
import { MAIN, root, testFolder } from '../../support/workspace.ts';

const kinds = new Set((await stores()).map((one) => one.kind));
const noRedis = await whyNoRedis();

const context = { db: {}, engine: {}, nowMs: () => 0 } as unknown as JobContext;

/** Connections of one test to PostgreSQL, told by their name. */
async function connectionsNamed(name: string): Promise<number> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  const { rows } = await client.query<{ n: number }>(
    'select count(*)::int as n from pg_stat_activity where application_name = $1',
    [name],
  );
  await client.end();
  return rows[0]?.n ?? 0;
}

async function forgetInPostgres(schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  for (const table of ['scheduler', 'job', 'event', 'meta'])
    await client.query(`delete from bullmq.${table} where queue = $1`, [`musubi-${schema}`]);
  await client.end();
}

const named = (name: string) => {
  const url = new URL(postgresUrl);
  url.searchParams.set('application_name', name);
  return url.href;
};

type Servers = { readonly databaseUrl: string | undefined; readonly redisUrl: string | undefined };

interface Kind {
  readonly kind: JobQueue['kind'];
  readonly servers: (schema: string) => Servers;
  readonly reason: string | undefined;
  /** What a closed queue has left behind: open connections. */
  readonly left: (schema: string) => Promise<number>;
  /** Takes what a queue keeps over restarts out of the shared server. */
  readonly forget: (schema: string) => Promise<void>;
}

const KINDS: readonly Kind[] = [
  {
    kind: 'process',
    servers: () => ({ databaseUrl: undefined, redisUrl: undefined }),
    reason: undefined,
    left: async () => 0,
    forget: async () => {},
  },
  {
    kind: 'postgres',
    servers: (schema) => ({ databaseUrl: named(schema), redisUrl: undefined }),
    reason: kinds.has('postgres') ? undefined : 'PostgreSQL does not answer',
    left: connectionsNamed,
    forget: forgetInPostgres,
  },
  {
    kind: 'redis',
    servers: () => ({ databaseUrl: undefined, redisUrl }),
    reason: noRedis,
    left: (schema) =>
      onRedis(async (redis) => {
        const clients = String(await redis.client('LIST')).split('\n');
        return clients.filter((line) => line.includes(Buffer.from(`musubi-${schema}`).toString('base64'))).length;
      }),
    forget: (schema) =>
      onRedis(async (redis) => {
        const keys = await redis.keys(`bull:musubi-${schema}:*`);
        if (keys.length > 0) await redis.del(keys);
      }),
  },
];

describe.each(KINDS.filter((one) => one.reason === undefined))(
  'the queue of jobs: $kind',
  ({ kind, servers, left, forget }) => {
    const opened: JobQueue[] = [];
    const schemas = new Set<string>();
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((queue) => queue.close()));
      for (const schema of schemas) await forget(schema);
      schemas.clear();
    });
    const open = async (jobs: Record<string, Job>, schema = newSchema()) => {
      const faults: { where: string; error: unknown }[] = [];
      const queue = await openQueue({
        ...servers(schema),
        schema,
        jobs,
        context,
        onFault: (fault) => faults.push(fault),
      });
      opened.push(queue);
      schemas.add(schema);
      const close = async () => {
        opened.splice(opened.indexOf(queue), 1);
        await queue.close();
      };
      return { queue, faults, schema, close };
    };

    it('runs a job at its interval with what it is given', async () => {
      const run = vi.fn<Job['run']>(async () => {});
      const { queue, faults } = await open({ tick: { everyMs: 50, run }, never: { run: async () => expect.fail() } });
      expect(queue.kind).toBe(kind);
      await vi.waitFor(() => expect(run.mock.calls.length).toBeGreaterThanOrEqual(2), { timeout: 10_000 });
      expect(run.mock.calls[0]?.[0]).toBe(context);
      expect(faults).toEqual([]);
    });

    it('goes on after a job that fails, and says which', async () => {
      let runs = 0;
      const failing = async () => {
        runs += 1;
        throw new Error('no');
      };
      const { faults } = await open({ tick: { everyMs: 50, run: failing } });
      await vi.waitFor(() => expect(runs).toBeGreaterThanOrEqual(2), { timeout: 10_000 });
      await vi.waitFor(() => expect(faults[0]).toMatchObject({ where: 'job tick', error: { message: 'no' } }));
    });

    it('waits at its close for the job under way, which may still use the store', async () => {
      const { promise: began, resolve: begin } = Promise.withResolvers<void>();
      const { promise: gate, resolve: release } = Promise.withResolvers<void>();
      let isDone = false;
      const run = async () => {
        begin();
        await gate;
        isDone = true;
      };
      const { close } = await open({ slow: { everyMs: 50, run } });
      await began;
      let wasDone: boolean | null = null;
      const closed = close().then(() => {
        wasDone = isDone;
      });
      await new Promise((resolve) => setImmediate(resolve));
      release();
      await closed;
      expect(wasDone).toBe(true);
    });

    it('leaves nothing after its close: no run, no connection', async () => {
      const run = vi.fn<Job['run']>(async () => {});
      const { close, schema } = await open({ tick: { everyMs: 20, run } });
      await vi.waitFor(() => expect(run).toHaveBeenCalled(), { timeout: 10_000 });
      if (kind !== 'process') expect(await left(schema)).toBeGreaterThan(0);
      await close();
      const before = run.mock.calls.length;
      await vi.waitFor(async () => expect(await left(schema)).toBe(0), { timeout: 5_000 });
      expect(run).toHaveBeenCalledTimes(before);
    });

    it.skipIf(kind === 'process')('of two processes runs each turn once', async () => {
      const turns: number[] = [];
      const run = async () => void turns.push(Date.now());
      const schema = newSchema();
      await open({ tick: { everyMs: 200, run } }, schema);
      await open({ tick: { everyMs: 200, run } }, schema);
      const began = Date.now();
      await vi.waitFor(() => expect(turns.length).toBeGreaterThanOrEqual(4), { timeout: 10_000 });
      expect(turns.length).toBeLessThanOrEqual((Date.now() - began) / 200 + 2);
    });
  },
);

describe('a hub whose Redis does not answer', () => {
  it('starts, works without its jobs and closes', async () => {
    const folder = await testFolder({ 'musubi.yaml': MAIN });
    const lines: string[] = [];
    const hub = await createHub({
      folder: folder.folder,
      root,
      env: {},
      host: '127.0.0.1',
      port: 0,
      log: createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } }),
      redisUrl: `redis://127.0.0.1:${await freePort()}`,
      schema: 'musubi',
      dataDir: 'memory://',
      watch: false,
    });
    expect((await fetch(`${hub.url}/health`)).status).toBe(200);
    await vi.waitFor(() => expect(lines.some((line) => line.includes('"where":"queue"'))).toBe(true));
    const { promise: late, resolve } = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => resolve('late'), 8_000);
    const closed = hub.close().then(() => 'closed');
    expect(await Promise.race([closed, late])).toBe('closed');
    clearTimeout(timer);
    await folder.remove();
  });
});

describe('the jobs that ship', () => {
  it('are named by their files and take no more than what they are given', async () => {
    const jobs = await loadJobs(`${root}/jobs`);
    expect(Object.keys(jobs)).toContain('upkeep');
    for (const job of Object.values(jobs)) expect(job.everyMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(1_000);
  });
});
