import type { PersonBook } from '../identity/person-book.ts';
import { type ActivityRow, attachActivities, insertActivities } from '../store/activities.ts';
import type { Tx } from '../store/database.ts';
import { insertEffects, type NewEffect } from '../store/effects.ts';
import { type EntityRow, type StoredEntityType, saveEntities, touchPersons } from '../store/entities.ts';
import { type ErasedEvent, erasedBefore, eraseEvents } from '../store/erase-event.ts';
import {
  appendChanges,
  appendConsents,
  attachConsents,
  type ChangeRow,
  type ConsentRow,
  type ShadowRow,
  saveShadows,
} from '../store/history.ts';
import { appendDecisions, type LinkRow, saveAddresses, saveKeys, saveLinks } from '../store/identity.ts';
import { appendGateDecisions, type DecisionRow, type RunRow, saveRuns } from '../store/runs.ts';
import { activityTriggers, type Trigger } from './run-rules.ts';

/** What a batch is going to write, collected in memory and written in one statement per table. */
export interface FactWrites {
  readonly entities: Map<string, EntityRow>;
  readonly links: LinkRow[];
  readonly shadows: Map<string, ShadowRow>;
  readonly changes: ChangeRow[];
  readonly consents: ConsentRow[];
  readonly activities: ActivityRow[];
  /** Taken back by their sender. */
  readonly erased: ErasedEvent[];
}

export const noFacts = (): FactWrites => ({
  entities: new Map(),
  links: [],
  shadows: new Map(),
  changes: [],
  consents: [],
  activities: [],
  erased: [],
});

/**
 * Writes the facts of a batch and returns what may wake rules, in time order: activities that were new, earlier ones whose
 * person has just become known, and applied changes.
 */
export async function writeFacts(tx: Tx, book: PersonBook, facts: FactWrites): Promise<Trigger[]> {
  const { pending } = book;
  await saveEntities(
    tx,
    'person',
    [...pending.changedPersons].flatMap((id) => book.persons.get(id) ?? []),
  );
  for (const [type, rows] of byType(facts.entities)) await saveEntities(tx, type, rows);
  await saveLinks(tx, [...pending.links.values(), ...facts.links]);
  await saveKeys(tx, pending.keys);
  await saveAddresses(tx, [...pending.addresses.values()]);
  await appendDecisions(tx, pending.decisions);
  await saveShadows(tx, [...facts.shadows.values()]);
  await appendChanges(tx, facts.changes);
  // first all facts, then whose they are: a fact may stand in the same batch as the record that tells its person
  await appendConsents(tx, facts.consents);
  const fresh = await insertActivities(tx, facts.activities);
  const attached = await attachActivities(tx, pending.attached);
  await attachConsents(tx, pending.attached);
  const gone = await erasedBefore(tx, facts.activities);
  await eraseEvents(tx, [...facts.erased, ...facts.activities.filter((one) => gone.has(one.id))]);
  const news = facts.activities.filter((one) => fresh.has(one.id) && one.personId !== null && !gone.has(one.id));
  const inserted = [...news, ...attached];
  const touches = touchesOf(inserted);
  await touchPersons(tx, touches);
  for (const { id, lastActivityAt, lastInboundAt } of touches) {
    const row = book.persons.get(id);
    if (!row) continue;
    const times = {
      lastActivityAt: Date.parse(lastActivityAt),
      ...(lastInboundAt !== null && { lastInboundAt: Date.parse(lastInboundAt) }),
    };
    const later = Object.entries(times).filter(([name, at]) => Number(row.fields[name] ?? 0) < at);
    book.persons.set(id, { ...row, fields: { ...row.fields, ...Object.fromEntries(later) } });
  }
  const triggers = [...activityTriggers(inserted), ...changeTriggers(facts)];
  return triggers.sort((a, b) => a.atMs - b.atMs);
}

/** A changed field of a person, or of a deal with its person, wakes the rules that name it. */
function changeTriggers({ changes, entities }: FactWrites): Trigger[] {
  return changes.flatMap(({ id, at, entityType, entityId, field, outcome }) => {
    if (outcome !== 'applied') return [];
    const owner = entityType === 'person' ? entityId : entities.get(entityId)?.fields.primaryPersonRef;
    if (typeof owner !== 'string') return [];
    const dealId = entityType === 'deal' ? entityId : null;
    return [
      {
        personId: owner,
        cause: `change:${id}`,
        atMs: Date.parse(at),
        activity: null,
        changed: `${entityType}.${field}`,
        dealId,
      },
    ];
  });
}

function byType(entities: ReadonlyMap<string, EntityRow>): Map<StoredEntityType, EntityRow[]> {
  const groups = new Map<StoredEntityType, EntityRow[]>();
  for (const row of entities.values()) {
    const type = row.type as StoredEntityType;
    groups.set(type, [...(groups.get(type) ?? []), row]);
  }
  return groups;
}

function touchesOf(activities: readonly ActivityRow[]) {
  const touches = new Map<
    string,
    { id: string; lastActivityAt: string; lastInboundAt: string | null; lastOutboundAt: null }
  >();
  for (const { personId, occurredAtMs, direction } of activities) {
    if (personId === null) continue;
    const at = new Date(occurredAtMs).toISOString();
    const known = touches.get(personId);
    const inbound = direction === 'out' ? null : at;
    touches.set(personId, {
      id: personId,
      lastActivityAt: later(known?.lastActivityAt, at),
      lastInboundAt: inbound === null ? (known?.lastInboundAt ?? null) : later(known?.lastInboundAt, inbound),
      lastOutboundAt: null,
    });
  }
  return [...touches.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

const later = (left: string | null | undefined, right: string) => (left && left > right ? left : right);

/** What the rules of a batch decided. */
export interface RuleWrites {
  readonly runs: Map<string, RunRow>;
  readonly effects: NewEffect[];
  readonly decisions: DecisionRow[];
}

export const noRuleWrites = (): RuleWrites => ({ runs: new Map(), effects: [], decisions: [] });

/** What the written rules have set going. */
export interface Planned {
  /** Effects that may leave now or later. */
  readonly effects: number;
  /** When the first run resumes or the first effect falls due, workspace time; null when nothing waits. */
  readonly dueMs: number | null;
}

/** Writes runs, effects and gate decisions. */
export async function writeRules(tx: Tx, writes: RuleWrites): Promise<Planned> {
  const runs = [...writes.runs.values()];
  await saveRuns(tx, runs);
  const inserted = await insertEffects(tx, writes.effects);
  await appendGateDecisions(
    tx,
    writes.decisions.filter((one) => one.effectId === null || inserted.has(one.effectId)),
  );
  const planned = writes.effects.filter((one) => inserted.has(one.id) && one.state === 'planned');
  const due = [...planned.map((one) => Date.parse(one.dueAt)), ...runs.flatMap((run) => run.resumeAtMs ?? [])];
  return { effects: planned.length, dueMs: due.length === 0 ? null : Math.min(...due) };
}
