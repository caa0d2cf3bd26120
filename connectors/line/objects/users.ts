import { defineObject, type SourceRecord } from '#sdk';
import { lineClient } from '../client.ts';
import type { LineConfig } from '../config.ts';
import { isLineId } from '../event-schema.ts';

/** Profiles by user id. Read when a person becomes a friend, not on each message. */
export default defineObject<LineConfig>({
  readBatch: 20,
  async read(ids, context) {
    const client = lineClient(context);
    const { providerId } = context.config;
    const records = await Promise.all(
      ids.filter(isLineId).map(async (userId): Promise<SourceRecord | null> => {
        const profile = await client.profile(userId);
        if (profile === null) return null;
        const data = { userId, providerId, connection: context.connection, ...known(profile) };
        return { object: 'users', id: userId, modifiedAtMs: context.nowMs, data };
      }),
    );
    return records.filter((record) => record !== null);
  },
});

/** Without the properties LINE left out. */
const known = (profile: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(profile).filter((entry): entry is [string, string] => entry[1] !== undefined));
