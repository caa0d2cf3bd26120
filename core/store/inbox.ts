import type { Queryable, Tx } from './database.ts';

/** Rows of one delivery, ready to be stored. `rawBase64` is the body as received. */
export interface NewDelivery {
  readonly id: string;
  readonly connection: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawBase64: string;
  readonly events: readonly NewInboxRow[];
}

export interface NewInboxRow {
  readonly id: string;
  readonly deliveryId: string;
  readonly connection: string;
  readonly externalId: string;
  readonly dedupKey: string;
  readonly bodyHash: string;
  readonly recordKey: string;
  readonly lane: number;
  readonly occurredAt: string;
  /** JSON text: `text`, not jsonb, because jsonb refuses NUL and lone surrogates. */
  readonly payload: string;
  readonly state: 'pending' | 'dead';
  readonly reason: string | null;
}

export interface InboxRow {
  readonly seq: number;
  readonly id: string;
  readonly connection: string;
  readonly external_id: string;
  readonly dedup_key: string;
  readonly record_key: string;
  readonly occurred_at: Date;
  readonly received_at: Date;
  readonly payload: string;
  readonly attempts: number;
}

export type TerminalState = 'applied' | 'superseded' | 'skipped' | 'dead';

export interface Settled {
  readonly id: string;
  readonly state: TerminalState;
  readonly reason: string | null;
  readonly mappingVersion: string | null;
}

/** Lanes spread records over workers: rows of one record always fall in one lane, and a lane has one worker at a time. */
export const LANES = 64;
const LANE_LOCKS = 0x6d75;

/**
 * Stores deliveries in one statement: new dedup keys, their inbox rows, and every
 * delivery that brought something new raw (a mere redelivery is only noted). Returns the dedup keys
 * that were new, as `connection + '\n' + key`. One statement is one commit: what it returns is on disk.
 */
export async function insertDeliveries(
  db: Queryable,
  deliveries: readonly NewDelivery[],
  dedupDays: number,
): Promise<Set<string>> {
  const events = firstOfEachKey(deliveries.flatMap((one) => one.events));
  const { rows } = await db.query<{ key: string }>(
    `with given as (
       select * from jsonb_to_recordset($2::jsonb) as x(id uuid, "deliveryId" uuid, connection text, "externalId" text, "dedupKey" text,
         "bodyHash" text, "recordKey" text, lane smallint, "occurredAt" timestamptz, payload text, state text, reason text, ord int)
     ), fresh as (
       insert into musubi.dedup_keys (connection, dedup_key, body_hash, expires_at)
       select connection, "dedupKey", "bodyHash", now() + make_interval(days => $3) from given
       on conflict do nothing returning connection, dedup_key
     ), d as (
       insert into musubi.deliveries (id, connection, headers, raw, event_count)
       select x.id, x.connection, x.headers, case when exists (
           select 1 from given g join fresh f on f.connection = g.connection and f.dedup_key = g."dedupKey" where g."deliveryId" = x.id
         ) then decode(x.raw, 'base64') else ''::bytea end, x.event_count
       from jsonb_to_recordset($1::jsonb) as x(id uuid, connection text, headers jsonb, raw text, event_count int)
     ), rows as (
       insert into musubi.inbox (id, delivery_id, connection, external_id, dedup_key, record_key, lane, occurred_at, payload, state, reason, processed_at)
       select g.id, g."deliveryId", g.connection, g."externalId", g."dedupKey", g."recordKey", g.lane, g."occurredAt", g.payload, g.state, g.reason,
         case when g.state = 'pending' then null else now() end
       from given g join fresh f on f.connection = g.connection and f.dedup_key = g."dedupKey" order by g.ord
     )
     select connection || E'\\n' || dedup_key as key from fresh`,
    [
      JSON.stringify(
        deliveries.map((one) => ({
          id: one.id,
          connection: one.connection,
          headers: one.headers,
          raw: one.rawBase64,
          event_count: one.events.length,
        })),
      ),
      JSON.stringify(events.map((event, ord) => ({ ...event, ord }))),
      dedupDays,
    ],
  );
  return new Set(rows.map((row) => row.key));
}

