import type { Database } from '../store/database.ts';
import { insertDeliveries, type NewDelivery } from '../store/inbox.ts';
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
  /** Events whose key was known already. */
  readonly onDuplicates: (deliveries: readonly NewDelivery[], fresh: ReadonlySet<string>) => void;
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
    let total = 0;
    const counted = new Set<string>();
    for (const { delivery, resolve } of group) {
      const own = delivery.events.filter(({ connection, dedupKey }) => {
        const key = `${connection}\n${dedupKey}`;
        return fresh.has(key) && !counted.has(key) && counted.add(key);
      }).length;
      total += own;
      resolve({ fresh: own, duplicates: delivery.events.length - own });
    }
    if (total > 0) onCommitted(total);
    onDuplicates(deliveries, fresh);
  };

  /** A group that fails is tried again one by one, so that one delivery the database refuses does not refuse the others. */
  const commit = async (group: readonly Waiting[]): Promise<void> => {
    try {
      await commitGroup(group);
    } catch (error) {
      if (group.length === 1 || isStoreDown(error)) {
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

/** Connection lost, shutdown, out of disk or resources: trying each alone would only hold the senders longer. */
const isStoreDown = (error: unknown): boolean => {
  const code = (error as { code?: string }).code ?? '';
  return code === '' || !/^(22|23|54)/.test(code);
};
