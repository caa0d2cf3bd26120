import type { CompiledExpression, MappingScope } from '../config/expressions.ts';
import type { Conversion, FieldMapping } from '../config/mapping-schema.ts';
import { readPath } from '../config/record-path.ts';
import type { Calendar } from '../model/calendar.ts';
import type { FieldSpec, FieldType } from '../model/entities.ts';
import { normaliseJson } from '../model/normalise/json.ts';
import { readLostReason } from '../model/normalise/lost-reason.ts';
import { clean } from '../model/normalise/text.ts';
import { isBlank, normaliseValue } from '../model/normalise/value.ts';
import type { JsonObject, JsonValue } from '../sdk/json.ts';
import { readAt } from './read-value.ts';

/** Where and when a record comes from. */
export interface RecordContext {
  readonly connection: string;
  readonly remoteId: string;
  readonly modifiedAtMs: number;
  /** Zone of dates and times the tool writes without one. */
  readonly timeZone: string;
}

/** Why a field was held. The record goes on without it. */
export interface FieldProblem {
  readonly field: string;
  /** `unreadable_value`, `unknown_code` (skipped), `refused_code` (onUnknown: error), `expression_failed`. */
  readonly code: 'unreadable_value' | 'unknown_code' | 'refused_code' | 'expression_failed';
  /** Without the value itself, which may be personal. */
  readonly message: string;
  readonly raw: JsonValue;
}

/** Absent: untouched. null: blank. */
export type FieldResult = { readonly value?: JsonValue; readonly problem?: FieldProblem };

export type FieldReader = (data: JsonObject, context: RecordContext) => FieldResult;

export interface FieldInput {
  readonly name: string;
  readonly field: FieldMapping;
  readonly spec: FieldSpec;
  readonly expression: CompiledExpression<MappingScope> | undefined;
  readonly calendar: Calendar;
}

const ABSENT: FieldResult = {};
const BLANK: FieldResult = { value: null };

/** Compiles one field of a mapping; undefined when it only goes outward. */
export function compileField(input: FieldInput): FieldReader | undefined {
  const source = compileSource(input);
  if (!source) return undefined;
  const { name, field, spec } = input;
  // A lost deal is only revived with a reason: what is not understood is `other`, its text stays in lostReasonText.
  const isFreeReason = name === 'lostReason';
  // An empty group is a value of a json field: it says that there are no details.
  const isEmpty = (raw: JsonValue): boolean =>
    isBlank(raw) && !(spec.type === 'json' && typeof raw === 'object' && raw !== null);
  const translate =
    field.values === undefined
      ? undefined
      : compileValues(field, field.onUnknown ?? (isFreeReason ? 'keep_raw' : 'skip'));
  const byType = compileConversion(field, spec);
  const convert: typeof byType = (raw, context) =>
    byType(raw, context) ?? (isFreeReason ? readLostReason(raw)?.lostReason : undefined);
  const held = (code: FieldProblem['code'], message: string, raw: JsonValue): FieldResult => ({
    problem: { field: name, code, message, raw: shortened(raw) },
  });
  return (data, context) => {
    const found = source(data, context);
    if (found.failed !== undefined) return held('expression_failed', found.failed, null);
    const raw = found.value;
    if (raw === undefined) return ABSENT;
    if (isEmpty(raw)) return BLANK;
    const coded = translate ? translate(raw) : { value: raw };
    if ('unknown' in coded) return held(coded.code, 'the value stands in no line of values:', raw);
    if (isEmpty(coded.value)) return BLANK;
    const value = convert(coded.value, context);
    if (value !== undefined) return { value };
    return held('unreadable_value', `the value is no ${spec.type}${spec.values ? ' this field has' : ''}`, raw);
  };
}

type Found = { readonly value: JsonValue | undefined; readonly failed?: string };

function compileSource({
  field,
  expression,
  calendar,
}: FieldInput): ((data: JsonObject, context: RecordContext) => Found) | undefined {
  if (expression) {
    return (r, { modifiedAtMs }) => {
      const { value, isFailed, reason } = expression.run({ r }, { nowMs: modifiedAtMs, calendar });
      return isFailed ? { value: undefined, failed: reason ?? 'cannot be computed' } : { value };
    };
  }
  if (field.const !== undefined) {
    const value = field.const as JsonValue;
    return () => ({ value });
  }
  const path = field.at === undefined ? undefined : readPath(field.at);
  return path && ((data) => ({ value: readAt(data, path) }));
}

