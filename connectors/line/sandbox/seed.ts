import { z } from 'zod';
import type { JsonObject } from '#sdk';
import { type Channel, channelOf, setUsed, type World } from './world.ts';

const seedSchema = z.strictObject({
  /** Which channel the rest is about; all of them when absent. */
  connection: z.string().optional(),
  users: z
    .array(
      z.strictObject({
        userId: z.string().regex(/^U[0-9a-f]{32}$/),
        displayName: z.string().default('LINEユーザー'),
        language: z.string().optional(),
        pictureUrl: z.string().optional(),
        statusMessage: z.string().optional(),
        /** false: a person who blocked the account. */
        following: z.boolean().default(true),
      }),
    )
    .default([]),
  quota: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('none') }),
      z.strictObject({ type: z.literal('limited'), value: z.int().min(0) }),
    ])
    .optional(),
  /** Messages already sent this month. */
  used: z.int().min(0).optional(),
  /** The console's switch "Webhook redelivery". */
  redelivery: z.boolean().optional(),
});

/** `POST /__sandbox/seed`. @throws z.ZodError */
export function seedWorld(world: World, data: JsonObject): void {
  const seed = seedSchema.parse(data);
  const channels = seed.connection === undefined ? [...world.channels.values()] : [channelOf(world, seed.connection)];
  for (const user of seed.users) putUser(world, channels, user);
  for (const channel of channels) {
    if (seed.quota) channel.quota = seed.quota;
    if (seed.used !== undefined) setUsed(channel, world.kit.nowMs(), seed.used);
  }
  if (seed.redelivery !== undefined) world.isRedeliveryOn = seed.redelivery;
}

type SeededUser = z.infer<typeof seedSchema>['users'][number];

function putUser(world: World, channels: readonly Channel[], { following, ...profile }: SeededUser): void {
  const standing = world.users.get(profile.userId)?.standing ?? new Map();
  for (const channel of channels) standing.set(channel.connection.name, following ? 'friend' : 'blocked');
  world.users.set(profile.userId, { ...profile, standing });
}
