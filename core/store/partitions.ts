import type { Queryable } from './database.ts';

/** Tables partitioned by the month a row came in (database time): old months are dropped whole, never deleted from. */
const BY_MONTH = ['deliveries', 'inbox', 'decisions', 'effects', 'changes'] as const;
/** Activities are partitioned by the year they happened in; what lies outside goes to the default partition. */
const ACTIVITY_YEARS_BACK = 5;
const ACTIVITY_YEARS_AHEAD = 2;
const MONTHS_AHEAD = 2;

/**
 * Makes the partitions from this month to two months ahead, and a default one that takes whatever no other takes.
 * Idempotent; run at start and daily. Takes days of slack, so a missed run costs nothing.
 */
export async function ensurePartitions(db: Queryable, nowMs: number): Promise<void> {
  const statements: string[] = [];
  const start = new Date(nowMs);
  for (const table of BY_MONTH) {
    for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead++) {
      const from = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + ahead, 1));
      const to = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + ahead + 1, 1));
      statements.push(partition(table, from.toISOString().slice(0, 7).replace('-', '_'), from, to));
    }
    statements.push(rest(table));
  }
  for (
    let year = start.getUTCFullYear() - ACTIVITY_YEARS_BACK;
    year <= start.getUTCFullYear() + ACTIVITY_YEARS_AHEAD;
    year++
  ) {
    statements.push(
      partition('activities', String(year), new Date(Date.UTC(year, 0, 1)), new Date(Date.UTC(year + 1, 0, 1))),
    );
  }
  statements.push(rest('activities'));
  for (const statement of statements) await db.query(statement);
}

const partition = (table: string, suffix: string, from: Date, to: Date) =>
  `create table if not exists musubi.${table}_${suffix} partition of musubi.${table} for values from ('${from.toISOString()}') to ('${to.toISOString()}')`;

const rest = (table: string) => `create table if not exists musubi.${table}_rest partition of musubi.${table} default`;