type Coded =
  | { readonly value: JsonValue }
  | { readonly unknown: JsonValue; readonly code: 'unknown_code' | 'refused_code' };

/** `values:`; a list is translated item by item. */
function compileValues(
  { values = {} }: FieldMapping,
  onUnknown: 'keep_raw' | 'skip' | 'error',
): (raw: JsonValue) => Coded {
  const codes = new Map(Object.entries(values).map(([raw, code]) => [keyOf(raw), code]));
  const one = (raw: JsonValue): Coded => {
    const code = codes.get(keyOf(raw));
    if (code !== undefined) return { value: code };
    if (onUnknown === 'keep_raw') return { value: raw };
    return { unknown: raw, code: onUnknown === 'error' ? 'refused_code' : 'unknown_code' };
  };
  return (raw) => {
    if (!Array.isArray(raw)) return one(raw);
    const items = raw.map(one);
    const known = items.flatMap((item) => ('value' in item && item.value !== null ? [item.value] : []));
    return items.find((item) => 'unknown' in item) ?? { value: known };
  };
}

const keyOf = (raw: JsonValue): string =>
  (typeof raw === 'string' ? raw : JSON.stringify(raw)).trim().normalize('NFKC');

const SPEC_OF: Readonly<Record<Conversion, Pick<FieldSpec, 'type' | 'format'>>> = {
  text: { type: 'text' },
  email: { type: 'email' },
  phone: { type: 'phone' },
  kana: { type: 'string', format: 'kana' },
  name: { type: 'string', format: 'person_name' },
  postalCode: { type: 'string', format: 'postal_code' },
  date: { type: 'date' },
  datetime: { type: 'datetime' },
  int: { type: 'int' },
  decimal: { type: 'decimal' },
  money: { type: 'money' },
  bool: { type: 'bool' },
  url: { type: 'url' },
  enum: { type: 'enum' },
  enumSet: { type: 'enumSet' },
  json: { type: 'json' },
};

/** By `as:` first, then by the field's own type: what is stored always has the form of the field. */
function compileConversion({ as, currency }: FieldMapping, spec: FieldSpec) {
  const first: FieldSpec | undefined = as && { ...SPEC_OF[as], label: spec.label };
  return (raw: JsonValue, { timeZone }: RecordContext): JsonValue | undefined => {
    const context = { timeZone, currency };
    const value = first ? normaliseValue(raw, first, context) : raw;
    return normaliseValue(value, spec, context);
  };
}

/** A canonical value as tools take it: instants as ISO 8601, numbers as numbers where that is exact. */
export function outward(value: JsonValue, type: FieldType): JsonValue {
  if (value === null) return null;
  if (type === 'datetime' && typeof value === 'number') return new Date(value).toISOString();
  if (type === 'money') return outward(moneyAmount(value), 'decimal');
  if (type === 'decimal' && typeof value === 'string') return String(Number(value)) === value ? Number(value) : value;
  return value;
}

const moneyAmount = (value: JsonValue): JsonValue => (value as { amount?: JsonValue }).amount ?? null;

/**
 * `values:` the other way round; of several raw values for one code the first written. A code the tool has no word for is
 * undefined: it is not written, unless `onUnknown: keep_raw` says that the tool takes any.
 */
export function reverseValues({ values, onUnknown }: FieldMapping): (value: JsonValue) => JsonValue | undefined {
  if (!values) return (value) => value;
  const raws = new Map<string, string>();
  for (const [raw, code] of Object.entries(values)) if (!raws.has(keyOf(code))) raws.set(keyOf(code), raw);
  const one = (value: JsonValue): JsonValue | undefined =>
    raws.get(keyOf(value)) ?? (onUnknown === 'keep_raw' ? value : undefined);
  return (value) => {
    if (value === null) return null;
    return Array.isArray(value) ? value.map(one).filter((item) => item !== undefined) : one(value);
  };
}

const MAX_RAW = 1_000;

/** Enough to see what was there; whole records stay with their source. */
function shortened(raw: JsonValue): JsonValue {
  const value = normaliseJson(raw) ?? null;
  const text = JSON.stringify(value);
  return text.length <= MAX_RAW ? value : clean(text.slice(0, MAX_RAW));
}
