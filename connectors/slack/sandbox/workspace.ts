import type { JsonObject, SandboxKit } from '#sdk';

export interface User {
  readonly id: string;
  readonly name: string;
  readonly email?: string;
  readonly deactivated: boolean;
  readonly isBot: boolean;
}

export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly isMember: boolean;
  readonly isArchived: boolean;
  readonly isPrivate: boolean;
  /** The other side of a direct message. */
  readonly user?: string;
}

export interface Message {
  readonly channel: string;
  readonly ts: string;
  readonly user: string;
  /** The app that posted it; absent for people. */
  readonly app?: App | undefined;
  readonly threadTs?: string | undefined;
  text: string;
  blocks: readonly JsonObject[];
  metadata?: JsonObject;
  /** Answers in its thread, oldest first. */
  readonly replies: Message[];
}

/** One connection is one installed app. */
export interface App {
  readonly connection: string;
  readonly token: string;
  readonly signingSecret: string;
  readonly id: string;
  readonly botId: string;
  readonly botUserId: string;
}

export interface Workspace {
  readonly team: { readonly id: string; readonly domain: string; readonly name: string };
  readonly apps: readonly App[];
  readonly users: Map<string, User>;
  readonly channels: Map<string, Channel>;
  /** Messages of a channel by ts, in the order they were written. */
  readonly messagesOf: (channel: string) => Map<string, Message>;
  readonly add: (message: Message) => void;
  /** A ts no other message has. */
  readonly nextTs: () => string;
  /** A number no other id of this sandbox has. */
  readonly nextNumber: () => number;
  /** The direct message between an app and a user; made on first use. */
  readonly openIm: (app: App, userId: string) => Channel;
}

/** One Slack workspace with every connection's app installed in it. */
export function createWorkspace(kit: SandboxKit): Workspace {
  const teamId = kit.connections.map(({ config }) => config.teamId).find((id) => typeof id === 'string');
  const apps = kit.connections.map(appOf);
  const users = new Map(apps.map((app) => [app.botUserId, botUser(app)]));
  const channels = new Map<string, Channel>();
  const messages = new Map<string, Map<string, Message>>();
  const used = new Set<number>();
  // A sandbox started again must not give the numbers of its last life a second time.
  let numbers = Date.now();
  const messagesOf = (channel: string): Map<string, Message> => {
    const known = messages.get(channel) ?? new Map<string, Message>();
    messages.set(channel, known);
    return known;
  };
  return {
    team: { id: typeof teamId === 'string' ? teamId : 'T0MUSUBI01', domain: 'sakura-example', name: 'Sakura' },
    apps,
    users,
    channels,
    messagesOf,
    add: (message) => {
      messagesOf(message.channel).set(message.ts, message);
      if (message.threadTs) messagesOf(message.channel).get(message.threadTs)?.replies.push(message);
    },
    nextNumber: () => ++numbers,
    nextTs: () => {
      let micros = kit.nowMs() * 1000;
      while (used.has(micros)) micros += 1;
      used.add(micros);
      return `${Math.floor(micros / 1_000_000)}.${String(micros % 1_000_000).padStart(6, '0')}`;
    },
    openIm: (app, userId) => {
      const id = `D${app.botUserId.slice(1, 4)}${userId.slice(1)}`;
      const open = channels.get(id) ?? { ...DIRECT_MESSAGE, id, user: userId };
      channels.set(id, open);
      return open;
    },
  };
}

const DIRECT_MESSAGE = { name: 'directmessage', isMember: true, isArchived: false, isPrivate: true };

function appOf({ name, config }: SandboxKit['connections'][number], index: number): App {
  const number = String(index + 1).padStart(2, '0');
  return {
    connection: name,
    token: String(config.botToken),
    signingSecret: String(config.signingSecret),
    id: `A0MUSUBI${number}`,
    botId: `B0MUSUBI${number}`,
    botUserId: `U${number}MUSUBIBOT`,
  };
}

const botUser = (app: App): User => ({ id: app.botUserId, name: 'musubi', deactivated: false, isBot: true });