function firstOfEachKey(events: readonly NewInboxRow[]): NewInboxRow[] {
  const seen = new Map<string, NewInboxRow>();
  for (const event of events) {
    const key = `${event.connection}\n${event.dedupKey}`;
    if (!seen.has(key)) seen.set(key, event);
  }
  return [...seen.values()];
}

/** The keys among these whose stored body differs from the one given now: the first wins, the caller raises an alert. */
export async function differingBodies(db: Queryable, events: readonly NewInboxRow[]): Promise<string[]> {
  const { rows } = await db.query<{ dedup_key: string }>(
    `select k.dedup_key from musubi.dedup_keys k
     join jsonb_to_recordset($1::jsonb) as x(connection text, "dedupKey" text, "bodyHash" text)
       on k.connection = x.connection and k.dedup_key = x."dedupKey" and k.body_hash <> x."bodyHash"`,
    [JSON.stringify(events.map(({ connection, dedupKey, bodyHash }) => ({ connection, dedupKey, bodyHash })))],
  );
  return rows.map((row) => row.dedup_key);
}

/**
 * Locks picked rows in order, leaving out those in a lane that another transaction is applying. The row lock makes the
 * check of `state` current.
 */
export async function lockPicked(tx: Tx, seqs: readonly number[]): Promise<InboxRow[]> {
  const { rows } = await tx.query<InboxRow>(
    `with mine as materialized (
       select lane from (select distinct lane from musubi.inbox where state = 'pending' and seq = any($1::bigint[])) l
       where pg_try_advisory_xact_lock(${LANE_LOCKS}, lane)
     )
     select seq, id, connection, external_id, dedup_key, record_key, occurred_at, received_at, payload, attempts
     from musubi.inbox where state = 'pending' and seq = any($1::bigint[]) and lane in (select lane from mine)
     order by seq for update`,
    [seqs as number[]],
  );
  return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
}

/** Marks rows terminal. The rows are locked already; each month's index is asked once. */
export async function settle(tx: Tx, settled: readonly Settled[]): Promise<void> {
  if (settled.length === 0) return;
  await tx.query(
    `update musubi.inbox i set state = x.state, reason = x.reason, mapping_version = x."mappingVersion", processed_at = now()
     from jsonb_to_recordset($1::jsonb) as x(id uuid, state text, reason text, "mappingVersion" text)
     where i.id = x.id and i.state = 'pending'`,
    [JSON.stringify(settled)],
  );
}

/** Pauses between tries: 1 s, 5 s, 25 s, 125 s (workspace clock). */
const RETRY_FACTOR = 5;

/**
 * Counts one more try against rows; after `maxAttempts` they are dead with the reason. Rows that failed are put off; rows a
 * dead process left behind may be innocent and are tried again at once (each alone).
 */
export async function countAttempt(
  db: Queryable,
  seqs: readonly number[],
  options: { nowMs: number; maxAttempts: number; reason: string; isInnocent?: boolean },
): Promise<void> {
  await db.query(
    `update musubi.inbox set attempts = attempts + 1, next_at = case when $5 then $2::timestamptz else $2::timestamptz + power(${RETRY_FACTOR}, attempts) * interval '1 second' end,
       state = case when attempts + 1 >= $3 then 'dead' else state end,
       reason = $4, processed_at = case when attempts + 1 >= $3 then now() end
     where state = 'pending' and seq = any($1::bigint[])`,
    [seqs as number[], new Date(options.nowMs), options.maxAttempts, options.reason, options.isInnocent === true],
  );
}

/** Undone rows and the age of the oldest in seconds (database time). */
export async function inboxDepth(db: Queryable): Promise<{ pending: number; oldestSeconds: number }> {
  const { rows } = await db.query<{ pending: number; oldest: number | null }>(
    `select count(*)::int as pending, extract(epoch from now() - min(received_at))::float8 as oldest from musubi.inbox where state = 'pending'`,
  );
  return { pending: rows[0]?.pending ?? 0, oldestSeconds: rows[0]?.oldest ?? 0 };
}

/** Counts per state, for the sum rule: all rows = terminal + pending. */
export async function inboxCounts(db: Queryable): Promise<Record<string, number>> {
  const { rows } = await db.query<{ state: string; n: number }>(
    'select state, count(*)::int as n from musubi.inbox group by state',
  );
  return Object.fromEntries(rows.map((row) => [row.state, row.n]));
}
