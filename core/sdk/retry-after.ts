/**
 * Reads a Retry-After header: seconds or an HTTP date, in milliseconds from `nowMs`; undefined when absent or unreadable.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAfterMs(header: string | null | undefined, nowMs: number = Date.now()): number | undefined {
  if (header === null || header === undefined || header.trim() === '') return undefined;
  const ms = Number(header) * 1000;
  if (Number.isFinite(ms)) return Math.max(0, ms);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
