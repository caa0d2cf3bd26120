import type { RecordPath } from '../config/record-path.ts';
import { clean, textOf } from '../model/normalise/text.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../sdk/json.ts';

/** What stands at a path of a tool's record; undefined when nothing does. Reads own properties only. */
export function readAt(data: JsonValue, path: RecordPath): JsonValue | undefined {
  let at: JsonValue | undefined = data;
  for (const step of path) {
    if (Array.isArray(at)) at = at[Number(step)];
    else if (isJsonObject(at) && Object.hasOwn(at, step)) at = at[step];
    else return undefined;
  }
  return at;
}

/** Puts a value into a record as the tool nests it; the record is changed. */
export function writeAt(record: Record<string, JsonValue>, path: RecordPath, value: JsonValue): void {
  let at: Record<string | number, unknown> = record;
  for (const [index, step] of path.slice(0, -1).entries()) {
    const next = at[step];
    const isContainer = typeof next === 'object' && next !== null;
    at[step] = isContainer ? next : typeof path[index + 1] === 'number' ? [] : {};
    at = at[step] as Record<string | number, unknown>;
  }
  at[path.at(-1) ?? ''] = value;
}

/** An id as text: a text, a number, or the `id` of an object; undefined when there is none. */
export function idOf(value: JsonValue | undefined): string | undefined {
  const scalar = isJsonObject(value) ? value.id : value;
  const id = clean(textOf(scalar) ?? '').trim();
  return id === '' ? undefined : id;
}

/** A value as a list: an array as it is, nothing as an empty one. */
export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

export type Getter = (data: JsonObject) => JsonValue | undefined;
