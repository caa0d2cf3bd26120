import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Job, JobContext } from './job.ts';

/** Carries work that is scheduled, long or spread over processes. Never an event: losing it costs seconds. */
export interface JobQueue {
  readonly kind: 'process' | 'postgres' | 'redis';
  readonly close: () => Promise<void>;
}

export interface QueueOptions {
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Workspaces sharing one server are told apart by it. */
  readonly schema: string;
  readonly jobs: Readonly<Record<string, Job>>;
  readonly context: JobContext;
  readonly onFault: (fault: { readonly where: string; readonly error: unknown }) => void;
}

/** The jobs in a folder, by file name. */
export async function loadJobs(folder: string): Promise<Record<string, Job>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort();
  const jobs = names.map(async (name): Promise<[string, Job]> => {
    const module = (await import(pathToFileURL(path.join(folder, name)).href)) as { default: Job };
    return [name.slice(0, -3), module.default];
  });
  return Object.fromEntries(await Promise.all(jobs));
}

/** Opens the queue: BullMQ on Redis or PostgreSQL; with the embedded store, which has one process, plain timers do. */
export function openQueue(options: QueueOptions): Promise<JobQueue> {
  return options.redisUrl === undefined && options.databaseUrl === undefined
    ? Promise.resolve(inProcess(options))
    : overBullmq(options);
}

function inProcess({ jobs, context, onFault }: QueueOptions): JobQueue {
  const running = new Set<Promise<void>>();
  const timers = Object.entries(jobs).flatMap(([name, { everyMs, run }]) => {
    if (everyMs === undefined) return [];
    const tick = () => {
      const job = run(context)
        .catch((error) => onFault({ where: `job ${name}`, error }))
        .finally(() => running.delete(job));
      running.add(job);
    };
    return [setInterval(tick, everyMs)];
  });
  return {
    kind: 'process',
    close: async () => {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(running);
    },
  };
}

/** Retries live in our rows, so BullMQ tries once; a stalled job is taken up within 5–15 s (docs/delivery.md). */
const WORKER_SETTINGS = {
  concurrency: 2,
  lockDuration: 10_000,
  stalledInterval: 5_000,
  maxStalledCount: 1_000_000,
  runRetryDelay: 500,
};
const JOB_SETTINGS = { attempts: 1, removeOnComplete: true, removeOnFail: { age: 604_800 } };
/** LISTEN takes one slot per backend: queue and worker. */
const POOL_SIZE = 5;

async function overBullmq({ databaseUrl, redisUrl, schema, jobs, context, onFault }: QueueOptions): Promise<JobQueue> {
  const { createPostgresBackend, Queue, runMigrations, withBackend, Worker } = await import('bullmq');
  const name = `musubi-${schema}`;
  const onError = (error: Error) => onFault({ where: 'queue', error });
  const process = async (job: { name: string }) => {
    await jobs[job.name]?.run(context).catch((error) => onFault({ where: `job ${job.name}`, error }));
  };
  const opened = await (async () => {
    if (redisUrl !== undefined) {
      const { Redis } = await import('ioredis');
      const connection = new Redis(redisUrl, { maxRetriesPerRequest: null, lazyConnect: true });
      connection.on('error', onError);
      await connection.connect().catch(onError);
      const queue = new Queue(name, { connection });
      return {
        kind: 'redis' as const,
        queue,
        worker: new Worker(name, process, { connection, ...WORKER_SETTINGS }),
        end: async () => connection.disconnect(),
      };
    }
    const { default: pg } = await import('pg');
    // BullMQ's own SQL names no schema
    const pool = new pg.Pool({
      connectionString: databaseUrl,
      max: POOL_SIZE,
      options: '-c search_path=bullmq,public',
    });
    pool.on('error', onError);
    pool.on('connect', (client) => void client.on('error', () => undefined));
    const client = await pool.connect();
    try {
      await runMigrations(client as never, 'bullmq');
    } finally {
      client.release();
    }
    const postgres = withBackend(createPostgresBackend);
    const connection = pool as never;
    const queue = new postgres.Queue(name, { connection });
    return {
      kind: 'postgres' as const,
      queue,
      worker: new postgres.Worker(name, process, { connection, ...WORKER_SETTINGS }),
      end: () => pool.end(),
    };
  })();
  const { kind, queue, worker, end } = opened;
  queue.on('error', onError);
  worker.on('error', onError);
  for (const [job, { everyMs }] of Object.entries(jobs)) {
    if (everyMs !== undefined)
      await queue.upsertJobScheduler(job, { every: everyMs }, { name: job, opts: JOB_SETTINGS });
  }
  return {
    kind,
    close: async () => {
      await worker.close();
      await queue.close();
      await end();
    },
  };
}
