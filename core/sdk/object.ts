import type { JsonObject } from './json.ts';
import type { SourceRecord } from './webhook.ts';

export interface ObjectContext<C> {
  readonly config: C;
  readonly connection: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
  readonly memo: <T>(key: string, make: () => T) => T;
}

/** One kind of record of a tool. A capability exists when its function exists. */
export interface ObjectPart<C> {
  /** Reads records by id, at most `readBatch` at a time; an id the tool does not know comes back deleted or not at all. */
  readonly read?: (ids: readonly string[], context: ObjectContext<C>) => Promise<readonly SourceRecord[]>;
  /** Ids per `read` call; default 100. */
  readonly readBatch?: number;
  /** The field metadata of the tool's live schema. */
  readonly describe?: (context: ObjectContext<C>) => Promise<JsonObject>;
}

export const defineObject = <C>(part: ObjectPart<C>): ObjectPart<C> => part;
