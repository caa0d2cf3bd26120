import type { JsonObject, JsonValue } from '../sdk/json.ts';
import type { Queryable } from './database.ts';
import type { ChangeRow } from './history.ts';
import type { IdentityDecision, IdentityKey } from './identity.ts';
import type { DecisionRow } from './runs.ts';

/** A change with the event that brought it. */
export interface ExplainedChange extends Omit<ChangeRow, 'at' | 'sourceAt'> {
  readonly atMs: number;
  readonly sourceAtMs: number;
  /** The vendor's own id of the event; null for what was read at the tool. */
  readonly externalId: string | null;
}

const ms = (value: unknown): number => (value as Date).getTime();

/** What was applied to an entity and what lost, oldest first. */
export async function changesOfEntity(
  db: Queryable,
  entityId: string,
  field: string | null,
): Promise<ExplainedChange[]> {
  const { rows } = await db.query(
    `select c.*, i.external_id from musubi.changes c left join musubi.inbox i on i.id = c.inbox_id
     where c.entity_id = $1 and ($2::text is null or c.field = $2) order by c.recorded_at, c.id`,
    [entityId, field],
  );
  return rows.map(toChange);
}

/** What an event changed. */
export async function changesOfEvent(db: Queryable, inboxId: string): Promise<ExplainedChange[]> {
  const { rows } = await db.query(
    'select c.*, null as external_id from musubi.changes c where c.inbox_id = $1 order by c.recorded_at, c.id',
    [inboxId],
  );
  return rows.map(toChange);
}

const toChange = (row: Record<string, unknown>): ExplainedChange => ({
  id: row.id as string,
  atMs: ms(row.at),
  entityType: row.entity_type as string,
  entityId: row.entity_id as string,
  field: row.field as string,
  before: row.before as JsonValue,
  after: row.after as JsonValue,
  outcome: row.outcome as ChangeRow['outcome'],
  policy: row.policy as string,
  connection: row.connection as string,
  sourceAtMs: ms(row.source_at),
  linkId: row.link_id as string | null,
  inboxId: row.inbox_id as string | null,
  mappingVersion: row.mapping_version as string | null,
  externalId: row.external_id as string | null,
});

export type ExplainedIdentity = Omit<IdentityDecision, 'id' | 'at'> & {
  readonly atMs: number;
  /** `connection/object/id` of the record it is about; null for a merge. */
  readonly record: string | null;
};

/** The decisions that made a person who they are, oldest first. */
export async function identityDecisionsOf(db: Queryable, personId: string): Promise<ExplainedIdentity[]> {
  const { rows } = await db.query(
    `select d.*, l.connection || '/' || l.object || '/' || l.remote_id as record
     from musubi.identity_decisions d left join musubi.links l on l.id = d.link_id
     where d.person_id = $1 or d.other_person_id = $1 order by d.at, d.id`,
    [personId],
  );
  return rows.map((row) => ({
    atMs: ms(row.at),
    decidedBy: row.decided_by as string,
    kind: row.kind as IdentityDecision['kind'],
    personId: row.person_id as string | null,
    otherPersonId: row.other_person_id as string | null,
    linkId: row.link_id as string | null,
    reasons: row.reasons as string[],
    state: row.state as IdentityDecision['state'],
    record: row.record as string | null,
  }));
}

/** The records of the tools that stand for an entity, as `connection/object/id`. */
export async function recordsOfEntity(db: Queryable, entityId: string): Promise<{ record: string; state: string }[]> {
  const { rows } = await db.query<{ record: string; state: string }>(
    `select connection || '/' || object || '/' || remote_id as record, state from musubi.links where entity_id = $1 order by 1`,
    [entityId],
  );
  return rows;
}

export interface ExplainedConsent {
  readonly channel: string;
  readonly purpose: string;
  readonly status: string;
  readonly atMs: number;
  readonly source: string;
}

/** A person's consents, oldest first. */
export async function consentsOf(db: Queryable, personId: string): Promise<ExplainedConsent[]> {
  const { rows } = await db.query(
    'select channel, purpose, status, at, source from musubi.consents where person_id = $1 order by at, id',
    [personId],
  );
  return rows.map((row) => ({
    channel: row.channel as string,
    purpose: row.purpose as string,
    status: row.status as string,
    atMs: ms(row.at),
    source: row.source as string,
  }));
}

