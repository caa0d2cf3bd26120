import { type PipelineContext, processBatch } from '../pipeline/process-batch.ts';
import { countAttempt } from '../store/inbox.ts';
import { closeWorkBatch, openWorkBatch } from '../store/work-batches.ts';

export interface InboxWorkerOptions {
  readonly worker: string;
  readonly batchRows: number;
  readonly maxAttempts: number;
  readonly context: () => PipelineContext;
  readonly onEffects: () => void;
  readonly onDirty: () => void;
  readonly onRetry: (atMs: number) => void;
}

export interface InboxWorker {
  /** Applies one batch of fresh rows; returns how many rows were taken. */
  readonly step: () => Promise<number>;
  /** Applies one row that failed before, alone; returns how many rows were taken. */
  readonly retryStep: () => Promise<number>;
}

const RETRY_PAUSES_MS = [1_000, 5_000, 30_000, 120_000];

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
      if (isStoreDown(error)) {
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
        if (isStoreDown(error)) throw error;
        context.onFault({ where: `inbox row ${seq}`, error });
        const reason = error instanceof Error ? error.message.slice(0, 500) : String(error);
        const nextAtMs = context.nowMs + (RETRY_PAUSES_MS[0] ?? 1_000);
        await countAttempt(context.db, [seq], { nextAtMs, maxAttempts, reason });
        options.onRetry(nextAtMs);
      }
    }
  };

  const report = ({ effects, dirty }: { effects: number; dirty: number }) => {
    if (effects > 0) options.onEffects();
    if (dirty > 0) options.onDirty();
  };

  return { step: () => take(false), retryStep: () => take(true) };
}

/** The store itself is in trouble: no row is to blame, all are tried again. */
export const isStoreDown = (error: unknown): boolean => {
  const { code } = error as { code?: string };
  return typeof code === 'string' && /^(08|53|57P|58|ECONN|EPIPE|ENOTFOUND)/.test(code);
};
