import type { Queryable, Tx } from './database.ts';

export interface Pick {
  readonly id: string;
  readonly worker: string;
  readonly nowMs: number;
  readonly limit: number;
  /** True: one row that failed before, alone, so that a row that kills the process is found. False: fresh rows. */
  readonly isRetry: boolean;
}

/**
 * Picks the oldest undone inbox rows whose lanes no live batch holds, and records them as this worker's batch: the
 * attempt record written before the work. It is committed without waiting for the disk (a killed process loses nothing
 * of it) and deleted in the transaction that applies the rows, so what is left behind names the rows a crash may be the
 * fault of. Returns the picked `seq`s; empty when there is nothing to do.
 */
export async function openWorkBatch(db: Queryable, pick: Pick): Promise<number[]> {
  const { rows } = await db.query<{ seqs: (number | string)[] }>(
    `with fast as (
       select set_config('synchronous_commit', 'off', true)
     ), busy as (
       select distinct unnest(lanes) as lane from musubi.work_batches
     ), picked as (
       select seq, lane from musubi.inbox
       where state = 'pending' and (attempts > 0) = $4 and (next_at is null or next_at <= $3) and lane not in (select lane from busy)
       order by seq limit $5
     ), found as (
       select array_agg(seq order by seq) as seqs, array_agg(distinct lane) as lanes from picked having count(*) > 0
     )
     insert into musubi.work_batches (id, worker, seqs, lanes) select $1, $2, found.seqs, found.lanes from found, fast returning seqs`,
    [pick.id, pick.worker, new Date(pick.nowMs), pick.isRetry, pick.limit],
  );
  return (rows[0]?.seqs ?? []).map(Number);
}

export async function closeWorkBatch(on: Queryable | Tx, id: string): Promise<void> {
  await on.query('delete from musubi.work_batches where id = $1', [id]);
}

/** Takes the batches whose worker is gone (older than the age) and returns their rows. */
export async function takeAbandonedBatches(db: Queryable, olderThanSeconds: number): Promise<number[]> {
  const { rows } = await db.query<{ seqs: (number | string)[] }>(
    'delete from musubi.work_batches where started_at <= now() - make_interval(secs => $1) returning seqs',
    [olderThanSeconds],
  );
  return rows.flatMap((row) => row.seqs.map(Number));
}
