import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { config, type LineConfig } from '../../../connectors/line/config.ts';
import sandboxDefinition from '../../../connectors/line/sandbox/index.ts';
import type { ActionContext, JsonObject } from '../../../core/sdk/index.ts';
import { type RunningSandbox, startSandbox } from '../../../core/sdk/sandbox/start.ts';

export const HANAKO = 'U4af4980629d5a6c1b0e3f7a29d8c5b61';
export const TARO = 'U8189cf6745fc0d808977bdb0b9f22995';
export const STRANGER = 'U00000000000000000000000000000000';

export const settings = {
  providerId: '2000000001',
  channelId: '2000000002',
  channelSecret: 'line-test-channel-secret',
  channelAccessToken: 'line-test-access-token',
};

export interface Received {
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly raw: Buffer;
}

export interface LineWorld {
  readonly sandbox: RunningSandbox;
  readonly received: Received[];
  /** What the hub answers to webhooks from now on; 200 once the list is used up. */
  readonly hubAnswers: number[];
  readonly config: LineConfig;
  readonly seed: (data: JsonObject) => Promise<void>;
  readonly edit: (edit: JsonObject) => Promise<JsonObject>;
  readonly fault: (fault: JsonObject) => Promise<void>;
  readonly clock: (now: string) => Promise<void>;
  readonly call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Response>;
  readonly close: () => Promise<void>;
}

/** The simulated LINE and something that takes its webhooks, both on loopback. */
export async function startLine(given: JsonObject = settings): Promise<LineWorld> {
  const received: Received[] = [];
  const hubAnswers: number[] = [];
  const hub = await listen(received, hubAnswers);
  const webhookUrl = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/webhooks/line-main`;
  const sandbox = await startSandbox(sandboxDefinition, {
    connections: [{ name: 'line-main', config: given, webhookUrl }],
  });
  const control = async (path: string, body: JsonObject): Promise<JsonObject> => {
    const response = await fetch(`${sandbox.origin}/__sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) });
    const answer = (await response.json()) as JsonObject;
    if (!response.ok) throw new Error(String(answer.error));
    return answer;
  };
  return {
    sandbox,
    received,
    hubAnswers,
    config: config.parse({ ...given, apiUrl: sandbox.origin }),
    seed: async (data) => void (await control('seed', data)),
    edit: async (edit) => (await control('edit', edit)).result as JsonObject,
    fault: async (fault) => void (await control('fault', fault)),
    clock: async (now) => void (await control('clock', { now })),
    call: (method, path, body, headers) =>
      fetch(`${sandbox.origin}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${settings.channelAccessToken}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    close: async () => {
      await sandbox.close();
      await new Promise((done) => hub.close(done));
    },
  };
}

async function listen(received: Received[], answers: number[]): Promise<Server> {
  const hub = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      received.push({ headers: request.headers, raw: Buffer.concat(parts) });
      response.writeHead(answers.shift() ?? 200).end();
    });
  });
  await new Promise<void>((ready) => hub.listen(0, '127.0.0.1', ready));
  return hub;
}

/** The context of one attempt; `memo` lives as long as the connection, so one per test is made by `memory`. */
export function contextOf(
  line: LineWorld,
  more: Partial<ActionContext<LineConfig>> = {},
  memo = memory(),
): ActionContext<LineConfig> {
  const nowMs = Date.now();
  return {
    config: line.config,
    connection: 'line-main',
    effectKey: 'effect-key-1',
    effectId: '0197f000-0000-7000-8000-000000000001',
    retryKey: '123e4567-e89b-52d3-a456-426614174000',
    attempt: 1,
    isAfterUnknown: false,
    plannedAtMs: nowMs,
    nowMs,
    answered: null,
    threadRoot: null,
    signal: AbortSignal.timeout(5000),
    memo,
    ...more,
  };
}

export function memory(): <T>(key: string, make: () => T) => T {
  const kept = new Map<string, unknown>();
  return <T>(key: string, make: () => T): T => {
    if (!kept.has(key)) kept.set(key, make());
    return kept.get(key) as T;
  };
}

/** Rows the sandbox delivered to phones. */
export const deliveredBy = ({ sandbox }: LineWorld): readonly JsonObject[] =>
  sandbox.requests.flatMap((request) => request.writes);
