import { defineObject, type ObjectContext, type SourceRecord } from '#sdk';
import { lineClient } from '../client.ts';
import type { LineConfig } from '../config.ts';

/** The one id of this object: the running month of the channel (Japan time). */
export const QUOTA_ID = 'month';

/** Messages the channel may send this month and has sent; for operators, not mapped to any entity. */
export async function readQuota(context: ObjectContext<LineConfig>): Promise<SourceRecord> {
  const { limit, used } = await lineClient(context).quota();
  const left = limit === null ? null : Math.max(0, limit - used);
  return { object: 'quota', id: QUOTA_ID, modifiedAtMs: context.nowMs, data: { limit, used, left } };
}

export default defineObject<LineConfig>({
  readBatch: 1,
  read: async (ids, context) => (ids.includes(QUOTA_ID) ? [await readQuota(context)] : []),
});