/** Persons by our id or by a match key. */
export async function personsByKey(db: Queryable, id: string | null, keys: readonly IdentityKey[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from musubi.persons where id = $1
     union select k.person_id from jsonb_to_recordset($2::jsonb) as x(kind text, value text)
       join musubi.identity_keys k on k.kind = x.kind and k.value = x.value
     limit 20`,
    [id, JSON.stringify(keys)],
  );
  return rows.map((row) => row.id);
}

/** Persons by anything written as they are known: an e-mail address that proves nothing (info@…), an address in a channel, a tool's own id. */
export async function personsByText(db: Queryable, text: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from musubi.persons where email = lower($1) or member_number = $1
     union select person_id from musubi.addresses where id = $1
     union select entity_id from musubi.links where remote_id = $1 and entity_type = 'person' and entity_id is not null
     limit 20`,
    [text],
  );
  return rows.map((row) => row.id);
}

/** The gate's decisions about an effect, oldest first. */
export async function gateDecisionsOf(
  db: Queryable,
  effectId: string,
): Promise<(Pick<DecisionRow, 'stage' | 'outcome' | 'reason' | 'detail'> & { atMs: number })[]> {
  const { rows } = await db.query(
    'select at, stage, outcome, reason, detail from musubi.decisions where effect_id = $1 order by recorded_at, id',
    [effectId],
  );
  return rows.map((row) => ({
    atMs: ms(row.at),
    stage: row.stage as DecisionRow['stage'],
    outcome: row.outcome as DecisionRow['outcome'],
    reason: row.reason as string,
    detail: row.detail as JsonObject,
  }));
}

/** An inbox row with its delivery. */
export interface ExplainedEvent {
  readonly id: string;
  readonly deliveryId: string;
  readonly connection: string;
  readonly externalId: string;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly occurredAtMs: number;
  readonly receivedAtMs: number;
  readonly processedAtMs: number | null;
  readonly mappingVersion: string | null;
}

/** Events by our id or by the vendor's own. */
export async function findEvents(db: Queryable, id: string | null, externalId: string): Promise<ExplainedEvent[]> {
  const { rows } = await db.query(
    'select * from musubi.inbox where id = $1 or external_id = $2 order by received_at, seq limit 20',
    [id, externalId],
  );
  return rows.map((row) => ({
    id: row.id as string,
    deliveryId: row.delivery_id as string,
    connection: row.connection as string,
    externalId: row.external_id as string,
    state: row.state as string,
    reason: row.reason as string | null,
    attempts: row.attempts as number,
    occurredAtMs: ms(row.occurred_at),
    receivedAtMs: ms(row.received_at),
    processedAtMs: row.processed_at === null ? null : ms(row.processed_at),
    mappingVersion: row.mapping_version as string | null,
  }));
}

export interface ExplainedActivity {
  readonly id: string;
  readonly kind: string;
  readonly personId: string | null;
  /** What effects name as their cause. */
  readonly cause: string;
}

/** The activities an event became. */
export async function activitiesOfEvent(db: Queryable, inboxId: string): Promise<ExplainedActivity[]> {
  const { rows } = await db.query(
    `select id, kind, person_id, connection || ':' || source_event_id as cause from musubi.activities where inbox_id = $1 order by occurred_at, id`,
    [inboxId],
  );
  return rows.map((row) => ({
    id: row.id as string,
    kind: row.kind as string,
    personId: row.person_id as string | null,
    cause: row.cause as string,
  }));
}

/** The effects that come from activities, in order; a cause may go on as `<cause>#<deal>`. */
export async function effectsOfActivities(db: Queryable, activities: readonly ExplainedActivity[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select e.id from jsonb_to_recordset($1::jsonb) as x("personId" uuid, cause text)
     join musubi.effects e on e.person_id = x."personId" and split_part(e.cause, '#', 1) = x.cause order by e.seq`,
    [JSON.stringify(activities)],
  );
  return rows.map(({ id }) => id);
}

/** The effects planned by one run, in order. */
export async function effectsOfRun(db: Queryable, runId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>('select id from musubi.effects where run_id = $1 order by seq', [
    runId,
  ]);
  return rows.map(({ id }) => id);
}

/** The activity behind a cause such as `line-main:01HX…`; null when the cause is none. */
export async function activityOfCause(
  db: Queryable,
  cause: string,
): Promise<{ kind: string; inboxId: string | null; atMs: number } | null> {
  const [connection = '', ...rest] = cause.split('#')[0]?.split(':') ?? [];
  const { rows } = await db.query(
    'select kind, inbox_id, occurred_at from musubi.activities where connection = $1 and source_event_id = $2 limit 1',
    [connection, rest.join(':')],
  );
  const [row] = rows;
  return row ? { kind: row.kind as string, inboxId: row.inbox_id as string | null, atMs: ms(row.occurred_at) } : null;
}
