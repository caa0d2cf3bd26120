import { AuthError, HubError, RejectedError, RetryableError } from './errors.ts';
import { retryAfterMs } from './retry-after.ts';

/** Every outward call ends by then (docs/delivery.md: less than the lease). */
export const CALL_DEADLINE_MS = 10_000;

/**
 * The error kind of an HTTP status, for vendors that use statuses in their standard meaning. 401 and 403 are about our
 * credentials; 408, 425 and 5xx leave the outcome unknown; 429 was surely not applied; other 4xx are final.
 */
export function errorOfStatus(who: string, status: number, retryAfter?: string | null, detail?: string): HubError {
  const more = detail === undefined ? {} : { detail };
  if (status === 401)
    return new AuthError(`[${who}] the tool refuses our credentials (401): renew them`, {
      code: 'unauthorized',
      ...more,
    });
  if (status === 403)
    return new AuthError(`[${who}] the tool forbids this call (403): check scopes and plan`, {
      code: 'forbidden',
      ...more,
    });
  if (status === 429) {
    return new RetryableError(`[${who}] rate limited (429): will retry`, {
      code: 'rate_limited',
      outcome: 'not_applied',
      retryAfterMs: retryAfterMs(retryAfter),
      ...more,
    });
  }
  if (status >= 500 || status === 408 || status === 425) {
    return new RetryableError(`[${who}] the tool answered ${status}: will retry`, {
      code: 'vendor_unavailable',
      outcome: 'unknown',
      retryAfterMs: retryAfterMs(retryAfter),
      ...more,
    });
  }
  return new RejectedError(`[${who}] the tool refuses the request (${status}): see the detail`, {
    code: 'refused',
    ...more,
  });
}

/**
 * The error kind of a call that brought no answer. A connection that was never made is `not_applied`, everything else
 * (timeout, reset, unreadable answer) is `unknown`. A HubError passes through.
 */
export function errorOfFailure(who: string, error: unknown): HubError {
  if (error instanceof HubError) return error;
  const code = causeCode(error);
  const isNeverSent =
    code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'UND_ERR_CONNECT_TIMEOUT';
  return new RetryableError(`[${who}] no readable answer (${code}): will retry`, {
    code: isNeverSent ? 'vendor_unreachable' : 'answer_lost',
    outcome: isNeverSent ? 'not_applied' : 'unknown',
    cause: error,
    detail: code,
  });
}

function causeCode(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string') return code;
    if (at.name === 'TimeoutError' || at.name === 'AbortError') return at.name;
  }
  return error instanceof Error ? error.name : 'unknown';
}
