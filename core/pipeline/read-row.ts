import type { CompiledMapping, MappedRecord } from '../mapping/compile-mapping.ts';
import { HubError } from '../sdk/errors.ts';
import type { JsonObject } from '../sdk/json.ts';
import type { DirtyId, ParsedEvent, Signal, SourceRecord } from '../sdk/webhook.ts';
import type { InboxRow, TerminalState } from '../store/inbox.ts';
import type { OpenConnection, Setup } from './setup.ts';

/** A source record with its mapping and what the mapping made of it. */
export interface MappedSource {
  readonly record: SourceRecord;
  readonly mapping: CompiledMapping;
  readonly mapped: MappedRecord;
}

/** One inbox row, read: what it says, or why nothing follows from it. */
export interface ReadRow {
  readonly row: InboxRow;
  readonly connection: OpenConnection | null;
  readonly sources: readonly MappedSource[];
  readonly dirty: readonly DirtyId[];
  readonly signals: readonly Signal[];
  readonly end: { readonly state: TerminalState; readonly reason: string | null };
}

/** Parses and maps one inbox row. Pure; a row that cannot be read is dead with the reason, never an error. */
export function readRow(row: InboxRow, setup: Setup): ReadRow {
  const connection = setup.connections.get(row.connection) ?? null;
  const nothing = { row, connection, sources: [], dirty: [], signals: [] };
  if (!connection?.webhook) {
    return {
      ...nothing,
      end: { state: 'dead', reason: `connection_gone: no connection named ${row.connection} receives webhooks` },
    };
  }
  let parsed: ParsedEvent;
  try {
    const payload = JSON.parse(row.payload) as JsonObject;
    const event = {
      externalId: row.external_id,
      dedupKey: row.dedup_key,
      recordKey: row.record_key,
      occurredAtMs: row.occurred_at.getTime(),
      payload,
    };
    parsed = connection.webhook.parse(event, {
      config: connection.config,
      connection: row.connection,
      receivedAtMs: row.received_at.getTime(),
    });
  } catch (error) {
    return { ...nothing, end: { state: 'dead', reason: reasonOf(error) } };
  }
  const { records = [], dirty = [], signals = [] } = parsed;
  const sources = mapRecords(records, connection, setup);
  const kindless = sources.find(
    ({ mapping, mapped }) => mapping.entity === 'activity' && typeof mapped.fields.kind !== 'string',
  );
  if (kindless) {
    const reason = problemsOf([kindless]) ?? `${kindless.mapping.object}: the activity has no kind`;
    return { ...nothing, end: { state: 'dead', reason: `unknown_kind: ${reason}` } };
  }
  const isEmpty = sources.length === 0 && dirty.length === 0 && signals.length === 0;
  return {
    row,
    connection,
    sources,
    dirty,
    signals,
    end: isEmpty
      ? { state: 'skipped', reason: parsed.skip ?? unmappedReason(records) }
      : { state: 'applied', reason: problemsOf(sources) },
  };
}

/** Maps the records whose object has a mapping; the others say nothing to this workspace. */
export function mapRecords(records: readonly SourceRecord[], connection: OpenConnection, setup: Setup): MappedSource[] {
  return records.flatMap((record) => {
    const mapping = connection.mappings.get(record.object);
    if (!mapping) return [];
    const mapped = mapping.toEntity(record.data, {
      connection: connection.name,
      remoteId: record.id,
      modifiedAtMs: record.modifiedAtMs,
      timeZone: setup.workspace.timeZone,
    });
    return [{ record, mapping, mapped }];
  });
}

const unmappedReason = (records: readonly SourceRecord[]) =>
  records.length === 0
    ? 'nothing follows from this event'
    : `no mapping for ${[...new Set(records.map((one) => one.object))].join(', ')}`;

/** Fields that were held because their value could not be read; the rest of the row went on. */
function problemsOf(sources: readonly MappedSource[]): string | null {
  const problems = sources.flatMap(({ mapping, mapped }) =>
    mapped.problems.map((one) => `${mapping.object}.${one.field}: ${one.message}`),
  );
  return problems.length === 0 ? null : problems.join('; ').slice(0, 1000);
}

const reasonOf = (error: unknown) => {
  if (error instanceof HubError) return `${error.code}: ${error.message}`;
  return `unreadable_event: ${error instanceof Error ? error.message : String(error)}`;
};
