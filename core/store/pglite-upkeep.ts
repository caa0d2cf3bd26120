import type { PglitePool } from './pglite-pool.ts';
import { withUrgency } from './urgency.ts';

const EVERY_MS = 10_000;
/** Recovery after a crash reads all of it again: 1.7 GB took 5 s where this takes a fraction of one. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

const WAL_SINCE_CHECKPOINT = `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::float8 as bytes from pg_control_checkpoint()`;

/** @see https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM thresholds are its defaults */
const MOST_WORN_TABLE = `select format('%I.%I', schemaname, relname) as name from pg_stat_user_tables
  where n_dead_tup > 50 + 0.2 * n_live_tup or n_mod_since_analyze > 50 + 0.1 * n_live_tup
  order by n_dead_tup + n_mod_since_analyze desc limit 1`;

/**
 * Does what PostgreSQL's background processes do and PGlite, having none, never does: checkpoints, without which its
 * log grows without end, and the vacuum of one worn table at a time, without which tables grow and plans go stale.
 * Returns the function that stops it.
 */
export function startUpkeep(pool: PglitePool): () => void {
  let isRunning = false;
  const timer = setInterval(() => {
    if (isRunning || pool.ending) return;
    isRunning = true;
    withUrgency('report', () => upkeep(pool))
      .catch((error: unknown) => {
        // A pool that ended meanwhile is no trouble.
        if (!pool.ending && pool.listenerCount('error') > 0) pool.emit('error', error);
      })
      .finally(() => {
        isRunning = false;
      });
  }, EVERY_MS).unref();
  return () => clearInterval(timer);
}

/** One round; each statement waits for its turn and has the store for itself while it runs. */
export async function upkeep(pool: PglitePool): Promise<void> {
  const wal = await pool.query<{ bytes: number }>(WAL_SINCE_CHECKPOINT);
  if ((wal.rows[0]?.bytes ?? 0) > WAL_LIMIT_BYTES) await pool.query('checkpoint');
  const table = (await pool.query<{ name: string }>(MOST_WORN_TABLE)).rows[0];
  if (table) await pool.query(`vacuum (analyze) ${table.name}`);
}
