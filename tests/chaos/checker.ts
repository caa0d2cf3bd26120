/** One event a sender was told 2xx for, and what must follow from it. */
export interface AckedEvent {
  readonly connection: string;
  /** Its dedup key. */
  readonly key: string;
  /** Stands in the text of the activity it makes; null for an event that makes none. */
  readonly tag: string | null;
  readonly expects: readonly Expected[];
  /** The value it gives to a record, when it changes one. */
  readonly sets: { readonly record: string; readonly version: number } | null;
}

export type EffectClass = 'A' | 'B' | 'C' | 'D';

export interface Expected {
  /** Stands in the text of the effect, e.g. `order:e12`. */
  readonly mark: string;
  readonly class: EffectClass;
}

export interface InboxFact {
  readonly connection: string;
  readonly key: string;
  readonly state: string;
  readonly reason: string | null;
}

export interface EffectFact {
  readonly key: string;
  readonly mark: string | null;
  readonly class: EffectClass;
  readonly state: string;
  readonly code: string | null;
  readonly reason: string | null;
}

/** A committed change of the watched field, in commit order. */
export interface ChangeFact {
  readonly record: string;
  readonly version: number;
}

/** Everything both sides know when all is quiet. */
export interface History {
  readonly acked: readonly AckedEvent[];
  /** Marks that may appear: of every event ever sent, acked or not. */
  readonly sentMarks: ReadonlySet<string>;
  readonly inbox: readonly InboxFact[];
  /** Tags of inbound activities, one per row. */
  readonly activityTags: readonly string[];
  readonly effects: readonly EffectFact[];
  readonly changes: readonly ChangeFact[];
  /** Record → the version it has now. */
  readonly current: ReadonlyMap<string, number>;
  /** Marks of the writes the tools took, one per write. */
  readonly seen: readonly string[];
}

export interface Violation {
  /** The sentence of docs/delivery.md that does not hold. */
  readonly rule: 'C1' | 'C2' | 'C3' | 'C4';
  readonly what: string;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  /** Class D effects whose outcome is not certain, each with its reason: allowed, but shown. */
  readonly listed: readonly EffectFact[];
  readonly counts: {
    readonly acked: number;
    readonly effects: number;
    readonly seen: number;
    readonly lost: number;
    readonly double: number;
  };
}

const TERMINAL = new Set(['applied', 'superseded', 'skipped', 'dead']);
const ENDED = new Set(['confirmed', 'replaced', 'suppressed', 'unknown', 'dead']);

/** Compares what the senders and the tools saw with what the hub wrote down. Pure; finds nothing only when all holds. */
export function check(history: History): Verdict {
  const listed: EffectFact[] = [];
  const seen = countOf(history.seen);
  const violations = [
    ...checkInbox(history),
    ...checkActivities(history),
    ...checkEffects(history, seen, listed),
    ...checkOrder(history),
  ];
  const lost = violations.filter((one) => one.what.startsWith('lost')).length;
  const double = violations.filter((one) => one.what.startsWith('double')).length;
  const { acked, effects } = history;
  return {
    violations,
    listed,
    counts: { acked: acked.length, effects: effects.length, seen: history.seen.length, lost, double },
  };
}

/** C1: acked ⊆ stored, once. C2: all rows are terminal. */
function checkInbox({ acked, inbox }: History): Violation[] {
  const rows = groupBy(inbox, (one) => `${one.connection}\n${one.key}`);
  const found: Violation[] = [];
  for (const { connection, key } of acked) {
    const own = rows.get(`${connection}\n${key}`) ?? [];
    if (own.length === 0) found.push({ rule: 'C1', what: `lost: ${connection} ${key} was acked and has no inbox row` });
    for (const { state, reason } of own) {
      if (state === 'skipped' || state === 'dead')
        found.push({ rule: 'C2', what: `lost: ${connection} ${key} is ${state} (${reason})` });
    }
  }
  for (const [name, own] of rows) {
    if (own.length > 1) found.push({ rule: 'C1', what: `double: ${own.length} inbox rows of ${name}` });
    for (const { state } of own) {
      if (!TERMINAL.has(state)) found.push({ rule: 'C2', what: `not done: ${name} is ${state}` });
    }
  }
  return found;
}

