import type { Mention, PersonBook } from '../identity/person-book.ts';
import { type EntityType, entities } from '../model/entities.ts';
import { isUuid } from '../model/id.ts';
import type { JsonObject, JsonValue } from '../sdk/json.ts';
import type { EntityRow } from '../store/entities.ts';
import { isStoredEntityType } from '../store/entities.ts';
import type { ShadowRow } from '../store/history.ts';
import { type LinkRow, type RemoteKey, remoteKeyText } from '../store/identity.ts';
import type { InboxRow } from '../store/inbox.ts';
import { applyFields } from '../sync/apply-fields.ts';
import { mergeShadow, newsOf, type Shadow, shadowHash } from '../sync/shadow.ts';
import type { MappedSource } from './read-row.ts';
import type { OpenConnection, Setup } from './setup.ts';
import type { FactWrites } from './writes.ts';

/** Where a mapped source came from. `row` is null for records read again or polled. */
export interface Origin {
  readonly connection: OpenConnection;
  readonly row: InboxRow | null;
}

export interface ApplyContext {
  readonly setup: Setup;
  readonly book: PersonBook;
  readonly facts: FactWrites;
  /** Entities other than persons, by id, as this batch has them. */
  readonly entities: Map<string, EntityRow>;
  /** Links of records other than persons, by remote key. */
  readonly links: Map<string, LinkRow>;
  readonly nowMs: number;
  readonly newId: () => string;
}

export type Applied = 'applied' | 'superseded';

/** How a mapped source names its person, for the person book. */
export const mentionOf = (source: MappedSource, connection: string): Mention => ({
  connection,
  self:
    source.mapping.entity === 'person'
      ? {
          object: source.record.object,
          id: source.record.id,
          fields: source.mapped.fields,
          identify: source.mapping.identify,
        }
      : null,
  address: source.mapped.address ?? null,
  evidence: source.mapped.person,
});

/** Applies one mapped source to the batch: a person's record, a fact about a person, or another entity's record. */
export function applySource(source: MappedSource, origin: Origin, context: ApplyContext): Applied {
  const { entity } = source.mapping;
  if (entity === 'person') return applyPerson(source, origin, context);
  if (entity === 'activity') return addActivity(source, origin, context);
  if (entity === 'consent') return addConsent(source, origin, context);
  return applyEntity(source, origin, context);
}

function applyPerson(source: MappedSource, origin: Origin, context: ApplyContext): Applied {
  const { book, facts } = context;
  const remote = remoteOf(source, origin);
  const given = shadowOf(source);
  const stored = facts.shadows.get(remoteKeyText(remote)) ?? book.linkOf(remote)?.shadow ?? null;
  const { fields, isNews } = newsOf(given, stored);
  const { personId, linkId } = book.resolve(mentionOf(source, origin.connection.name));
  const person = personId === null ? undefined : book.persons.get(personId);
  if (!person) return 'superseded';
  const isStale = stored !== null && given.modifiedAtMs < stored.modifiedAtMs;
  const isAddressNew = !isStale && applyAddress(source, person.id, origin, context);
  // also of a record without news the time is kept: what is read later but older must not win over it
  if (isNews || isAddressNew || given.modifiedAtMs > (stored?.modifiedAtMs ?? 0)) {
    facts.shadows.set(remoteKeyText(remote), shadowRow(source, remote, mergeShadow(given, stored), person.id));
  }
  if (!isNews && !isAddressNew) return 'superseded';
  addMappedConsents(source, fields, { personId: person.id, linkId }, origin, context);
  const from = applySourceOf(source, origin, context);
  const result = applyFields(person, readableRefs(fields, 'person'), from, fieldRules(context, 'person'));
  recordOutcomes(result.outcomes, person, linkId, source, origin, context);
  const isNew = book.pending.changedPersons.has(person.id) && Object.keys(person.fields).length === 0;
  if (isNew || result.row !== person) book.put(isNew ? withFirstSeen(result.row, source) : result.row, linkId);
  return 'applied';
}

const remoteOf = (source: MappedSource, origin: Origin): RemoteKey => ({
  connection: origin.connection.name,
  object: source.record.object,
  remoteId: source.record.id,
});

