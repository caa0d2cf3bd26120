/** One of the services that are measured against one another, in a process of its own. */
export interface Side {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** Path of the LINE webhook. */
  readonly path: string;
  /** From the start of the process until it answered, ms. */
  readonly startMs: number;
  /** `application_name` of its database connections. */
  readonly application: string;
  /** Resolves when it has finished all the work it took in. */
  readonly drained: () => Promise<void>;
  readonly close: () => Promise<void>;
  /** After close(): the event ids in its store; null for a side that stores nothing. */
  readonly storedIds: () => Promise<ReadonlySet<string> | null>;
  /** After close(): rows by what became of them; null for a side that does nothing with them. */
  readonly states: () => Promise<Readonly<Record<string, number>> | null>;
}
