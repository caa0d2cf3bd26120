import { performance } from 'node:perf_hooks';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { defineSandbox, type JsonObject, type SandboxKit } from '#sdk';
import { readArguments, SlackRefusal, tokenOf } from './arguments.ts';
import { chat } from './chat.ts';
import { conversations } from './conversations.ts';
import { createMessageRate, type MessageRate } from './message-rate.ts';
import type { Method } from './method.ts';
import { actAsPerson } from './person.ts';
import { createResponseUrls } from './response-url.ts';
import { seed } from './seed.ts';
import { channelShape, messageShape, userShape } from './shapes.ts';
import { users } from './users.ts';
import { type App, createWorkspace, type Workspace } from './workspace.ts';

const METHODS: ReadonlyMap<string, Method> = new Map(Object.entries({ ...chat, ...conversations, ...users }));

/** Slack, simulated: one workspace, the Web API under /api, interactivity and events as webhooks. */
export default defineSandbox({
  build: (kit) => {
    const workspace = createWorkspace(kit);
    const rate = createMessageRate(() => performance.now());
    const scopes = { granted: allScopes() };
    kit.app.route({
      method: ['GET', 'POST'],
      url: '/api/:method',
      handler: (request, reply) => answer(kit, workspace, rate, scopes.granted, request, reply),
    });
    const responseUrls = createResponseUrls(kit, workspace);
    kit.onSeed((data) => seed({ workspace, rate, scopes }, data));
    kit.onEdit((edit) => actAsPerson({ kit, workspace, responseUrls }, edit));
    kit.onState(() => stateOf(workspace));
  },
});

async function answer(
  kit: SandboxKit,
  workspace: Workspace,
  rate: MessageRate,
  granted: ReadonlySet<string>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<JsonObject> {
  const { method: name } = request.params as { method: string };
  void reply.header('x-oauth-scopes', [...granted].join(','));
  try {
    const method = METHODS.get(name);
    if (!method) throw new SlackRefusal('unknown_method');
    const app = authorised(workspace, request);
    if (method.scopes.length > 0 && !method.scopes.some((scope) => granted.has(scope))) {
      return { ok: false, error: 'missing_scope', needed: method.scopes.join(','), provided: [...granted].join(',') };
    }
    const spendMessage = (channel: string) => {
      const waitSeconds = rate.take(channel);
      if (waitSeconds > 0) throw new RateLimited(waitSeconds);
    };
    const wrote = (row: JsonObject) => kit.recordWrites(request, [row]);
    return { ok: true, ...method.run({ args: readArguments(request), app, workspace, wrote, spendMessage }) };
  } catch (error) {
    if (error instanceof RateLimited) {
      void reply.code(429).header('retry-after', String(error.seconds));
      return { ok: false, error: 'ratelimited' };
    }
    if (!(error instanceof SlackRefusal)) throw error;
    const { code, messages } = error;
    return { ok: false, error: code, ...(messages.length > 0 && { response_metadata: { messages } }) };
  }
}

class RateLimited extends Error {
  readonly seconds: number;

  constructor(seconds: number) {
    super('ratelimited');
    this.seconds = seconds;
  }
}

function authorised(workspace: Workspace, request: FastifyRequest): App {
  const token = tokenOf(request);
  if (token === undefined) throw new SlackRefusal('not_authed');
  const app = workspace.apps.find((one) => one.token === token);
  if (!app) throw new SlackRefusal('invalid_auth');
  return app;
}

const allScopes = (): ReadonlySet<string> => new Set([...METHODS.values()].flatMap(({ scopes }) => scopes));

const stateOf = (workspace: Workspace): JsonObject => ({
  team: workspace.team,
  users: [...workspace.users.values()].map((user) => userShape(workspace, user)),
  channels: [...workspace.channels.values()].map(channelShape),
  messages: [...workspace.channels.keys()].flatMap((channel) =>
    [...workspace.messagesOf(channel).values()].map((message) => ({
      channel,
      ...messageShape(workspace, message, true),
    })),
  ),
});
