import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/** HMAC-SHA256 of `data` under `secret` in the given encoding. */
export function hmacSha256(secret: string, data: string | Buffer, encoding: 'hex' | 'base64'): string {
  return createHmac('sha256', secret).update(data).digest(encoding);
}

/**
 * Compares two strings in time that does not depend on where they differ. Both are hashed first, so different lengths
 * take the same path as equal ones.
 */
export function safeEqual(given: string, expected: string): boolean {
  const left = hash('sha256', given, 'buffer');
  const right = hash('sha256', expected, 'buffer');
  return timingSafeEqual(left, right);
}

/** True when a signed time (epoch seconds) is within the window of `now`, in either direction. */
export function isWithinWindow(signedSeconds: number, nowMs: number, windowSeconds = 300): boolean {
  return Number.isFinite(signedSeconds) && Math.abs(nowMs / 1000 - signedSeconds) <= windowSeconds;
}
