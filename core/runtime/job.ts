import type { Database } from '../store/database.ts';
import type { Engine } from './engine.ts';

/** What a job is given. */
export interface JobContext {
  readonly db: Database;
  readonly engine: Engine;
  readonly nowMs: () => number;
}

/** Queued work: `jobs/<name>.ts` is the job `<name>`. Thin: decode, call one core function. */
export interface Job {
  /** Repeats at this interval (real time); absent: only when it is asked for. */
  readonly everyMs?: number;
  readonly run: (context: JobContext) => Promise<void>;
}

/** Keeps the types of a job inferred. */
export const defineJob = (job: Job): Job => job;
