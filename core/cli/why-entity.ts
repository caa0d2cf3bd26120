import { entities } from '../model/entities.ts';
import { isUuid } from '../model/id.ts';
import { matchKeyKinds, matchKeyOf } from '../model/match-keys.ts';
import { ConfigError } from '../sdk/errors.ts';
import type { JsonValue } from '../sdk/json.ts';
import { type EntityRow, loadEntities, type StoredEntityType } from '../store/entities.ts';
import {
  changesOfEntity,
  consentsOf,
  type ExplainedChange,
  identityDecisionsOf,
  personsByKey,
  personsByText,
  recordsOfEntity,
} from '../store/explain.ts';
import { addressesOfPersons } from '../store/identity.ts';
import type { Terminal } from './terminal.ts';
import type { StoreAtHand } from './with-store.ts';

export interface EntityQuestion {
  readonly type: StoredEntityType;
  /** Our id; a person also by e-mail address, phone, member number, or an id in a tool or channel. */
  readonly id: string;
  readonly field: string | null;
}

/** Where each value of an entity comes from, what lost against it, and who it was taken for. */
export async function showEntity(store: StoreAtHand, terminal: Terminal, question: EntityQuestion): Promise<number> {
  const ids = await findIds(store, question);
  if (ids.length > 1) {
    terminal.say(`${ids.length}件が該当します。ID で指定してください。`, `${ids.length} fit: name one by its id.`);
    for (const id of ids) terminal.print(`  ${question.type}:${id}`);
    return 1;
  }
  const row = (await loadEntities(store.db, question.type, ids)).get(ids[0] ?? '');
  if (!row) {
    throw new ConfigError(
      `[why] no ${question.type} ${question.id}: give its id, or a person's e-mail address, phone or id in a tool`,
      {
        code: 'why_unknown',
      },
    );
  }
  showHead(row, store, terminal);
  await showFields(row, question.field, store, terminal);
  if (question.field === null) await showIdentity(row, store, terminal);
  return 0;
}

async function findIds({ db }: StoreAtHand, { type, id }: EntityQuestion): Promise<string[]> {
  const uuid = isUuid(id) ? id : null;
  if (type !== 'person') return uuid === null ? [] : [uuid];
  const keys = matchKeyKinds.flatMap((kind) => matchKeyOf(kind, id) ?? []);
  const byKey = await personsByKey(db, uuid, keys);
  return byKey.length > 0 ? byKey : personsByText(db, id);
}

function showHead(row: EntityRow, { timeText }: StoreAtHand, { print, pick }: Terminal): void {
  const name =
    row.fields.fullName ?? row.fields.name ?? [row.fields.lastName, row.fields.firstName].filter(Boolean).join(' ');
  print(`${row.type}:${row.id}${name ? `  ${String(name)}` : ''}`);
  print(
    `  ${pick(`版 ${row.version}、作成 ${timeText(row.createdAtMs)}、更新 ${timeText(row.updatedAtMs)}`, `version ${row.version}, made ${timeText(row.createdAtMs)}, changed ${timeText(row.updatedAtMs)}`)}`,
  );
  if (row.mergedInto !== null) print(`  ${pick('統合先', 'merged into')}: ${row.type}:${row.mergedInto}`);
  if (row.deletedAtMs !== null) print(`  ${pick('削除', 'deleted')}: ${timeText(row.deletedAtMs)}`);
}

async function showFields(row: EntityRow, field: string | null, store: StoreAtHand, terminal: Terminal): Promise<void> {
  const changes = Map.groupBy(await changesOfEntity(store.db, row.id, field), (one) => one.field);
  const values = { ...row.fields, ...row.custom };
  const names = field === null ? [...new Set([...Object.keys(values), ...changes.keys()])] : [field];
  for (const name of names) showField(name, row, values[name], changes.get(name) ?? [], store, terminal);
}

