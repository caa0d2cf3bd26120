import { RetryableError } from '#sdk';

/**
 * Ends the wait for a call when `signal` ends. LINE's SDK takes neither a signal nor a timeout, so the request itself
 * goes on; its socket is cut by the hub's process-wide undici dispatcher (headers and body timeout 10 s), which a
 * connector must not install. A late answer is dropped.
 * @throws RetryableError when the signal had ended before the call began: surely not sent.
 */
export async function withinDeadline<T>(who: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  if (signal.aborted) {
    throw new RetryableError(`[${who}] the deadline passed before the request was made: will retry`, {
      code: 'deadline_passed',
      outcome: 'not_applied',
      cause: signal.reason,
    });
  }
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([call(), ended]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
