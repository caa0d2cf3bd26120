import { hash } from 'node:crypto';
import { stableJson } from '../model/change.ts';
import type { JsonObject } from '../sdk/json.ts';

/** What is kept of a record: its mapped fields as its tool last said them, and when. */
export interface Shadow {
  readonly modifiedAtMs: number;
  readonly fields: JsonObject;
  readonly isDeleted: boolean;
}

/**
 * The version guard: the fields of a record that say something new. A record may be partial, so a field it leaves out is
 * untouched, and of a record older than the shadow only fields count that the shadow has never had. An older deletion says
 * nothing. One time stands for the whole shadow: of partial records that arrive out of order, a field only an older one
 * changes keeps its earlier value.
 */
export function newsOf(
  given: Shadow,
  stored: Shadow | null,
): { readonly fields: JsonObject; readonly isNews: boolean } {
  if (!stored) return { fields: given.fields, isNews: true };
  const isStale = given.modifiedAtMs < stored.modifiedAtMs;
  const fields = Object.fromEntries(
    Object.entries(given.fields).filter(([name, value]) =>
      isStale ? !Object.hasOwn(stored.fields, name) : stableJson(value) !== stableJson(stored.fields[name]),
    ),
  );
  const isDeletionNew = !isStale && given.isDeleted !== stored.isDeleted;
  return { fields, isNews: isDeletionNew || Object.keys(fields).length > 0 };
}

/** The shadow after a record was read: the newer says how things are, what it left out stays as it was. */
export function mergeShadow(given: Shadow, stored: Shadow | null): Shadow {
  if (!stored) return given;
  const [older, newer] = given.modifiedAtMs < stored.modifiedAtMs ? [given, stored] : [stored, given];
  return { ...newer, fields: { ...older.fields, ...newer.fields } };
}

/** Equal for equal content, whatever the order of keys. */
export const shadowHash = ({ fields, isDeleted }: Shadow): string =>
  hash('sha256', stableJson({ fields, isDeleted }), 'base64').slice(0, 27);
