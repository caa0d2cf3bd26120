import type { EntityType } from '../model/entities.ts';
import type { JsonObject } from '../sdk/json.ts';
import type { Queryable, Tx } from './database.ts';

/** A source identity and the entity it stands for; `entityId` is null while nobody knows whose it is. */
export interface LinkRow {
  readonly id: string;
  readonly connection: string;
  readonly object: string;
  readonly remoteId: string;
  readonly entityType: EntityType;
  readonly entityId: string | null;
  readonly state: 'active' | 'merged' | 'deleted' | 'frozen';
  /** Shadow of the source record, when there is one. */
  readonly shadow: { readonly modifiedAtMs: number; readonly fields: JsonObject; readonly isDeleted: boolean } | null;
}

export interface RemoteKey {
  readonly connection: string;
  readonly object: string;
  readonly remoteId: string;
}

export const remoteKeyText = (key: RemoteKey) => `${key.connection}\n${key.object}\n${key.remoteId}`;

export async function loadLinks(db: Queryable, keys: readonly RemoteKey[]): Promise<Map<string, LinkRow>> {
  if (keys.length === 0) return new Map();
  const { rows } = await db.query(
    `select l.id, l.connection, l.object, l.remote_id, l.entity_type, l.entity_id, l.state, s.modified_at, s.fields, s.is_deleted
     from jsonb_to_recordset($1::jsonb) as x(connection text, object text, "remoteId" text)
     join musubi.links l on l.connection = x.connection and l.object = x.object and l.remote_id = x."remoteId"
     left join musubi.source_records s on s.connection = l.connection and s.object = l.object and s.remote_id = l.remote_id`,
    [JSON.stringify(keys)],
  );
  return new Map(rows.map((row) => [`${row.connection}\n${row.object}\n${row.remote_id}`, linkOf(row)]));
}

const linkOf = (row: Record<string, unknown>): LinkRow => ({
  id: row.id as string,
  connection: row.connection as string,
  object: row.object as string,
  remoteId: row.remote_id as string,
  entityType: row.entity_type as EntityType,
  entityId: row.entity_id as string | null,
  state: row.state as LinkRow['state'],
  shadow:
    row.fields === null
      ? null
      : {
          modifiedAtMs: (row.modified_at as Date).getTime(),
          fields: row.fields as JsonObject,
          isDeleted: row.is_deleted as boolean,
        },
});

/** Inserts links, or gives an entity to links that had none; a link that has one keeps it (only a decision moves it). */
export async function saveLinks(tx: Tx, links: readonly Omit<LinkRow, 'shadow' | 'state'>[]): Promise<void> {
  if (links.length === 0) return;
  await tx.query(
    `insert into musubi.links as l (id, connection, object, remote_id, entity_type, entity_id)
     select id, connection, object, "remoteId", "entityType", "entityId"
     from jsonb_to_recordset($1::jsonb) as x(id uuid, connection text, object text, "remoteId" text, "entityType" text, "entityId" uuid)
     on conflict (connection, object, remote_id) do update set entity_id = coalesce(l.entity_id, excluded.entity_id)`,
    [JSON.stringify(links)],
  );
}

/** An identity key: evidence kind and normalised value. */
export interface IdentityKey {
  readonly kind: string;
  readonly value: string;
}

export const identityKeyText = (key: IdentityKey) => `${key.kind}\n${key.value}`;

/** The persons that hold each key. */
export async function loadKeyHolders(db: Queryable, keys: readonly IdentityKey[]): Promise<Map<string, string[]>> {
  if (keys.length === 0) return new Map();
  const { rows } = await db.query<{ kind: string; value: string; persons: string[] }>(
    `select k.kind, k.value, array_agg(k.person_id::text order by k.created_at, k.person_id) as persons
     from jsonb_to_recordset($1::jsonb) as x(kind text, value text)
     join musubi.identity_keys k on k.kind = x.kind and k.value = x.value
     group by k.kind, k.value`,
    [JSON.stringify(keys)],
  );
  return new Map(rows.map((row) => [identityKeyText(row), row.persons]));
}

export async function saveKeys(
  tx: Tx,
  keys: readonly (IdentityKey & { personId: string; linkId: string | null })[],
): Promise<void> {
  if (keys.length === 0) return;
  await tx.query(
    `insert into musubi.identity_keys (kind, value, person_id, link_id)
     select kind, value, "personId", "linkId"
     from jsonb_to_recordset($1::jsonb) as x(kind text, value text, "personId" uuid, "linkId" uuid)
     on conflict do nothing`,
    [JSON.stringify(keys)],
  );
}

