import type { Database } from './database.ts';
import { ensurePartitions } from './partitions.ts';

const SLICE = 10_000;

/** Makes the partitions of the coming months and forgets dedup keys past their window, a slice at a time. Idempotent. */
export async function upkeepStore(db: Database, nowMs: number): Promise<void> {
  await ensurePartitions(db, nowMs);
  for (;;) {
    const { rowCount } = await db.query(
      `delete from musubi.dedup_keys where (connection, dedup_key) in (
         select connection, dedup_key from musubi.dedup_keys where expires_at < now() order by expires_at limit $1)`,
      [SLICE],
    );
    if (rowCount < SLICE) return;
  }
}
