import type { Database } from '../store/database.ts';

/**
 * The workspace clock drives waits, polls, retries, gate and rules. It is the real time until it is set; then it stands
 * still and moves only by being set again. Leases, locks and token buckets use database time instead.
 */
export interface WorkspaceClock {
  readonly nowMs: () => number;
  readonly isSet: () => boolean;
  /** Sets it (kept over restarts), or gives it back to real time with null. */
  readonly set: (ms: number | null) => Promise<void>;
}

/** Opens the clock as the store left it. */
export async function openClock(db: Database): Promise<WorkspaceClock> {
  const { rows } = await db.query<{ value: { ms: number | null } }>(
    `select value from musubi.meta where key = 'clock'`,
  );
  let setMs: number | null = rows[0]?.value.ms ?? null;
  return {
    nowMs: () => setMs ?? Date.now(),
    isSet: () => setMs !== null,
    async set(ms) {
      await db.query(
        `insert into musubi.meta (key, value) values ('clock', $1) on conflict (key) do update set value = excluded.value`,
        [JSON.stringify({ ms })],
      );
      setMs = ms;
    },
  };
}
