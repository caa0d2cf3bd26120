import { Optional } from '@marcbachmann/cel-js';
import type { FieldSpecs, FieldType } from '../model/entities.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../sdk/json.ts';

/** Lists run oldest to newest; more than the newest thousand are not looked at, so that one pass stays near 1 ms. */
export const MAX_LIST = 1_000;
/** Longest text an expression that walks lists looks at. */
export const MAX_TEXT = 10_000;
/** Most values and characters one expression may hand back. */
const MAX_RESULT = 200_000;

/** A record whose declared fields all exist: what is not known is null, a decimal or an amount of money is a number. */
export function recordClass(fields: FieldSpecs, extra: (raw: JsonObject, name: string) => JsonValue | undefined) {
  return class CanonicalRecord extends Map<string, JsonValue> {
    readonly raw: JsonObject;

    constructor(raw: JsonObject) {
      super();
      this.raw = raw;
    }

    override get(name: string): JsonValue {
      const value = Object.hasOwn(this.raw, name) ? this.raw[name] : extra(this.raw, name);
      return comparable(value ?? null, fields[name]?.type);
    }
  };
}

function comparable(value: JsonValue, type: FieldType | undefined): JsonValue {
  if (type === 'money' && isJsonObject(value)) return comparable(value.amount ?? null, 'decimal');
  if (type !== 'decimal' || typeof value !== 'string') return value;
  const number = Number(value);
  return value.trim() === '' || Number.isNaN(number) ? null : number;
}

/** What CEL handed back as JSON; undefined when it is absent. @throws RangeError when it is too large or has no JSON form. */
export function jsonOf(value: unknown): JsonValue | undefined {
  let left = MAX_RESULT;
  const spend = (amount: number): void => {
    left -= amount;
    if (left < 0) throw new RangeError('the result is too large');
  };
  const visit = (item: unknown): JsonValue | undefined => {
    spend(1);
    if (item === null || typeof item === 'boolean') return item;
    if (typeof item === 'string') {
      spend(item.length);
      return item;
    }
    if (typeof item === 'bigint') return Number.isSafeInteger(Number(item)) ? Number(item) : String(item);
    if (typeof item === 'number') {
      if (Number.isFinite(item)) return item;
      throw new RangeError('the result is not a finite number');
    }
    if (item instanceof Optional) return item.hasValue() ? visit(item.value()) : undefined;
    if (Array.isArray(item)) return item.map(visit).filter((each) => each !== undefined);
    if (item instanceof Map) return visit((item as { raw?: JsonObject }).raw ?? Object.fromEntries(item));
    if (isJsonObject(item) && isPlain(item)) {
      const entries = Object.entries(item).map(([key, each]) => [key, visit(each)] as const);
      return Object.fromEntries(entries.filter(([, each]) => each !== undefined)) as JsonObject;
    }
    throw new RangeError('the result is not data');
  };
  return visit(value);
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
};

export interface Capped<T> {
  readonly value: T;
  readonly isCut: boolean;
}

/** The same data with long lists cut to their newest items and long texts to their beginning; not copied when nothing is too long. */
export function cap<T extends JsonValue>(data: T): Capped<T> {
  let isCut = false;
  const visit = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') return value.length > MAX_TEXT ? cut(value.slice(0, MAX_TEXT)) : value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const kept = value.length > MAX_LIST ? cut(value.slice(-MAX_LIST)) : value;
      const items = kept.map(visit);
      return items.every((item, index) => item === kept[index]) ? kept : items;
    }
    return visitObject(value as JsonObject);
  };
  const visitObject = (object: JsonObject): JsonObject => {
    const entries = Object.entries(object);
    const kept = entries.length > MAX_LIST ? cut(entries.slice(-MAX_LIST)) : entries;
    const visited = kept.map(([key, item]) => [key, visit(item)] as const);
    const isSame = kept === entries && visited.every(([key, item]) => item === object[key]);
    return isSame ? object : Object.fromEntries(visited);
  };
  const cut = <C>(value: C): C => {
    isCut = true;
    return value;
  };
  return { value: visit(data) as T, isCut };
}
