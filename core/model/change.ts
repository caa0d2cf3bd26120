import type { JsonValue } from '../sdk/json.ts';
import type { EntityType, FieldSpec } from './field-spec.ts';
import { keyOfAddress } from './normalise/address.ts';
import { compareCompanies } from './normalise/company.ts';
import type { NormaliseContext } from './normalise/context.ts';
import { normaliseJson } from './normalise/json.ts';
import { keyOfName } from './normalise/name.ts';
import { isBlank, normaliseValue } from './normalise/value.ts';

/** One committed difference of an entity. A missing `before` or `after` is a blank. */
export interface Change {
  readonly entity: EntityType;
  /** The entity's id. */
  readonly id: string;
  readonly field: string;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
  /** The connection that said so, or `musubi` for what the hub decided itself. */
  readonly source: string;
  /** When it was modified at the source, epoch ms. */
  readonly sourceAtMs: number;
  /** When the hub committed it, epoch ms. */
  readonly atMs: number;
  /** The entity's version after it. */
  readonly version: number;
  /** Version of the mapping that read the value. */
  readonly mappingVersion?: string;
}

/**
 * True when two values of a field differ after normalisation (P3): names by NFKC, 異体字 and blanks, phones by E.164, e-mail by case and
 * blanks, companies by 法人格, other texts by width and blanks. Blanks are equal to each other. Either side may be raw or canonical.
 * Symmetric; never throws. Not transitive for companies: 山田 equals 株式会社山田 and 有限会社山田, which differ.
 */
export function differs(left: unknown, right: unknown, spec: FieldSpec, context: NormaliseContext = {}): boolean {
  if (isBlank(left) || isBlank(right)) return isBlank(left) !== isBlank(right);
  const [a, b] = [normaliseValue(left, spec, context), normaliseValue(right, spec, context)];
  // What cannot be read is only equal to itself: a broken value is not to hide behind another broken one.
  if (a === undefined || b === undefined)
    return a !== b || stableJson(normaliseJson(left)) !== stableJson(normaliseJson(right));
  return !isSame(a, b, spec);
}

function isSame(a: JsonValue, b: JsonValue, { type, format }: FieldSpec): boolean {
  if (type !== 'string' && type !== 'text') return stableJson(a) === stableJson(b);
  if (a === b) return true;
  if (format === 'company_name') return compareCompanies(a, b) !== undefined;
  const keyOf = format === 'person_name' ? keyOfName : format === 'address' ? keyOfAddress : keyOfText;
  const key = keyOf(a);
  return key !== undefined && key === keyOf(b);
}

/** Texts keep their case: `iot` → `IoT` is an edit. Line ends and runs of blanks are not. */
const keyOfText = (text: JsonValue): string | undefined =>
  typeof text === 'string' ? text.normalize('NFKC').replace(/\s+/gu, ' ').trim() : undefined;

/** JSON with sorted keys, so that the order a tool writes them in does not count. */
export function stableJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? ''
  );
}
