import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue, SandboxConnection, SandboxKit } from '#sdk';

export interface SandboxUser {
  readonly userId: string;
  displayName: string;
  language?: string;
  pictureUrl?: string;
  statusMessage?: string;
  /** Connection → what the person is to that bot; absent: never met. */
  readonly standing: Map<string, 'friend' | 'blocked'>;
}

export interface ReplyToken {
  readonly to: string;
  receivedAtMs: number;
  isUsed: boolean;
}

/** A request whose retry key was accepted. */
export interface AcceptedRequest {
  readonly atMs: number;
  readonly requestId: string;
  readonly answer: JsonObject;
}

/** One channel: what belongs to one connection. */
export interface Channel {
  readonly connection: SandboxConnection;
  readonly botUserId: string;
  quota: { readonly type: 'none' } | { readonly type: 'limited'; readonly value: number };
  /** Month (Japan time) → messages sent by push, multicast and broadcast. */
  readonly usedByMonth: Map<string, number>;
  readonly replyTokens: Map<string, ReplyToken>;
  readonly acceptedByRetryKey: Map<string, AcceptedRequest>;
  readonly sent: JsonObject[];
  readonly events: Map<string, JsonObject>;
  endpoint: { readonly url: string; readonly isActive: boolean };
}

export interface World {
  readonly kit: SandboxKit;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly users: Map<string, SandboxUser>;
  /** Stateless access token → its channel and end. */
  readonly issuedTokens: Map<string, { readonly channel: Channel; readonly expiresAtMs: number }>;
  /** Whether the console's switch "Webhook redelivery" is on. */
  isRedeliveryOn: boolean;
  nextMessageNumber: bigint;
}

export function createWorld(kit: SandboxKit): World {
  return {
    kit,
    channels: new Map(kit.connections.map((connection) => [connection.name, createChannel(connection)])),
    users: new Map(),
    issuedTokens: new Map(),
    isRedeliveryOn: true,
    // A sandbox started again must not give the ids of its last life a second time.
    nextMessageNumber: BigInt(Date.now()) * 100_000n,
  };
}

function createChannel(connection: SandboxConnection): Channel {
  const { destination } = connection.config;
  const derived = `U${createHash('sha256').update(connection.name).digest('hex').slice(0, 32)}`;
  return {
    connection,
    botUserId: typeof destination === 'string' ? destination : derived,
    quota: { type: 'none' },
    usedByMonth: new Map(),
    replyTokens: new Map(),
    acceptedByRetryKey: new Map(),
    sent: [],
    events: new Map(),
    endpoint: { url: connection.webhookUrl, isActive: true },
  };
}

/** The named channel; the first when no name is given. */
export function channelOf(world: World, name: string | undefined): Channel {
  const channel = name === undefined ? [...world.channels.values()][0] : world.channels.get(name);
  if (!channel) throw new Error(`no LINE connection named ${name ?? '(any)'}`);
  return channel;
}

/** Japan has no summer time: the month of LINE's count is the UTC month nine hours on. */
const monthOf = (nowMs: number) => new Date(nowMs + 9 * 3_600_000).toISOString().slice(0, 7);

export const usedThisMonth = (channel: Channel, nowMs: number) => channel.usedByMonth.get(monthOf(nowMs)) ?? 0;

export const setUsed = (channel: Channel, nowMs: number, used: number) => channel.usedByMonth.set(monthOf(nowMs), used);

export const isFriend = (world: World, channel: Channel, userId: string) =>
  world.users.get(userId)?.standing.get(channel.connection.name) === 'friend';

export const friendsOf = (world: World, channel: Channel) =>
  [...world.users.values()].filter((user) => user.standing.get(channel.connection.name) === 'friend');

const REMEMBERED_MAX = 200_000;

/** Keeps an entry, and no more than a load test can need: the oldest goes first. */
export function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value);
  if (map.size <= REMEMBERED_MAX) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

export function nextMessageId(world: World): string {
  world.nextMessageNumber += 1n;
  return String(world.nextMessageNumber);
}

/** `GET /__sandbox/state` */
export function stateOf(world: World): JsonValue {
  const nowMs = world.kit.nowMs();
  const channels = [...world.channels.values()].map((channel) => ({
    connection: channel.connection.name,
    botUserId: channel.botUserId,
    quota: { ...channel.quota },
    used: usedThisMonth(channel, nowMs),
    sent: channel.sent,
  }));
  const users = [...world.users.values()].map(({ userId, displayName, standing }) => ({
    userId,
    displayName,
    standing: Object.fromEntries(standing),
  }));
  return { channels, users };
}
