/**
 * The errors of the hub, sorted by what happens next. Message form: `[who] what happened: what to do`.
 * Every code stands in docs/errors.md.
 */
export type HubErrorKind = 'config' | 'auth' | 'retryable' | 'rejected';

export interface HubErrorOptions {
  /** Stable snake_case code, listed in docs/errors.md. */
  readonly code: string;
  readonly cause?: unknown;
  /** The vendor's own code or short text, kept for the operator; never a secret, never personal data. */
  readonly detail?: string;
}

export abstract class HubError extends Error {
  abstract readonly kind: HubErrorKind;
  readonly code: string;
  readonly detail: string | undefined;

  constructor(message: string, options: HubErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.detail = options.detail;
  }
}

/** Something an operator wrote is wrong: reconfigure. Never retried. */
export class ConfigError extends HubError {
  readonly kind = 'config';
}

/** The vendor refuses our credentials: reauthorise. The connection stops until then. */
export class AuthError extends HubError {
  readonly kind = 'auth';
}

/** The vendor refuses this one request for good: dead letter with its reason. */
export class RejectedError extends HubError {
  readonly kind = 'rejected';
}

export interface RetryableErrorOptions extends HubErrorOptions {
  /** How long the vendor asked us to wait, in milliseconds; undefined when it did not say. */
  readonly retryAfterMs?: number | undefined;
  /**
   * Whether the request may have taken effect at the vendor. `not_applied`: surely not (refused before work began,
   * e.g. 429 or a connection that was never made). `unknown`: the answer was lost (timeout, reset, 5xx).
   */
  readonly outcome: 'not_applied' | 'unknown';
}

/** It may work later: retry by the rule of the effect's class (docs/delivery.md). */
export class RetryableError extends HubError {
  readonly kind = 'retryable';
  readonly retryAfterMs: number | undefined;
  readonly outcome: 'not_applied' | 'unknown';

  constructor(message: string, options: RetryableErrorOptions) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
    this.outcome = options.outcome;
  }
}
