import { activityKinds, consentChannels, consentStatuses } from '../model/codes.ts';
import { type EntityType, entities, type FieldSpec, type FieldSpecs } from '../model/entities.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../sdk/json.ts';

/** The fields a workspace adds, by entity. */
export type CustomFields = Readonly<Partial<Record<EntityType, FieldSpecs>>>;

/** A custom activity kind and what its properties hold. */
export type EventKinds = Readonly<Record<string, { readonly properties: Readonly<Record<string, string>> }>>;

/** Every field of an entity: the model's, then the workspace's own. */
export function fieldsOf(entity: EntityType, customFields: CustomFields): FieldSpecs {
  return { ...entities[entity], ...customFields[entity] };
}

/**
 * The fields a mapping may set. A tool's opt-out box stands on its contact, so a person also takes `consent.<channel>`, which
 * becomes a consent.
 */
export function mappableFields(entity: EntityType, customFields: CustomFields): FieldSpecs {
  const fields = fieldsOf(entity, customFields);
  return entity === 'person' ? { ...fields, ...consentFields() } : fields;
}

function consentFields(): FieldSpecs {
  const values = consentStatuses.map(({ code }) => code);
  return Object.fromEntries(
    consentChannels.map(({ code, label }): [string, FieldSpec] => [`consent.${code}`, { type: 'enum', values, label }]),
  );
}

/** Every activity kind a workspace knows. */
export function kindsOf(events: EventKinds): string[] {
  return [...activityKinds.map(({ code }) => code), ...Object.keys(events)];
}

/** The fields of a stored record: those of its entity and its id. */
export function recordFields(entity: EntityType, customFields: CustomFields): FieldSpecs {
  return { id: { type: 'string', label: { ja: 'ID', en: 'Id' } }, ...fieldsOf(entity, customFields) };
}

/** Names that stand in an activity's metadata but are read as fields of it, e.g. `activity.path`. */
const LIFTED: readonly string[] = ['path', 'action', 'feature', 'inquiryKind', 'machineOpen'];

/** An activity as rules and templates see it. */
export function activityFields(customFields: CustomFields, events: EventKinds): FieldSpecs {
  const lifted = LIFTED.map((name): [string, FieldSpec] => [
    name,
    { type: name === 'machineOpen' ? 'bool' : 'string', label: { ja: name, en: name } },
  ]);
  const { kind, ...fields } = recordFields('activity', customFields);
  const connection: FieldSpec = { type: 'string', label: { ja: '接続', en: 'Connection' } };
  const kinds: FieldSpec = { type: 'enum', label: { ja: '種別', en: 'Kind' }, ...kind, values: kindsOf(events) };
  return { ...Object.fromEntries(lifted), connection, ...fields, kind: kinds };
}

/** The value of a lifted name; null for any other and where the metadata does not have it. */
export function liftedValue(activity: JsonObject, name: string): JsonValue {
  const metadata = activity.metadata ?? null;
  if (!LIFTED.includes(name) || !isJsonObject(metadata) || !Object.hasOwn(metadata, name)) return null;
  return metadata[name] ?? null;
}

/** The activity with the lifted names beside its own fields. */
export function withLiftedNames(activity: JsonObject): JsonObject {
  return { ...Object.fromEntries(LIFTED.map((name) => [name, liftedValue(activity, name)])), ...activity };
}
