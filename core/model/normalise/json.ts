import type { JsonValue } from '../../sdk/json.ts';
import { clean } from './text.ts';

/** Deeper than any vendor nests; guards the stack. */
const MAX_DEPTH = 64;

/**
 * A JSON value PostgreSQL can hold: texts cleaned (no NUL, no lone surrogates), no `undefined`, no NaN. Undefined when the value is
 * no JSON at all or nested deeper than 64. Idempotent; never throws.
 */
export function normaliseJson(raw: unknown, depth = 0): JsonValue | undefined {
  if (typeof raw === 'string') return clean(raw);
  if (raw === null || typeof raw === 'boolean') return raw;
  if (typeof raw === 'number') return Number.isFinite(raw) ? raw : undefined;
  if (typeof raw !== 'object' || depth >= MAX_DEPTH) return undefined;
  if (Array.isArray(raw)) {
    // Array.from also visits holes, which map would leave in place.
    return Array.from(raw, (item) => normaliseJson(item, depth + 1) ?? null);
  }
  return Object.fromEntries(
    Object.entries(raw).flatMap(([key, value]) => {
      const cleaned = normaliseJson(value, depth + 1);
      return cleaned === undefined ? [] : [[clean(key), cleaned]];
    }),
  );
}
