import type { Queryable, Tx } from './database.ts';

/** A record a webhook named: it is read again at its tool before it is applied. */
export interface DirtyRecord {
  readonly connection: string;
  readonly object: string;
  readonly id: string;
}

export async function markDirty(tx: Tx, records: readonly DirtyRecord[]): Promise<void> {
  if (records.length === 0) return;
  await tx.query(
    `insert into musubi.dirty_records as d (connection, object, remote_id)
     select distinct connection, object, id from jsonb_to_recordset($1::jsonb) as x(connection text, object text, id text)
     on conflict (connection, object, remote_id) do update
       set marked_at = greatest(clock_timestamp(), d.marked_at + interval '1 microsecond')`,
    [JSON.stringify(records)],
  );
}

export interface DueDirty extends DirtyRecord {
  readonly attempts: number;
  /** Clears the mark only if it was not set again while the record was being read. */
  readonly markedAt: string;
}

/** The records to read again now, oldest mark first. */
export async function dueDirty(db: Queryable, nowMs: number, limit: number): Promise<DueDirty[]> {
  const { rows } = await db.query<{
    connection: string;
    object: string;
    remote_id: string;
    attempts: number;
    marked: string;
  }>(
    `select connection, object, remote_id, attempts, marked_at::text as marked from musubi.dirty_records
     where next_at is null or next_at <= $1 order by marked_at limit $2`,
    [new Date(nowMs), limit],
  );
  return rows.map((row) => ({
    connection: row.connection,
    object: row.object,
    id: row.remote_id,
    attempts: row.attempts,
    markedAt: row.marked,
  }));
}

export async function clearDirty(tx: Tx, records: readonly DueDirty[]): Promise<void> {
  if (records.length === 0) return;
  await tx.query(
    `delete from musubi.dirty_records d using jsonb_to_recordset($1::jsonb) as x(connection text, object text, id text, "markedAt" text)
     where d.connection = x.connection and d.object = x.object and d.remote_id = x.id and d.marked_at = x."markedAt"::timestamptz`,
    [JSON.stringify(records)],
  );
}

/** Puts records off after a failed read. */
export async function putOffDirty(
  db: Queryable,
  records: readonly DueDirty[],
  nextAtMs: number,
  reason: string,
): Promise<void> {
  if (records.length === 0) return;
  await db.query(
    `update musubi.dirty_records d set attempts = attempts + 1, next_at = $2, reason = $3
     from jsonb_to_recordset($1::jsonb) as x(connection text, object text, id text)
     where d.connection = x.connection and d.object = x.object and d.remote_id = x.id`,
    [JSON.stringify(records), new Date(nextAtMs), reason],
  );
}
