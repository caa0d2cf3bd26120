import { openPersonBook, type PersonBook } from '../identity/person-book.ts';
import type { Database, Tx } from '../store/database.ts';
import { type DirtyRecord, markDirty } from '../store/dirty-records.ts';
import { type EntityRow, loadEntities, type StoredEntityType } from '../store/entities.ts';
import { loadLinks, type RemoteKey, remoteKeyText } from '../store/identity.ts';
import { type InboxRow, lockPicked, type Settled, settle } from '../store/inbox.ts';
import { reached } from '../store/steps.ts';
import { closeWorkBatch } from '../store/work-batches.ts';
import { applySignals } from './apply-signals.ts';
import { type ApplyContext, applySource, mentionOf, type Origin } from './apply-sources.ts';
import { type MappedSource, type ReadRow, readRow } from './read-row.ts';
import { loadRuleData, rulesFor, runRules, type Trigger } from './run-rules.ts';
import type { OpenConnection, Setup } from './setup.ts';
import { noFacts, noRuleWrites, type Planned, writeFacts, writeRules } from './writes.ts';

export interface PipelineContext {
  readonly db: Database;
  readonly setup: Setup;
  readonly nowMs: number;
  readonly newId: () => string;
  readonly onFault: (fault: { readonly where: string; readonly error: unknown }) => void;
}

export interface BatchResult {
  readonly rows: number;
  /** When the effects and waits of the batch first fall due, workspace time; null when it planned none. */
  readonly dueMs: number | null;
  readonly dirty: number;
}

/**
 * Applies picked inbox rows in ONE transaction: mapping → identity → apply → changes → rules → gate → outbox, and the
 * rows marked done. Either all of it is on disk or nothing is. Throws when the database refuses something: the caller
 * then applies the rows one by one, so that one bad record never stops the others.
 */
export async function processBatch(
  batchId: string,
  seqs: readonly number[],
  context: PipelineContext,
): Promise<BatchResult> {
  return context.db.transaction(async (tx) => {
    const rows = await lockPicked(tx, seqs);
    reached('S5');
    const result = await applyRows(tx, rows, context);
    await closeWorkBatch(tx, batchId);
    reached('S6');
    return result;
  });
}

async function applyRows(tx: Tx, rows: readonly InboxRow[], context: PipelineContext): Promise<BatchResult> {
  const read = rows.map((row) => readRow(row, context.setup));
  const { triggers, superseded, unread, persons } = await applyMapped(
    tx,
    read.flatMap((one) => originsOf(one)),
    context,
  );
  const { dueMs } = await applyRules(tx, triggers, read, context, persons);
  await markDirty(
    tx,
    read.flatMap((one) => one.dirty.map((dirty) => ({ connection: one.row.connection, ...dirty }))),
  );
  await settle(
    tx,
    read.map((one) => settledOf(one, superseded)),
  );
  return { rows: rows.length, dueMs, dirty: unread + read.reduce((sum, one) => sum + one.dirty.length, 0) };
}

const originsOf = (read: ReadRow): SourceWithOrigin[] =>
  read.connection === null
    ? []
    : read.sources.map((source) => ({
        source,
        origin: { connection: read.connection as OpenConnection, row: read.row },
      }));

/** A row all of whose records said nothing new is superseded. */
function settledOf(read: ReadRow, superseded: ReadonlySet<MappedSource>): Settled {
  const isSuperseded =
    read.end.state === 'applied' && read.sources.length > 0 && read.sources.every((one) => superseded.has(one));
  return {
    id: read.row.id,
    state: isSuperseded ? 'superseded' : read.end.state,
    reason: isSuperseded ? 'nothing new' : read.end.reason,
    mappingVersion: read.sources[0]?.mapping.version ?? null,
  };
}

export interface SourceWithOrigin {
  readonly source: MappedSource;
  readonly origin: Origin;
}

