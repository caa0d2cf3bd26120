import { pauseMs } from '../outbox/classify.ts';
import { RejectedError } from '../sdk/errors.ts';
import { CALL_DEADLINE_MS, errorOfFailure } from '../sdk/http.ts';
import { clearDirty, type DueDirty, dueDirty, putOffDirty } from '../store/dirty-records.ts';
import { applyMapped, applyRules, type PipelineContext } from './process-batch.ts';
import { mapRecords } from './read-row.ts';
import type { OpenConnection } from './setup.ts';

const BATCH = 500;
const DEFAULT_READ_BATCH = 100;

/**
 * Reads again at their tools the records that webhooks named, before any transaction opens, and applies what comes back.
 * A tool that does not answer puts its records off; the others go on. Returns how many records were done.
 */
export async function readDirty(context: PipelineContext): Promise<number> {
  const due = await dueDirty(context.db, context.nowMs, BATCH);
  let records = 0;
  for (const group of groups(due, context)) records += await readGroup(group, context);
  return records;
}

interface Group {
  readonly connection: OpenConnection | undefined;
  readonly object: string;
  readonly due: readonly DueDirty[];
}

function groups(due: readonly DueDirty[], { setup }: PipelineContext): Group[] {
  const found = new Map<string, DueDirty[]>();
  for (const one of due) {
    const key = `${one.connection}\n${one.object}`;
    found.set(key, [...(found.get(key) ?? []), one]);
  }
  return [...found.values()].flatMap((all) => {
    const [first] = all;
    if (!first) return [];
    const connection = setup.connections.get(first.connection);
    const size = connection?.objects[first.object]?.readBatch ?? DEFAULT_READ_BATCH;
    const pages: Group[] = [];
    for (let at = 0; at < all.length; at += size)
      pages.push({ connection, object: first.object, due: all.slice(at, at + size) });
    return pages;
  });
}

async function readGroup({ connection, object, due }: Group, context: PipelineContext): Promise<number> {
  const { db, nowMs, setup } = context;
  const read = connection?.objects[object]?.read;
  if (!connection || !read) {
    await db.transaction((tx) => clearDirty(tx, due));
    return 0;
  }
  try {
    const records = await read(
      due.map((one) => one.id),
      {
        config: connection.config,
        connection: connection.name,
        nowMs,
        signal: AbortSignal.timeout(CALL_DEADLINE_MS),
        memo: connection.memo,
      },
    );
    const sources = mapRecords(records, connection, setup).map((source) => ({
      source,
      origin: { connection, row: null },
    }));
    await db.transaction(async (tx) => {
      const { triggers, persons } = await applyMapped(tx, sources, context);
      await applyRules(tx, triggers, [], context, persons);
      await clearDirty(tx, due);
    });
    return records.length;
  } catch (error) {
    return isToBlame(error)
      ? apart({ connection, object, due }, error, context)
      : putOff({ connection, object, due }, error, context);
  }
}

/** The tool or the database refuses something in the group itself; anything else is trouble that passes. */
const isToBlame = (error: unknown): boolean =>
  error instanceof RejectedError || /^(22|23)/.test(String((error as { code?: unknown }).code));

/** One bad record never keeps the others: the group is done one by one, and the bad one is given up, visibly. */
async function apart(group: Group, error: unknown, context: PipelineContext): Promise<number> {
  if (group.due.length > 1) {
    let records = 0;
    for (const one of group.due) records += await readGroup({ ...group, due: [one] }, context);
    return records;
  }
  context.onFault({ where: `read ${group.connection?.name}.${group.object}: given up`, error });
  await context.db.transaction((tx) => clearDirty(tx, group.due));
  return 0;
}

async function putOff(
  { connection, object, due }: Group,
  error: unknown,
  { db, nowMs, onFault }: PipelineContext,
): Promise<number> {
  const failure = errorOfFailure(connection?.name ?? '', error);
  onFault({ where: `read ${connection?.name}.${object}`, error: failure });
  const retryAfterMs =
    'retryAfterMs' in failure && typeof failure.retryAfterMs === 'number' ? failure.retryAfterMs : undefined;
  const attempts = Math.max(...due.map((one) => one.attempts)) + 1;
  await putOffDirty(db, due, nowMs + pauseMs(attempts, retryAfterMs, Math.random()), failure.message);
  return 0;
}
