import { type Database, isStoreTrouble } from '../store/database.ts';
import { insertDeliveries, type NewDelivery, type NewInboxRow } from '../store/inbox.ts';
import { reached } from '../store/steps.ts';
import { withUrgency } from '../store/urgency.ts';

export interface CommitResult {
  readonly fresh: number;
  readonly duplicates: number;
}

interface Waiting {
  readonly delivery: NewDelivery;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommit {
  /** Resolves when the delivery is on disk. Rejects when it could not be stored: the sender must be told 503. */
  readonly add: (delivery: NewDelivery) => Promise<CommitResult>;
}

export interface GroupCommitOptions {
  readonly db: Database;
  readonly dedupDays: number;
  /** Deliveries a commit takes at most; the rest go with the next one. */
  readonly maxDeliveries?: number;
  readonly onCommitted: (rows: number) => void;
  /** Events whose key was known already, or came earlier in the same group. */
  readonly onDuplicates: (events: readonly NewInboxRow[]) => void;
}

/**
 * One commit at a time; whatever arrived while the last one was in flight goes into the next. No timer: an idle hub
 * commits at once, a busy one in large groups.
 */
export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { db, dedupDays, maxDeliveries = 500, onCommitted, onDuplicates } = options;
  let waiting: Waiting[] = [];
  let isRunning = false;

  const commitGroup = async (group: readonly Waiting[]): Promise<void> => {
    const deliveries = group.map((one) => one.delivery);
    const fresh = await withUrgency('ingest', () => insertDeliveries(db, deliveries, dedupDays));
    reached('S3');
    const kept = new Set<string>();
    const duplicates: NewInboxRow[] = [];
    for (const { delivery, resolve } of group) {
      const before = kept.size;
      for (const event of delivery.events) {
        const key = `${event.connection}\n${event.dedupKey}`;
        if (fresh.has(key) && !kept.has(key)) kept.add(key);
        else duplicates.push(event);
      }
      const own = kept.size - before;
      resolve({ fresh: own, duplicates: delivery.events.length - own });
    }
    if (kept.size > 0) onCommitted(kept.size);
    if (duplicates.length > 0) onDuplicates(duplicates);
  };

  /** A group that fails is tried again one by one, so that one delivery the database refuses does not refuse the others. */
  const commit = async (group: readonly Waiting[]): Promise<void> => {
    try {
      await commitGroup(group);
    } catch (error) {
      if (group.length === 1 || isStoreTrouble(error)) {
        for (const one of group) one.reject(error);
      } else {
        for (const one of group) await commit([one]);
      }
    }
  };

  const run = async (): Promise<void> => {
    isRunning = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, maxDeliveries);
      waiting = waiting.slice(maxDeliveries);
      reached('S2');
      await commit(group);
    }
    isRunning = false;
  };

  return {
    add: (delivery) =>
      new Promise((resolve, reject) => {
        waiting.push({ delivery, resolve, reject });
        if (!isRunning) void run();
      }),
  };
}