/** Identity and apply for mapped sources, in order; returns what may wake rules. */
export async function applyMapped(
  tx: Tx,
  sources: readonly SourceWithOrigin[],
  context: PipelineContext,
): Promise<{
  triggers: Trigger[];
  superseded: Set<MappedSource>;
  unread: number;
  persons: ReadonlyMap<string, EntityRow>;
}> {
  const superseded = new Set<MappedSource>();
  if (sources.length === 0) return { triggers: [], superseded, unread: 0, persons: new Map() };
  const { nowMs, newId, setup } = context;
  const mentions = sources.map(({ source, origin }) => mentionOf(source, origin.connection.name));
  const book = await openPersonBook(tx, mentions, { nowMs, newId });
  const others = await loadOthers(tx, sources);
  const apply: ApplyContext = { setup, book, facts: noFacts(), ...others, nowMs, newId };
  for (const { source, origin } of sources) {
    if (applySource(source, origin, apply) === 'superseded') superseded.add(source);
  }
  const triggers = await writeFacts(tx, book, apply.facts);
  const unread = unreadPersons(sources, book);
  await markDirty(tx, unread);
  return { triggers, superseded, unread: unread.length, persons: book.persons };
}

/** Persons seen for the first time whose tool can be asked about them: an event tells an id, the tool a name. */
function unreadPersons(sources: readonly SourceWithOrigin[], book: PersonBook): DirtyRecord[] {
  return sources.flatMap(({ source, origin }) => {
    const { object, id } = source.record;
    const { name, objects } = origin.connection;
    if (source.mapping.entity !== 'person' || origin.row === null || !objects[object]?.read) return [];
    const isNew = book.pending.links.has(remoteKeyText({ connection: name, object, remoteId: id }));
    return isNew ? [{ connection: name, object, id }] : [];
  });
}

/** Links and rows of records that are no persons and no facts about one (companies, deals). */
async function loadOthers(
  tx: Tx,
  sources: readonly SourceWithOrigin[],
): Promise<Pick<ApplyContext, 'entities' | 'links'>> {
  const keys = new Map<string, RemoteKey>();
  for (const { source, origin } of sources) {
    const { entity } = source.mapping;
    if (entity === 'person' || entity === 'activity' || entity === 'consent') continue;
    const key = { connection: origin.connection.name, object: source.record.object, remoteId: source.record.id };
    keys.set(remoteKeyText(key), key);
  }
  const links = await loadLinks(tx, [...keys.values()]);
  const ids = new Map<StoredEntityType, string[]>();
  for (const link of links.values()) {
    const type = link.entityType as StoredEntityType;
    if (link.entityId) ids.set(type, [...(ids.get(type) ?? []), link.entityId]);
  }
  const entities = new Map<string, EntityRow>();
  for (const [type, wanted] of ids)
    for (const [id, row] of await loadEntities(tx, type, wanted, { lock: true })) entities.set(id, row);
  return { links, entities };
}

/** Rules for the triggers and the buttons of a batch; returns what they set going. */
export async function applyRules(
  tx: Tx,
  triggers: readonly Trigger[],
  read: readonly ReadRow[],
  context: PipelineContext,
  /** The persons of the triggers, as the batch has left them. */
  persons: ReadonlyMap<string, EntityRow> = new Map(),
): Promise<Planned> {
  const { setup, nowMs, newId } = context;
  const writes = noRuleWrites();
  const ruleContext = {
    setup,
    nowMs,
    newId,
    writes,
    onFault: (rule: string, error: unknown) => context.onFault({ where: `rule ${rule}`, error }),
  };
  const waking = triggers.filter((one) => rulesFor(one, setup).length > 0);
  if (waking.length > 0) {
    const rules = [...new Set(waking.flatMap((one) => rulesFor(one, setup)))];
    const woken = await personsOf(tx, waking, persons);
    const data = await loadRuleData(tx, woken, rules, ruleContext);
    runRules(waking, data, ruleContext);
  }
  const signals = read.flatMap((one) => one.signals.map((signal) => ({ signal, connection: one.row.connection })));
  if (signals.length > 0) await applySignals(tx, signals, ruleContext);
  return writeRules(tx, writes);
}

/** The woken persons: those of the batch as they are now, and the owners of changed deals from the store. */
async function personsOf(
  tx: Tx,
  waking: readonly Trigger[],
  known: ReadonlyMap<string, EntityRow>,
): Promise<Map<string, EntityRow>> {
  const ids = [...new Set(waking.map((one) => one.personId))];
  const others = await loadEntities(
    tx,
    'person',
    ids.filter((id) => !known.has(id)),
  );
  return new Map(
    ids.flatMap((id) => {
      const row = known.get(id) ?? others.get(id);
      return row ? [[id, row] as const] : [];
    }),
  );
}
