import type { EffectClass } from '../sdk/action.ts';
import { errorOfFailure } from '../sdk/http.ts';
import type { EffectResult, EffectRow } from '../store/effects.ts';

const HOUR_MS = 3_600_000;

/**
 * How long an effect is tried, counted from its planning by the workspace clock. B: the vendor keeps retry keys for 24 h,
 * an hour is left in hand. D: a LINE reply token lives one minute.
 */
const PATIENCE_MS: Readonly<Record<EffectClass, number>> = {
  A: 24 * HOUR_MS,
  B: 23 * HOUR_MS,
  C: 24 * HOUR_MS,
  D: 50_000,
};
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5 * 60_000;

/** The pause before the next attempt: doubling from 1 s to 5 min, with the vendor's own wish as the least. */
export function pauseMs(attempts: number, retryAfterMs: number | undefined, jitter: number): number {
  const backoff = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, attempts - 1));
  return Math.max(Math.round(backoff * (0.75 + 0.5 * jitter)), retryAfterMs ?? 0);
}

export interface FailureContext {
  readonly connector: string;
  readonly nowMs: number;
  /** Random in [0, 1). */
  readonly jitter: number;
}

/** What becomes of an effect whose attempt failed: retried, dead, or listed as unknown. Pure. */
export function resultOfFailure(
  effect: EffectRow,
  error: unknown,
  context: FailureContext,
): EffectResult & { readonly isAuth: boolean; readonly pauseMs: number | null } {
  const failure = errorOfFailure(effect.connection, error);
  const isUnknown =
    effect.isAfterUnknown || (failure.kind === 'retryable' && 'outcome' in failure && failure.outcome === 'unknown');
  const base = {
    id: effect.id,
    fence: effect.fence,
    result: null,
    code: failure.code,
    reason: failure.detail === undefined ? failure.message : `${failure.message} (${failure.detail})`,
    isAfterUnknown: isUnknown,
    isAuth: failure.kind === 'auth',
  };
  const nowAt = new Date(context.nowMs).toISOString();
  if (failure.kind === 'rejected' || failure.kind === 'config')
    return { ...base, state: 'dead', dueAt: nowAt, pauseMs: null };

  const retryAfter =
    'retryAfterMs' in failure && typeof failure.retryAfterMs === 'number' ? failure.retryAfterMs : undefined;
  const wait = pauseMs(effect.attempts, retryAfter, context.jitter);
  const isOverdue = context.nowMs + wait - effect.plannedAtMs > PATIENCE_MS[effect.class];
  if (isOverdue) return { ...base, state: isUnknown ? 'unknown' : 'dead', dueAt: nowAt, pauseMs: null };
  const pausesConnection = failure.code === 'rate_limited' || failure.kind === 'auth';
  return {
    ...base,
    state: 'planned',
    dueAt: new Date(context.nowMs + wait).toISOString(),
    pauseMs: pausesConnection ? wait : null,
  };
}
