import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import pg from 'pg';
import type { BenchOptions } from './options.ts';

/** Removes what a hub's job queue leaves behind: BullMQ keeps it beside the workspace's schema. */
export async function forgetQueue(
  schema: string,
  { queue, databaseUrl, redisUrl }: Pick<BenchOptions, 'queue' | 'databaseUrl' | 'redisUrl'>,
): Promise<void> {
  const name = `musubi-${schema}`;
  if (queue === 'redis') {
    const { hostname, port } = new URL(redisUrl);
    const opened = new Queue(name, { connection: { host: hostname, port: Number(port || 6379) } });
    await opened.obliterate({ force: true });
    await opened.close();
    return;
  }
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2, options: '-c search_path=bullmq,public' });
  const opened = new (withBackend(createPostgresBackend).Queue)(name, { connection: pool as never });
  await opened.obliterate({ force: true });
  await opened.close();
  await pool.end();
}
