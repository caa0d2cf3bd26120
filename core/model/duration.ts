const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * A duration as operators write it in milliseconds: `500ms`, `10s`, `30m`, `48h`, `14d`, `2w`; a day is 24 hours. Undefined for
 * everything else and beyond 2^53 ms.
 */
export function parseDuration(text: unknown): number | undefined {
  const [, digits = '', unit = ''] =
    typeof text === 'string' ? (/^(\d{1,15})(ms|[smhdw])$/.exec(text.trim()) ?? []) : [];
  const ms = Number(digits) * (UNIT_MS[unit] ?? Number.NaN);
  return digits !== '' && Number.isSafeInteger(ms) ? ms : undefined;
}

/** A duration as an operator would write it, in the largest unit that fits: 172,800,000 → `2d`. Reads back with `parseDuration`. */
export function formatDuration(ms: number): string {
  const [unit, size] = Object.entries(UNIT_MS).findLast(([, unitMs]) => ms % unitMs === 0 && ms >= unitMs) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
