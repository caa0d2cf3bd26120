import type { JsonObject, JsonValue } from '../sdk/json.ts';
import type { Tx } from './database.ts';

/** One committed difference of an entity, or a value that lost against the policy (kept, never dropped). */
export interface ChangeRow {
  readonly id: string;
  readonly at: string;
  readonly entityType: string;
  readonly entityId: string;
  readonly field: string;
  readonly before: JsonValue;
  readonly after: JsonValue;
  readonly outcome: 'applied' | 'lost';
  readonly policy: string;
  readonly connection: string;
  readonly sourceAt: string;
  readonly linkId: string | null;
  readonly inboxId: string | null;
  readonly mappingVersion: string | null;
}

export async function appendChanges(tx: Tx, changes: readonly ChangeRow[]): Promise<void> {
  if (changes.length === 0) return;
  await tx.query(
    `insert into musubi.changes (id, at, entity_type, entity_id, field, before, after, outcome, policy, connection, source_at, link_id, inbox_id, mapping_version)
     select id, at, "entityType", "entityId", field, before, after, outcome, policy, connection, "sourceAt", "linkId", "inboxId", "mappingVersion"
     from jsonb_to_recordset($1::jsonb) as x(id uuid, at timestamptz, "entityType" text, "entityId" uuid, field text, before jsonb, after jsonb,
       outcome text, policy text, connection text, "sourceAt" timestamptz, "linkId" uuid, "inboxId" uuid, "mappingVersion" text)`,
    [JSON.stringify(changes)],
  );
}

/** The shadow of a record: what its tool last said, mapped. */
export interface ShadowRow {
  readonly connection: string;
  readonly object: string;
  readonly remoteId: string;
  readonly entityType: string;
  readonly entityId: string | null;
  readonly version: string | null;
  readonly modifiedAtMs: number;
  readonly hash: string;
  readonly fields: JsonObject;
  readonly isDeleted: boolean;
  readonly mappingVersion: string;
}

export async function saveShadows(tx: Tx, shadows: readonly ShadowRow[]): Promise<void> {
  if (shadows.length === 0) return;
  await tx.query(
    `insert into musubi.source_records (connection, object, remote_id, entity_type, entity_id, version, modified_at, hash, fields, is_deleted, mapping_version)
     select connection, object, "remoteId", "entityType", "entityId", version, "modifiedAt", hash, fields, "isDeleted", "mappingVersion"
     from jsonb_to_recordset($1::jsonb) as x(connection text, object text, "remoteId" text, "entityType" text, "entityId" uuid, version text,
       "modifiedAt" timestamptz, hash text, fields jsonb, "isDeleted" boolean, "mappingVersion" text)
     on conflict (connection, object, remote_id) do update set entity_id = excluded.entity_id, version = excluded.version,
       modified_at = excluded.modified_at, hash = excluded.hash, fields = excluded.fields, is_deleted = excluded.is_deleted,
       mapping_version = excluded.mapping_version, updated_at = now()`,
    [JSON.stringify(shadows.map(({ modifiedAtMs, ...rest }) => ({ ...rest, modifiedAt: new Date(modifiedAtMs) })))],
  );
}

/** A consent given or withdrawn; append-only. */
export interface ConsentRow {
  readonly id: string;
  readonly personId: string | null;
  readonly linkId: string | null;
  readonly channel: string;
  readonly scope: string;
  readonly purpose: string;
  readonly status: string;
  readonly basis: string | null;
  readonly at: string;
  readonly source: string;
  readonly sourceEventId: string;
  readonly connection: string;
  readonly evidence: JsonObject;
}

export async function appendConsents(tx: Tx, consents: readonly ConsentRow[]): Promise<void> {
  if (consents.length === 0) return;
  await tx.query(
    `insert into musubi.consents (id, person_id, link_id, channel, scope, purpose, status, basis, at, source, source_event_id, connection, evidence)
     select id, "personId", "linkId", channel, scope, purpose, status, basis, at, source, "sourceEventId", connection, evidence
     from jsonb_to_recordset($1::jsonb) as x(id uuid, "personId" uuid, "linkId" uuid, channel text, scope text, purpose text, status text, basis text,
       at timestamptz, source text, "sourceEventId" text, connection text, evidence jsonb)
     on conflict do nothing`,
    [JSON.stringify(consents)],
  );
}

/** Gives the consents of links without a person to the person they turned out to belong to. */
export async function attachConsents(tx: Tx, attached: readonly { linkId: string; personId: string }[]): Promise<void> {
  if (attached.length === 0) return;
  await tx.query(
    `update musubi.consents c set person_id = x."personId" from jsonb_to_recordset($1::jsonb) as x("linkId" uuid, "personId" uuid)
     where c.link_id = x."linkId" and c.person_id is null`,
    [JSON.stringify(attached)],
  );
}
