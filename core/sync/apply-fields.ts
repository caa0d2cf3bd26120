import type { PolicyRule } from '../config/workspace.ts';
import { differs } from '../model/change.ts';
import type { FieldSpec } from '../model/entities.ts';
import { isBlank } from '../model/normalise/value.ts';
import type { JsonValue } from '../sdk/json.ts';
import type { EntityRow, FieldMeta } from '../store/entities.ts';

/** Where the values come from. `rank` is the connection's place in musubi.yaml: the earlier wins equal instants. */
export interface ApplySource {
  readonly connection: string;
  readonly rank: number;
  readonly sourceAtMs: number;
  readonly nowMs: number;
  readonly mappingVersion: string;
}

export interface FieldOutcome {
  readonly field: string;
  readonly before: JsonValue;
  readonly after: JsonValue;
  readonly outcome: 'applied' | 'lost';
  /** The policy line that decided, e.g. `person.phone: newest`. */
  readonly policy: string;
}

export interface FieldRules {
  readonly specOf: (field: string) => FieldSpec | undefined;
  readonly isCustom: (field: string) => boolean;
  readonly policyOf: (field: string) => PolicyRule;
  readonly rankOf: (connection: string) => number;
}

/**
 * Applies mapped values to an entity by the policy of each field. An absent field is untouched, null is a blank; equal
 * after normalisation is equal. Values that lose are returned, so that they can be kept. Pure.
 */
export function applyFields(
  row: EntityRow,
  values: Readonly<Record<string, JsonValue>>,
  source: ApplySource,
  rules: FieldRules,
): { row: EntityRow; outcomes: FieldOutcome[] } {
  const fields: Record<string, JsonValue> = { ...row.fields };
  const custom: Record<string, JsonValue> = { ...row.custom };
  const fieldMeta: Record<string, FieldMeta> = { ...row.fieldMeta };
  const outcomes: FieldOutcome[] = [];
  let isTouched = false;

  for (const [field, given] of Object.entries(values)) {
    const spec = rules.specOf(field);
    if (!spec) continue;
    const holder = rules.isCustom(field) ? custom : fields;
    const before = holder[field] ?? null;
    const meta = fieldMeta[field];
    const policy = rules.policyOf(field);
    const after = merged(policy, before, given);
    const isSame = !differs(before, after, spec);
    const isApplied = decide(policy, before, after, source, meta, rules.rankOf);
    if (!isSame) {
      outcomes.push({
        field,
        before,
        after,
        outcome: isApplied ? 'applied' : 'lost',
        policy: `${row.type}.${field}: ${policy.rule}`,
      });
      if (isApplied && after === null) delete holder[field];
      else if (isApplied) holder[field] = after;
    }
    // an equal value said later counts from then on: whichever tool is read first must not decide
    if (isApplied || (isSame && after !== null && isNewer(source, meta, rules.rankOf))) {
      fieldMeta[field] = {
        source: source.connection,
        sourceAtMs: source.sourceAtMs,
        observedAtMs: source.nowMs,
        mappingVersion: source.mappingVersion,
      };
      isTouched = true;
    }
  }
  const isChanged = outcomes.some((one) => one.outcome === 'applied');
  const changed = isChanged ? { ...row, fields, custom, version: row.version + 1, updatedAtMs: source.nowMs } : row;
  return { row: isTouched ? { ...changed, fieldMeta } : changed, outcomes };
}

/** `union` adds to what is there; every other policy takes the value whole. A blank text is a blank. */
function merged(policy: PolicyRule, before: JsonValue, given: JsonValue): JsonValue {
  const after = isBlank(given) ? null : given;
  if (policy.rule !== 'union' || !Array.isArray(before) || !Array.isArray(after)) return after;
  return [...new Set([...before, ...after])].sort();
}

function decide(
  policy: PolicyRule,
  before: JsonValue,
  after: JsonValue,
  source: ApplySource,
  meta: FieldMeta | undefined,
  rankOf: (connection: string) => number,
): boolean {
  if (after === null && (policy.onBlank !== 'clear' || policy.rule === 'max' || policy.rule === 'min')) return false;
  if (meta === undefined) return policy.rule !== 'owner' || policy.owner === source.connection || before === null;
  switch (policy.rule) {
    case 'owner':
      return policy.owner === source.connection;
    case 'priority':
      return (
        placeOf(policy, source.connection) < placeOf(policy, meta.source) ||
        (source.connection === meta.source && isNewer(source, meta, rankOf))
      );
    case 'fill_blank':
      return before === null;
    case 'first':
    case 'ask':
      return false;
    case 'max':
      return before === null || compareValues(after, before) > 0;
    case 'min':
      return before === null || compareValues(after, before) < 0;
    case 'union':
      return true;
    case 'strictest':
      return (
        strictness(after) > strictness(before) ||
        (strictness(after) === strictness(before) && isNewer(source, meta, rankOf))
      );
    default:
      return isNewer(source, meta, rankOf);
  }
}

/** Later, or at the same instant from a connection that stands no later in musubi.yaml. */
const isNewer = (source: ApplySource, meta: FieldMeta | undefined, rankOf: (connection: string) => number): boolean =>
  meta === undefined ||
  source.sourceAtMs > meta.sourceAtMs ||
  (source.sourceAtMs === meta.sourceAtMs && source.rank <= rankOf(meta.source));

/** How much a value forbids: a withdrawal or a "do not" more than a permission. */
const strictness = (value: JsonValue): number => {
  if (value === true || value === 'withdrawn' || value === 'denied') return 2;
  return value === false || value === 'granted' ? 0 : 1;
};

const placeOf = (policy: PolicyRule, connection: string) => {
  const at = policy.priority?.indexOf(connection) ?? -1;
  return at < 0 ? Number.MAX_SAFE_INTEGER : at;
};

const compareValues = (left: JsonValue, right: JsonValue): number => {
  const [a, b] = [Number(left), Number(right)];
  if (Number.isFinite(a) && Number.isFinite(b)) return a - b;
  return String(left) < String(right) ? -1 : Number(String(left) > String(right));
};
