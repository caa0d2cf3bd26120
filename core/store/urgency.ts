import { AsyncLocalStorage } from 'node:async_hooks';

/** Who goes first on the embedded store: a webhook's commit, then the work on it, then reports and upkeep. */
export type Urgency = 'ingest' | 'apply' | 'report';

export const URGENCIES: readonly Urgency[] = ['ingest', 'apply', 'report'];

const urgency = new AsyncLocalStorage<Urgency>();

/**
 * Runs `work` with that urgency for every connect() and pool query it makes. PostgreSQL serves its clients side by
 * side, so there it changes nothing.
 */
export const withUrgency = <T>(level: Urgency, work: () => T): T => urgency.run(level, work);

/** Default `apply`. */
export const currentUrgency = (): Urgency => urgency.getStore() ?? 'apply';