/**
 * Holds normalised identity keys for the rest of the transaction, in sorted order, so two first sightings of one person
 * cannot make two entities.
 */
export async function lockIdentityKeys(tx: Tx, texts: readonly string[]): Promise<void> {
  if (texts.length === 0) return;
  await tx.query(
    `select pg_advisory_xact_lock(h) from (
       select distinct hashtextextended(t, 7) as h from jsonb_array_elements_text($1::jsonb) as t order by 1
     ) sorted`,
    [JSON.stringify(texts)],
  );
}

export interface AddressRow {
  readonly channel: string;
  readonly scope: string;
  readonly id: string;
  readonly personId: string;
  readonly displayName: string | null;
  readonly pictureUrl: string | null;
  /** Connection → following | blocked. */
  readonly states: Readonly<Record<string, string>>;
}

export const addressText = (address: { channel: string; scope: string; id: string }) =>
  `${address.channel}\n${address.scope}\n${address.id}`;

const toAddress = (row: Record<string, unknown>): AddressRow => ({
  channel: row.channel as string,
  scope: row.scope as string,
  id: row.id as string,
  personId: row.person_id as string,
  displayName: row.display_name as string | null,
  pictureUrl: row.picture_url as string | null,
  states: row.states as Record<string, string>,
});

export async function loadAddresses(
  db: Queryable,
  addresses: readonly { channel: string; scope: string; id: string }[],
): Promise<Map<string, AddressRow>> {
  if (addresses.length === 0) return new Map();
  const { rows } = await db.query(
    `select a.* from jsonb_to_recordset($1::jsonb) as x(channel text, scope text, id text)
     join musubi.addresses a on a.channel = x.channel and a.scope = x.scope and a.id = x.id`,
    [JSON.stringify(addresses)],
  );
  return new Map(rows.map((row) => [addressText(toAddress(row)), toAddress(row)]));
}

export async function addressesOfPersons(db: Queryable, personIds: readonly string[]): Promise<AddressRow[]> {
  if (personIds.length === 0) return [];
  const { rows } = await db.query(
    'select * from musubi.addresses where person_id = any($1::uuid[]) order by channel, scope, id',
    [personIds as string[]],
  );
  return rows.map(toAddress);
}

export async function saveAddresses(tx: Tx, addresses: readonly AddressRow[]): Promise<void> {
  if (addresses.length === 0) return;
  await tx.query(
    `insert into musubi.addresses as a (channel, scope, id, person_id, display_name, picture_url, states)
     select channel, scope, id, "personId", "displayName", "pictureUrl", states
     from jsonb_to_recordset($1::jsonb) as x(channel text, scope text, id text, "personId" uuid, "displayName" text, "pictureUrl" text, states jsonb)
     on conflict (channel, scope, id) do update set display_name = coalesce(excluded.display_name, a.display_name),
       picture_url = coalesce(excluded.picture_url, a.picture_url), states = a.states || excluded.states, updated_at = now()`,
    [JSON.stringify(addresses)],
  );
}

/** One appended decision about who is who; nothing here is ever rewritten. */
export interface IdentityDecision {
  readonly id: string;
  readonly at: string;
  readonly decidedBy: string;
  readonly kind: 'new' | 'link' | 'attach' | 'review';
  readonly personId: string | null;
  readonly otherPersonId: string | null;
  readonly linkId: string | null;
  readonly reasons: readonly string[];
  /** `open` waits in the review queue. */
  readonly state: 'done' | 'open';
}

export async function appendDecisions(tx: Tx, decisions: readonly IdentityDecision[]): Promise<void> {
  if (decisions.length === 0) return;
  await tx.query(
    `insert into musubi.identity_decisions (id, at, decided_by, kind, person_id, other_person_id, link_id, reasons, state)
     select id, at, "decidedBy", kind, "personId", "otherPersonId", "linkId", reasons, state
     from jsonb_to_recordset($1::jsonb) as x(id uuid, at timestamptz, "decidedBy" text, kind text, "personId" uuid, "otherPersonId" uuid,
       "linkId" uuid, reasons jsonb, state text)`,
    [JSON.stringify(decisions)],
  );
}
