import { z } from 'zod';
import type { JsonObject } from '#sdk';
import type { MessageRate } from './message-rate.ts';
import type { Workspace } from './workspace.ts';

/** What a seed may change. */
export interface Seeded {
  readonly workspace: Workspace;
  readonly rate: MessageRate;
  /** Scopes the app was installed with. */
  readonly scopes: { granted: ReadonlySet<string> };
}

const seedSchema = z.strictObject({
  users: z
    .array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        email: z.string().optional(),
        deactivated: z.boolean().default(false),
      }),
    )
    .default([]),
  channels: z
    .array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        isMember: z.boolean().default(true),
        isArchived: z.boolean().default(false),
        isPrivate: z.boolean().default(false),
      }),
    )
    .default([]),
  /** Messages that stand there already; by the first app unless a user is named. */
  messages: z
    .array(
      z.strictObject({
        channel: z.string(),
        ts: z.string().regex(/^\d+\.\d{6}$/),
        text: z.string(),
        user: z.string().optional(),
        thread_ts: z.string().optional(),
      }),
    )
    .default([]),
  /** Messages a second and channel, and how many may come at once. */
  rate: z.strictObject({ perSecond: z.number().positive(), burst: z.int().min(1) }).optional(),
  /** Scopes the app was installed with; all it needs unless said otherwise. */
  scopes: z.array(z.string()).optional(),
});

/** `POST /__sandbox/seed` of Slack. */
export function seed({ workspace, rate, scopes }: Seeded, data: JsonObject): void {
  const given = seedSchema.parse(data);
  for (const user of given.users) workspace.users.set(user.id, { ...user, isBot: false });
  for (const channel of given.channels) workspace.channels.set(channel.id, channel);
  for (const { user, thread_ts: threadTs, ...message } of given.messages) {
    const app = user === undefined ? workspace.apps[0] : undefined;
    const author = user ?? app?.botUserId ?? '';
    workspace.add({ ...message, user: author, app, threadTs, blocks: [], replies: [] });
  }
  if (given.rate) rate.configure(given.rate.perSecond, given.rate.burst);
  if (given.scopes) scopes.granted = new Set(given.scopes);
}