const withFirstSeen = (row: EntityRow, source: MappedSource): EntityRow =>
  row.fields.firstSeenAt === undefined
    ? { ...row, fields: { ...row.fields, firstSeenAt: source.record.modifiedAtMs } }
    : row;

/** Takes over an address and its follow state; false when it says nothing new. */
function applyAddress(source: MappedSource, personId: string, origin: Origin, { book }: ApplyContext): boolean {
  const { address } = source.mapped;
  if (!address) return false;
  const known = book.addressOf(address);
  const states = address.state === undefined ? {} : { [origin.connection.name]: address.state };
  const isSame =
    known !== undefined &&
    (address.displayName === undefined || known.displayName === address.displayName) &&
    (address.pictureUrl === undefined || known.pictureUrl === address.pictureUrl) &&
    (address.state === undefined || known.states[origin.connection.name] === address.state);
  if (isSame) return false;
  book.putAddress({
    channel: address.channel,
    scope: address.scope,
    id: address.id,
    personId: known?.personId ?? personId,
    displayName: address.displayName ?? known?.displayName ?? null,
    pictureUrl: address.pictureUrl ?? known?.pictureUrl ?? null,
    states: { ...known?.states, ...states },
  });
  return true;
}

function addActivity(source: MappedSource, origin: Origin, context: ApplyContext): Applied {
  const { personId, linkId } = context.book.resolve(mentionOf(source, origin.connection.name));
  const { fields } = source.mapped;
  const metadata = (fields.metadata ?? {}) as JsonObject;
  const { unsent } = metadata;
  if (typeof unsent === 'string')
    context.facts.erased.push({ connection: origin.connection.name, sourceEventId: unsent });
  context.facts.activities.push({
    id: context.newId(),
    kind: fields.kind as string,
    direction: text(fields.direction),
    occurredAtMs: typeof fields.occurredAt === 'number' ? fields.occurredAt : source.record.modifiedAtMs,
    connection: origin.connection.name,
    sourceEventId: text(fields.sourceEventId) ?? source.record.id,
    personId,
    linkId,
    subject: text(fields.subject),
    body: text(fields.body),
    channel: text(fields.channel),
    durationSec: typeof fields.durationSec === 'number' ? fields.durationSec : null,
    outcome: text(fields.outcome),
    metadata,
    inboxId: origin.row?.id ?? null,
    mappingVersion: source.mapping.version,
  });
  return 'applied';
}

const CONSENT_FIELD = 'consent.';

/** `consent.email` and the like of a person's record: what a tool says, never as strong as a person's own act. */
function addMappedConsents(
  source: MappedSource,
  fields: JsonObject,
  of: { personId: string; linkId: string | null },
  origin: Origin,
  context: ApplyContext,
): void {
  const { record } = source;
  for (const [field, value] of Object.entries(fields)) {
    if (!field.startsWith(CONSENT_FIELD) || typeof value !== 'string') continue;
    const channel = field.slice(CONSENT_FIELD.length);
    context.facts.consents.push({
      ...of,
      id: context.newId(),
      channel,
      scope: '',
      purpose: 'promotion',
      status: value,
      basis: null,
      at: new Date(record.modifiedAtMs).toISOString(),
      source: origin.connection.name,
      sourceEventId: `${record.object}:${record.id}:${channel}:${record.modifiedAtMs}:${value}`,
      connection: origin.connection.name,
      evidence: {},
    });
  }
}

function addConsent(source: MappedSource, origin: Origin, context: ApplyContext): Applied {
  const { personId, linkId } = context.book.resolve(mentionOf(source, origin.connection.name));
  const { fields } = source.mapped;
  context.facts.consents.push({
    id: context.newId(),
    personId,
    linkId,
    channel: text(fields.channel) ?? origin.connection.connector,
    scope: '',
    purpose: text(fields.purpose) ?? 'promotion',
    status: text(fields.status) ?? 'unknown',
    basis: text(fields.basis),
    at: new Date(typeof fields.at === 'number' ? fields.at : source.record.modifiedAtMs).toISOString(),
    source: text(fields.source) ?? origin.connection.name,
    sourceEventId: source.record.id,
    connection: origin.connection.name,
    evidence: (fields.evidence ?? {}) as JsonObject,
  });
  return 'applied';
}