/** C2: what was applied is there, once. */
function checkActivities({ acked, activityTags }: History): Violation[] {
  const tags = countOf(activityTags);
  return acked.flatMap(({ tag }): Violation[] => {
    const count = tag === null ? 1 : (tags.get(tag) ?? 0);
    if (count === 1) return [];
    return [
      { rule: 'C2', what: count === 0 ? `lost: no activity of ${tag}` : `double: ${count} activities of ${tag}` },
    ];
  });
}

/** C3: one effect per key, and one result of it at the tool; at most one for class D, and then listed. */
function checkEffects(history: History, seen: ReadonlyMap<string, number>, listed: EffectFact[]): Violation[] {
  const found: Violation[] = [];
  const c3 = (what: string) => found.push({ rule: 'C3', what });
  const byMark = groupBy(history.effects, (one) => one.mark ?? '');
  for (const [key, own] of groupBy(history.effects, (one) => one.key)) {
    if (own.length > 1) c3(`double: ${own.length} effects with the key ${key}`);
  }
  for (const { key, mark, state, code, reason } of history.effects) {
    if (mark === null) c3(`lost: the effect ${key} says nothing of its cause: ${state} (${code}: ${reason})`);
    if (!ENDED.has(state)) c3(`not done: the effect ${key} is left ${state}`);
    if ((state === 'dead' || state === 'unknown') && !reason)
      c3(`not said: the effect ${key} is ${state} without a reason`);
  }
  for (const { mark, class: effectClass } of history.acked.flatMap((one) => one.expects)) {
    const own = byMark.get(mark) ?? [];
    const count = seen.get(mark) ?? 0;
    if (own.length === 0) c3(`lost: no effect was planned for ${mark}`);
    if (count > 1) c3(`double: ${mark} (class ${effectClass}) was seen ${count} times`);
    const confirmed = own.find((one) => one.state === 'confirmed');
    if (confirmed && count === 0) c3(`lost: ${mark} is confirmed and no tool has seen it`);
    if (confirmed || own.length === 0) continue;
    const open = own.filter((one) => one.class === 'D' && (one.state === 'unknown' || one.state === 'dead'));
    if (open.length > 0) listed.push(...open);
    else
      c3(`lost: ${mark} (class ${effectClass}) ended ${own.map((one) => `${one.state} ${one.code ?? ''}`).join(', ')}`);
  }
  for (const mark of seen.keys()) {
    if (!history.sentMarks.has(mark)) c3(`invented: ${mark} was seen and nobody sent its cause`);
  }
  return found;
}

/** C4: a record's changes only go forward, and end at the newest acked value. */
function checkOrder({ acked, changes, current }: History): Violation[] {
  const found: Violation[] = [];
  for (const [record, own] of groupBy(changes, (one) => one.record)) {
    own.forEach(({ version }, at) => {
      const before = own[at - 1]?.version ?? Number.NEGATIVE_INFINITY;
      if (version <= before) found.push({ rule: 'C4', what: `order: ${record} went from ${before} to ${version}` });
    });
  }
  const newest = new Map<string, number>();
  for (const { sets } of acked) if (sets) newest.set(sets.record, Math.max(sets.version, newest.get(sets.record) ?? 0));
  for (const [record, version] of newest) {
    const is = current.get(record);
    if (is === undefined || is < version)
      found.push({ rule: 'C4', what: `lost: ${record} is at ${is}, acked was ${version}` });
  }
  return found;
}

function countOf(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const own = groups.get(key);
    if (own) own.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
