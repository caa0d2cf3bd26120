import { type EntityType, entities, type FieldSpec } from '../model/entities.ts';
import type { JsonObject, JsonValue } from '../sdk/json.ts';
import type { Queryable, Tx } from './database.ts';

/** Where a field's value came from; the basis of every conflict decision and of `musubi why`. */
export interface FieldMeta {
  /** Connection, or `musubi` for what we derive. */
  readonly source: string;
  readonly sourceAtMs: number;
  readonly observedAtMs: number;
  readonly mappingVersion: string | null;
}

/** A canonical entity as the store holds it. Fields without a value are absent. */
export interface EntityRow {
  readonly type: EntityType;
  readonly id: string;
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly fields: JsonObject;
  readonly custom: JsonObject;
  readonly fieldMeta: Readonly<Record<string, FieldMeta>>;
  readonly mergedInto: string | null;
  readonly deletedAtMs: number | null;
}

/** The table of each entity type; activities and consents are append-only families of their own. */
export const entityTables = {
  person: 'persons',
  company: 'companies',
  deal: 'deals',
  purchase: 'purchases',
  ticket: 'tickets',
  survey: 'surveys',
  membership: 'memberships',
  user: 'users',
  product: 'products',
  campaign: 'campaigns',
} as const satisfies Partial<Record<EntityType, string>>;

export type StoredEntityType = keyof typeof entityTables;

export const isStoredEntityType = (type: EntityType): type is StoredEntityType => type in entityTables;

/** `lastName` → `last_name`. */
export const columnOf = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The canonical fields that have a column; a person's addresses are a table of their own. */
export const storedFields = (type: StoredEntityType): [string, FieldSpec][] =>
  Object.entries(entities[type]).filter(([name]) => !(type === 'person' && name === 'addresses'));

interface StoredColumn {
  readonly name: string;
  readonly column: string;
  readonly spec: FieldSpec;
}

/** Worked out once: rows are read and written for every event. */
const columns = Object.fromEntries(
  (Object.keys(entityTables) as StoredEntityType[]).map((type): [string, readonly StoredColumn[]] => [
    type,
    storedFields(type).map(([name, spec]) => ({ name, column: columnOf(name), spec })),
  ]),
) as Readonly<Record<StoredEntityType, readonly StoredColumn[]>>;

/** Loads entities by id; `lock` takes their row locks in id order, so two batches cannot deadlock on them. */
export async function loadEntities(
  db: Queryable,
  type: StoredEntityType,
  ids: readonly string[],
  options: { lock: boolean } = { lock: false },
): Promise<Map<string, EntityRow>> {
  if (ids.length === 0) return new Map();
  const { rows } = await db.query(
    `select * from musubi.${entityTables[type]} where id = any($1::uuid[]) order by id ${options.lock ? 'for update' : ''}`,
    [ids as string[]],
  );
  return new Map(rows.map((row) => [row.id as string, decode(type, row)]));
}

/** Writes whole rows, new or changed, in one statement. */
export async function saveEntities(tx: Tx, type: StoredEntityType, rows: readonly EntityRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(upsertOf(type), [JSON.stringify(rows.map((row) => encode(type, row)))]);
}

/** Moves a person's activity times forward without making a new version: they are facts about us, not edits. */
export async function touchPersons(
  tx: Tx,
  touches: readonly {
    id: string;
    lastActivityAt: string;
    lastInboundAt: string | null;
    lastOutboundAt: string | null;
  }[],
): Promise<void> {
  if (touches.length === 0) return;
  await tx.query(
    `update musubi.persons p set last_activity_at = greatest(p.last_activity_at, x."lastActivityAt"),
       last_inbound_at = greatest(p.last_inbound_at, x."lastInboundAt"), last_outbound_at = greatest(p.last_outbound_at, x."lastOutboundAt")
     from jsonb_to_recordset($1::jsonb) as x(id uuid, "lastActivityAt" timestamptz, "lastInboundAt" timestamptz, "lastOutboundAt" timestamptz)
     where p.id = x.id`,
    [JSON.stringify(touches)],
  );
}

const upserts = (type: StoredEntityType): string => {
  const columns = [
    'version',
    'updated_at',
    'deleted_at',
    'merged_into',
    ...storedFields(type).map(([name]) => columnOf(name)),
    'custom',
    'field_meta',
  ];
  const table = `musubi.${entityTables[type]}`;
  return `insert into ${table} select * from jsonb_populate_recordset(null::${table}, $1::jsonb)
    on conflict (id) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`;
};
const upsertTexts: Readonly<Record<string, string>> = Object.fromEntries(
  (Object.keys(entityTables) as StoredEntityType[]).map((type) => [type, upserts(type)]),
);
const upsertOf = (type: StoredEntityType): string => upsertTexts[type] as string;

function encode(type: StoredEntityType, row: EntityRow): Record<string, unknown> {
  const encoded: Record<string, unknown> = {
    id: row.id,
    version: row.version,
    created_at: new Date(row.createdAtMs),
    updated_at: new Date(row.updatedAtMs),
    deleted_at: row.deletedAtMs === null ? null : new Date(row.deletedAtMs),
    merged_into: row.mergedInto,
    custom: row.custom,
    field_meta: row.fieldMeta,
  };
  for (const { name, column, spec } of columns[type]) {
    const value = row.fields[name];
    if (value !== undefined && value !== null)
      encoded[column] = spec.type === 'datetime' ? new Date(Number(value)) : value;
  }
  return encoded;
}

function decode(type: StoredEntityType, row: Record<string, unknown>): EntityRow {
  const fields: Record<string, JsonValue> = {};
  for (const { name, column, spec } of columns[type]) {
    const value = row[column];
    if (value !== null && value !== undefined) fields[name] = decodeValue(spec, value);
  }
  return {
    type,
    id: row.id as string,
    version: row.version as number,
    createdAtMs: (row.created_at as Date).getTime(),
    updatedAtMs: (row.updated_at as Date).getTime(),
    fields,
    custom: row.custom as JsonObject,
    fieldMeta: row.field_meta as Record<string, FieldMeta>,
    mergedInto: row.merged_into as string | null,
    deletedAtMs: row.deleted_at === null ? null : (row.deleted_at as Date).getTime(),
  };
}

function decodeValue(spec: FieldSpec, value: unknown): JsonValue {
  if (value instanceof Date) return value.getTime();
  return spec.type === 'int' ? Number(value) : (value as JsonValue);
}

/** The deals of each person. */
export async function dealsOfPersons(db: Queryable, personIds: readonly string[]): Promise<Map<string, EntityRow[]>> {
  const deals = new Map<string, EntityRow[]>();
  if (personIds.length === 0) return deals;
  const { rows } = await db.query(
    'select * from musubi.deals where primary_person_ref = any($1::uuid[]) and deleted_at is null order by id',
    [personIds as string[]],
  );
  for (const row of rows) {
    const personId = row.primary_person_ref as string;
    deals.set(personId, [...(deals.get(personId) ?? []), decode('deal', row)]);
  }
  return deals;
}
