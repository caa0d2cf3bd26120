import { createServer } from 'node:http';
import type { ActionContext, ActionScope, JsonObject, JsonValue, StaffMember, WebhookRequest } from '#sdk';
import { config, type SlackConfig } from '../../../connectors/slack/config.ts';
import { signed } from '../../../connectors/slack/fixtures/contract.ts';
import slackSandbox from '../../../connectors/slack/sandbox/index.ts';
import { type RunningSandbox, startSandbox } from '../../../core/sdk/sandbox/start.ts';

export const SECRET = 'test-signing-secret';
export const TEAM = 'T0SAKURA01';
export const NOW_MS = Date.parse('2026-09-01T10:00:00+09:00');

export const slackConfig = (more: JsonObject = {}): SlackConfig =>
  config.parse({ botToken: 'xoxb-test-token', signingSecret: SECRET, ...more });

export function webhookRequest(
  body: string | Buffer,
  { contentType = 'application/json', headers }: { contentType?: string; headers?: Record<string, string> } = {},
): WebhookRequest {
  const raw = Buffer.from(body);
  return {
    method: 'POST',
    url: '/webhooks/slack',
    publicUrl: 'https://hub.example.co.jp',
    headers: { 'content-type': contentType, ...(headers ?? signed(raw, SECRET, NOW_MS)) },
    raw,
  };
}

export const payloadForm = (payload: JsonValue): string =>
  new URLSearchParams({ payload: JSON.stringify(payload) }).toString();

export const tanaka: StaffMember = {
  name: '田中 一郎',
  email: 'tanaka@example.co.jp',
  slack: 'U0TANAKA01',
  manager: 'yamamoto@example.co.jp',
  active: true,
};
export const yamamoto: StaffMember = { name: '山本 花', email: 'yamamoto@example.co.jp', active: true };
export const watanabe: StaffMember = { name: '渡辺 健', email: 'watanabe@example.co.jp', active: false };

export const scopeOf = (more: Partial<ActionScope> = {}): ActionScope => ({
  locale: 'ja',
  activity: null,
  person: { id: 'person-1' },
  addresses: [],
  owner: tanaka,
  manager: yamamoto,
  staff: [tanaka, yamamoto, watanabe],
  channels: { 'sales-managers': 'C0SALESMGR', 'cs-urgent': 'C0CSURGENT' },
  ...more,
});

/** A running sandbox with the people and channels of the house, and a hub that keeps what it is sent. */
export interface Scene {
  readonly sandbox: RunningSandbox;
  readonly config: SlackConfig;
  readonly received: WebhookRequest[];
  readonly context: (more?: Partial<ActionContext<SlackConfig>>) => ActionContext<SlackConfig>;
  readonly control: (path: string, body: JsonObject) => Promise<JsonValue>;
  readonly writes: () => readonly JsonObject[];
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

export async function startScene(): Promise<Scene> {
  const received: WebhookRequest[] = [];
  const hub = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = request.headers as Record<string, string>;
      received.push({ ...webhookRequest(''), headers, raw: Buffer.concat(chunks) });
      response.writeHead(200).end('taken');
    });
  });
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  const { port } = hub.address() as { port: number };
  const connection = { name: 'slack', config: { ...slackConfig({ teamId: TEAM }) } as JsonObject };
  const sandbox = await startSandbox(slackSandbox, {
    connections: [{ ...connection, webhookUrl: `http://127.0.0.1:${port}/webhooks/slack` }],
  });
  const settings = slackConfig({ teamId: TEAM, apiUrl: sandbox.origin });
  const memory = new Map<string, unknown>();
  const control = async (path: string, body: JsonObject) => {
    const url = `${sandbox.origin}/__sandbox/${path}`;
    return (await (await fetch(url, { method: 'POST', body: JSON.stringify(body) })).json()) as JsonValue;
  };
  await control('seed', {
    users: [
      { id: 'U0TANAKA01', name: '田中 一郎', email: 'tanaka@example.co.jp' },
      { id: 'U0YAMAMOTO', name: '山本 花', email: 'yamamoto@example.co.jp' },
      { id: 'U0WATANABE', name: '渡辺 健', email: 'watanabe@example.co.jp', deactivated: true },
    ],
    channels: [
      { id: 'C0SALESMGR', name: 'sales-managers' },
      { id: 'C0CSURGENT', name: 'cs-urgent' },
      { id: 'C0ARCHIVED', name: 'old', isArchived: true },
      { id: 'C0OUTSIDE1', name: 'outside', isMember: false },
    ],
  });
  return {
    sandbox,
    config: settings,
    received,
    control,
    context: (more = {}) => contextOf(settings, memory, more),
    writes: () => sandbox.requests.flatMap((request) => request.writes),
    [Symbol.asyncDispose]: async () => {
      await sandbox.close();
      hub.closeAllConnections();
      hub.close();
    },
  };
}

function contextOf(
  settings: SlackConfig,
  memory: Map<string, unknown>,
  more: Partial<ActionContext<SlackConfig>>,
): ActionContext<SlackConfig> {
  return {
    config: settings,
    connection: 'slack',
    effectKey: 'effect-key-1',
    effectId: '0192f0c5-7c1e-7a3b-9d52-3f0c5a1b2c3d',
    retryKey: '6f1e2d3c-4b5a-5978-8796-a5b4c3d2e1f0',
    attempt: 1,
    isAfterUnknown: false,
    plannedAtMs: Date.now(),
    nowMs: Date.now(),
    answered: null,
    threadRoot: null,
    signal: AbortSignal.timeout(10_000),
    memo: <T>(key: string, make: () => T): T => {
      if (!memory.has(key)) memory.set(key, make());
      return memory.get(key) as T;
    },
    ...more,
  };
}

/** What a confirmed outcome carries. */
export function resultOf(outcome: { readonly status: string } | null): JsonObject {
  if (outcome?.status !== 'confirmed' || !('result' in outcome)) throw new Error(`not confirmed: ${outcome?.status}`);
  return outcome.result as JsonObject;
}
