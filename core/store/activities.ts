import type { JsonObject } from '../sdk/json.ts';
import type { Queryable, Tx } from './database.ts';

/** One thing that happened. `linkId` is the identity it came from and never changes; `personId` is today's view of it. */
export interface ActivityRow {
  readonly id: string;
  readonly kind: string;
  readonly direction: string | null;
  readonly occurredAtMs: number;
  readonly connection: string;
  readonly sourceEventId: string;
  readonly personId: string | null;
  readonly linkId: string | null;
  readonly subject: string | null;
  readonly body: string | null;
  readonly channel: string | null;
  readonly durationSec: number | null;
  readonly outcome: string | null;
  readonly metadata: JsonObject;
  readonly inboxId: string | null;
  readonly mappingVersion: string | null;
}

const COLUMNS =
  'id, kind, direction, occurred_at, connection, source_event_id, person_id, link_id, subject, body, channel, duration_sec, outcome, metadata, inbox_id, mapping_version';

const toActivity = (row: Record<string, unknown>): ActivityRow => ({
  id: row.id as string,
  kind: row.kind as string,
  direction: row.direction as string | null,
  occurredAtMs: (row.occurred_at as Date).getTime(),
  connection: row.connection as string,
  sourceEventId: row.source_event_id as string,
  personId: row.person_id as string | null,
  linkId: row.link_id as string | null,
  subject: row.subject as string | null,
  body: row.body as string | null,
  channel: row.channel as string | null,
  durationSec: row.duration_sec as number | null,
  outcome: row.outcome as string | null,
  metadata: row.metadata as JsonObject,
  inboxId: row.inbox_id as string | null,
  mappingVersion: row.mapping_version as string | null,
});

/** Inserts what is not there yet (connection + source event id + time) and returns the ids that were new. */
export async function insertActivities(tx: Tx, activities: readonly ActivityRow[]): Promise<Set<string>> {
  if (activities.length === 0) return new Set();
  const { rows } = await tx.query<{ id: string }>(
    `insert into musubi.activities (${COLUMNS})
     select id, kind, direction, "occurredAt", connection, "sourceEventId", "personId", "linkId", subject, body, channel, "durationSec", outcome,
       metadata, "inboxId", "mappingVersion"
     from jsonb_to_recordset($1::jsonb) as x(id uuid, kind text, direction text, "occurredAt" timestamptz, connection text, "sourceEventId" text,
       "personId" uuid, "linkId" uuid, subject text, body text, channel text, "durationSec" int, outcome text, metadata jsonb, "inboxId" uuid,
       "mappingVersion" text)
     on conflict do nothing returning id`,
    [JSON.stringify(activities.map(({ occurredAtMs, ...rest }) => ({ ...rest, occurredAt: new Date(occurredAtMs) })))],
  );
  return new Set(rows.map((row) => row.id));
}

/** Gives the activities of links without a person to the person they turned out to belong to; returns them, oldest first. */
export async function attachActivities(
  tx: Tx,
  attached: readonly { linkId: string; personId: string }[],
): Promise<ActivityRow[]> {
  if (attached.length === 0) return [];
  const { rows } = await tx.query(
    `update musubi.activities a set person_id = x."personId"
     from jsonb_to_recordset($1::jsonb) as x("linkId" uuid, "personId" uuid)
     where a.link_id = x."linkId" and a.person_id is null
     returning ${COLUMNS.split(', ')
       .map((column) => `a.${column}`)
       .join(', ')}`,
    [JSON.stringify(attached)],
  );
  return rows.map(toActivity).sort((a, b) => a.occurredAtMs - b.occurredAtMs);
}

/** The newest activities of each person since a time, oldest first, at most `limit` a person. */
export async function recentActivities(
  db: Queryable,
  personIds: readonly string[],
  options: { sinceMs: number; limit: number },
): Promise<Map<string, ActivityRow[]>> {
  const found = new Map<string, ActivityRow[]>(personIds.map((id) => [id, []]));
  if (personIds.length === 0) return found;
  const { rows } = await db.query(
    `select a.* from unnest($1::uuid[]) as p(id) cross join lateral (
       select ${COLUMNS} from musubi.activities where person_id = p.id and occurred_at >= $2 order by occurred_at desc, id desc limit $3
     ) a`,
    [personIds as string[], new Date(options.sinceMs), options.limit],
  );
  for (const row of rows) found.get(row.person_id as string)?.unshift(toActivity(row));
  return found;
}