/** Whose record it is, by the evidence its mapping names. */
function ownerOf(source: MappedSource, origin: Origin, { book }: ApplyContext): JsonObject {
  if (source.mapped.person.length === 0) return {};
  const { personId } = book.resolve(mentionOf(source, origin.connection.name));
  return personId === null ? {} : { [source.mapping.entity === 'deal' ? 'primaryPersonRef' : 'personRef']: personId };
}

/** A reference must be one of our ids: a tool's own id is a link's business and says nothing here. */
const readableRefs = (fields: JsonObject, entity: EntityType): JsonObject =>
  Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => {
      const spec = entities[entity][name];
      return spec?.type !== 'ref' || spec.ref === 'user' || value === null || isUuid(value);
    }),
  );

/** Companies, deals and the like: one entity per link until a decision says otherwise. */
function applyEntity(source: MappedSource, origin: Origin, context: ApplyContext): Applied {
  const { entity } = source.mapping;
  if (!isStoredEntityType(entity)) return 'superseded';
  const { facts, links } = context;
  const remote = remoteOf(source, origin);
  const key = remoteKeyText(remote);
  const known = links.get(key);
  const given = shadowOf(source);
  const stored = facts.shadows.get(key) ?? known?.shadow ?? null;
  const owner = ownerOf(source, origin, context);
  const { fields: news, isNews } = newsOf(given, stored);
  const fields = { ...readableRefs(news, entity), ...owner };
  if (!isNews) return 'superseded';
  const link: LinkRow = known ?? {
    id: context.newId(),
    ...remote,
    entityType: entity,
    entityId: context.newId(),
    state: 'active',
    shadow: null,
  };
  const id = link.entityId ?? context.newId();
  if (!known || known.entityId === null) {
    const bound = { ...link, entityId: id };
    links.set(key, bound);
    facts.links.push(bound);
  }
  const row: EntityRow = context.entities.get(id) ?? {
    type: entity,
    id,
    version: 0,
    createdAtMs: context.nowMs,
    updatedAtMs: context.nowMs,
    fields: {},
    custom: {},
    fieldMeta: {},
    mergedInto: null,
    deletedAtMs: null,
  };
  const result = applyFields(row, fields, applySourceOf(source, origin, context), fieldRules(context, entity));
  recordOutcomes(result.outcomes, row, link.id, source, origin, context);
  context.entities.set(id, result.row);
  facts.entities.set(id, result.row);
  facts.shadows.set(key, shadowRow(source, remote, mergeShadow(given, stored), id));
  return 'applied';
}

function recordOutcomes(
  outcomes: ReturnType<typeof applyFields>['outcomes'],
  row: EntityRow,
  linkId: string | null,
  source: MappedSource,
  origin: Origin,
  { facts, nowMs, newId }: ApplyContext,
): void {
  for (const { field, before, after, outcome, policy } of outcomes) {
    facts.changes.push({
      id: newId(),
      at: new Date(nowMs).toISOString(),
      entityType: row.type,
      entityId: row.id,
      field,
      before,
      after,
      outcome,
      policy,
      connection: origin.connection.name,
      sourceAt: new Date(source.record.modifiedAtMs).toISOString(),
      linkId,
      inboxId: origin.row?.id ?? null,
      mappingVersion: source.mapping.version,
    });
  }
}

const applySourceOf = (source: MappedSource, origin: Origin, context: ApplyContext) => ({
  connection: origin.connection.name,
  rank: origin.connection.rank,
  sourceAtMs: source.record.modifiedAtMs,
  nowMs: context.nowMs,
  mappingVersion: source.mapping.version,
});

function fieldRules(context: ApplyContext, entity: string) {
  const rules = context.setup.fieldRules[entity];
  if (!rules) throw new Error(`[pipeline] no field rules for ${entity}`);
  return rules;
}

const shadowOf = ({ record, mapped }: MappedSource): Shadow => ({
  modifiedAtMs: record.modifiedAtMs,
  fields: mapped.fields as JsonObject,
  isDeleted: record.isDeleted ?? false,
});

const shadowRow = (source: MappedSource, remote: RemoteKey, shadow: Shadow, entityId: string): ShadowRow => ({
  ...remote,
  ...shadow,
  entityType: source.mapping.entity,
  entityId,
  version: source.record.version ?? null,
  hash: shadowHash(shadow),
  mappingVersion: source.mapping.version,
});

const text = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;
