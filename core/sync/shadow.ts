import { createHash } from 'node:crypto';
import { stableJson } from '../model/change.ts';
import type { JsonObject } from '../sdk/json.ts';

/** What is kept of a record: its mapped fields as its tool last said them, and when. */
export interface Shadow {
  readonly modifiedAtMs: number;
  readonly fields: JsonObject;
  readonly isDeleted: boolean;
}

/**
 * The version guard. `stale`: older than what is stored. `same`: it says nothing that the shadow does not say; a record may
 * be partial, so a field it leaves out is untouched. `news`: anything else, equal times included.
 */
export function compareWithShadow(given: Shadow, stored: Shadow | null): 'stale' | 'same' | 'news' {
  if (!stored) return 'news';
  if (given.modifiedAtMs < stored.modifiedAtMs) return 'stale';
  const isSame =
    given.isDeleted === stored.isDeleted &&
    Object.entries(given.fields).every(([name, value]) => stableJson(value) === stableJson(stored.fields[name]));
  return isSame ? 'same' : 'news';
}

/** The shadow after a record was applied: what it left out stays as it was. */
export const mergeShadow = (given: Shadow, stored: Shadow | null): Shadow => ({
  ...given,
  fields: { ...stored?.fields, ...given.fields },
});

/** Equal for equal content, whatever the order of keys. */
export const shadowHash = ({ fields, isDeleted }: Shadow): string =>
  createHash('sha256').update(stableJson({ fields, isDeleted })).digest('base64').slice(0, 27);