function showField(
  name: string,
  row: EntityRow,
  value: JsonValue | undefined,
  changes: readonly ExplainedChange[],
  store: StoreAtHand,
  { print, pick, language }: Terminal,
): void {
  const spec = entities[row.type][name];
  const label = spec && language === 'ja' ? `${name}（${spec.label.ja}）` : name;
  const text = (each: JsonValue | undefined) => valueText(each, spec?.type === 'datetime', store);
  print(`  ${label}: ${text(value)}`);
  const won = changes.findLast((one) => one.outcome === 'applied');
  const meta = row.fieldMeta[name];
  if (won) print(`      ${originText(won, store, pick)}`);
  else if (meta) {
    print(
      `      ${pick('情報源', 'from')} ${meta.source}, ${store.timeText(meta.sourceAtMs)}${meta.mappingVersion === null ? '' : `, ${pick('マッピング', 'mapping')} ${meta.mappingVersion}`}`,
    );
  } else if (value !== undefined) {
    print(`      ${pick('Musubiが算出', 'kept by Musubi itself')}`);
  }
  for (const change of changes) {
    if (change === won) continue;
    const word = change.outcome === 'applied' ? pick('以前の値', 'earlier') : pick('採用されなかった値', 'lost');
    print(`      ${word}: ${text(change.after)}  ${originText(change, store, pick)}`);
  }
}

function originText(change: ExplainedChange, { timeText }: StoreAtHand, pick: Terminal['pick']): string {
  const event = change.externalId === null ? '' : `, ${pick('イベント', 'event')} ${change.externalId}`;
  const mapping = change.mappingVersion === null ? '' : `, ${pick('マッピング', 'mapping')} ${change.mappingVersion}`;
  return `${pick('情報源', 'from')} ${change.connection}, ${timeText(change.sourceAtMs)}, ${pick('ポリシー', 'policy')} ${change.policy}${mapping}${event}`;
}

function valueText(value: JsonValue | undefined, isTime: boolean, { timeText }: StoreAtHand): string {
  if (value === undefined || value === null) return '—';
  if (isTime) {
    const at = typeof value === 'number' ? value : Date.parse(String(value));
    if (Number.isFinite(at)) return timeText(at);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function showIdentity(row: EntityRow, { db, timeText }: StoreAtHand, { print, pick }: Terminal): Promise<void> {
  const records = await recordsOfEntity(db, row.id);
  if (records.length > 0) print(pick('ツールのレコード', 'Records in the tools'));
  for (const { record, state } of records) print(`  ${record}${state === 'active' ? '' : ` (${state})`}`);
  if (row.type !== 'person') return;
  const addresses = await addressesOfPersons(db, [row.id]);
  if (addresses.length > 0) print(pick('チャネルの宛先', 'Addresses'));
  for (const { channel, scope, id, displayName, states } of addresses) {
    const follow = Object.entries(states).map(([connection, state]) => `${connection} ${state}`);
    print(
      `  ${channel}/${scope}/${id}${displayName === null ? '' : `  ${displayName}`}${follow.length > 0 ? `  ${follow.join(', ')}` : ''}`,
    );
  }
  const consents = await consentsOf(db, row.id);
  if (consents.length > 0) print(pick('同意', 'Consents'));
  for (const { channel, purpose, status, atMs, source } of consents)
    print(`  ${timeText(atMs)}  ${channel}/${purpose}: ${status}  ${source}`);
  const decisions = await identityDecisionsOf(db, row.id);
  if (decisions.length > 0) print(pick('名寄せの判断', 'Identity decisions'));
  for (const decision of decisions) {
    const other = decision.personId === row.id ? decision.otherPersonId : decision.personId;
    const more = [decision.record, other === null ? null : `person:${other}`].filter((one) => one !== null).join('  ');
    const open = decision.state === 'open' ? pick('  確認待ち', '  waits for review') : '';
    print(
      `  ${timeText(decision.atMs)}  ${decision.kind}  ${more}  ${decision.reasons.join(', ')}  (${decision.decidedBy})${open}`,
    );
  }
}
