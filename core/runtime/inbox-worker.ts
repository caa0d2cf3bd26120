import { type BatchResult, type PipelineContext, processBatch } from '../pipeline/process-batch.ts';
import { isStoreTrouble } from '../store/database.ts';
import { countAttempt } from '../store/inbox.ts';
import { closeWorkBatch, openWorkBatch } from '../store/work-batches.ts';

export interface InboxWorkerOptions {
  readonly worker: string;
  readonly batchRows: number;
  readonly maxAttempts: number;
  readonly context: () => PipelineContext;
  /** Effects or waits were planned that first fall due at this workspace time. */
  readonly onDue: (atMs: number) => void;
  readonly onDirty: () => void;
  readonly onRetry: (atMs: number) => void;
}

export interface InboxWorker {
  /** Applies one batch of fresh rows; returns how many rows were taken. */
  readonly step: () => Promise<number>;
  /** Applies one row that failed before, alone; returns how many rows were taken. */
  readonly retryStep: () => Promise<number>;
}

const FIRST_PAUSE_MS = 1_000;

/** Applies inbox rows batch by batch. A batch the database refuses is applied row by row, so one bad row stops no other. */
export function createInboxWorker(options: InboxWorkerOptions): InboxWorker {
  const { worker, maxAttempts } = options;

  const take = async (isRetry: boolean): Promise<number> => {
    const context = options.context();
    const id = context.newId();
    const limit = isRetry ? 1 : options.batchRows;
    const seqs = await openWorkBatch(context.db, { id, worker, nowMs: context.nowMs, limit, isRetry });
    if (seqs.length === 0) return 0;
    try {
      report(await processBatch(id, seqs, context));
    } catch (error) {
      if (isStoreTrouble(error)) {
        await closeWorkBatch(context.db, id).catch(() => {});
        throw error;
      }
      await oneByOne(seqs, context);
      await closeWorkBatch(context.db, id);
    }
    return seqs.length;
  };

  const oneByOne = async (seqs: readonly number[], context: PipelineContext): Promise<void> => {
    for (const seq of seqs) {
      try {
        report(await processBatch(context.newId(), [seq], context));
      } catch (error) {
        if (isStoreTrouble(error)) throw error;
        context.onFault({ where: `inbox row ${seq}`, error });
        const reason = error instanceof Error ? error.message.slice(0, 500) : String(error);
        await countAttempt(context.db, [seq], { nowMs: context.nowMs, maxAttempts, reason });
        options.onRetry(context.nowMs + FIRST_PAUSE_MS);
      }
    }
  };

  const report = ({ dueMs, dirty }: BatchResult) => {
    if (dueMs !== null) options.onDue(dueMs);
    if (dirty > 0) options.onDirty();
  };

  return { step: () => take(false), retryStep: () => take(true) };
}
