import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import {
  type ActionContext,
  type ActionOutcome,
  type ContractFault,
  type ContractSandbox,
  HubError,
  type JsonObject,
  type JsonValue,
  settingsMarked,
} from '#sdk';
import { type RunningSandbox, startSandbox } from '../../../core/sdk/sandbox/start.ts';
import type { ConnectorFolder } from './connectors.ts';
import { NOW_MS } from './requests.ts';

export type SandboxFault = Partial<ContractFault> & { readonly kind?: 'hang' | 'reset' | 'answer_lost' | 'bad_json' };

/** What one attempt of an effect came to; anything thrown that is no HubError is a failure of the connector. */
export type Attempt = { readonly outcome: ActionOutcome } | { readonly error: HubError };

/** A connection of one connector whose vendor is its sandbox, with one action to be tried. */
export interface OpenAction {
  readonly input: JsonObject;
  /** Puts a fault on the next call that takes effect. */
  readonly fault: (fault: SandboxFault) => Promise<void>;
  readonly perform: (more?: Partial<ActionContext<unknown>>) => Promise<Attempt>;
  readonly probe: (more?: Partial<ActionContext<unknown>>) => Promise<ActionOutcome | null>;
  /** Requests that created, changed, deleted or sent something since the action was opened. */
  readonly effects: () => number;
  readonly state: () => Promise<JsonValue>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** With `isDown` the connection points where nobody listens; the input still comes from a running sandbox. */
export async function openAction(folder: ConnectorFolder, name: string, isDown = false): Promise<OpenAction> {
  const { definition, fixture } = folder;
  const contract = fixture.actions?.[name];
  const action = (await definition.actions?.[name]?.())?.default;
  if (!contract || !action) throw new Error(`connectors/${folder.id}: no contract or no action ${name}`);
  const { running, close } = await startVendor(folder);
  const origin = isDown ? await deserted() : running.origin;
  const config = definition.config.parse({ ...fixture.settings, ...baseUrls(folder, origin) });
  const sandbox = controlOf(running);
  const input = typeof contract.input === 'function' ? await contract.input(sandbox) : contract.input;
  const answered = typeof contract.answered === 'function' ? await contract.answered(sandbox) : contract.answered;
  const before = running.requests.length;
  const memory = new Map<string, unknown>();
  const contextOf = (more: Partial<ActionContext<unknown>>) =>
    contextFor(config, memory, { answered: answered ?? null, ...more });
  return {
    input,
    fault: (fault) =>
      post(running, 'fault', { method: contract.method ?? 'POST', path: contract.path, ...fault } as JsonObject),
    perform: async (more = {}) => {
      try {
        return { outcome: await action.perform(input, contextOf(more)) };
      } catch (error) {
        if (error instanceof HubError) return { error };
        throw error;
      }
    },
    probe: async (more = {}) =>
      (await action.probe?.(input, contextOf({ attempt: 2, isAfterUnknown: true, ...more }))) ?? null,
    effects: () => running.requests.slice(before).filter((request) => request.writes.length > 0).length,
    state: sandbox.state,
    [Symbol.asyncDispose]: close,
  };
}

function contextFor(
  config: unknown,
  memory: Map<string, unknown>,
  more: Partial<ActionContext<unknown>>,
): ActionContext<unknown> {
  const effectKey = more.effectKey ?? 'contract-effect-1';
  return {
    config,
    connection: 'contract',
    effectKey,
    effectId: uuidOf(`id of ${effectKey}`),
    retryKey: uuidOf(effectKey),
    attempt: 1,
    isAfterUnknown: false,
    plannedAtMs: NOW_MS,
    nowMs: NOW_MS,
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

/** A version-5-shaped UUID of a text: the same text gives the same one, as the outbox promises. */
function uuidOf(text: string): string {
  const hex = createHash('sha1').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

/** Starts the sandbox and something that takes its webhooks. */
async function startVendor({ definition, fixture }: ConnectorFolder) {
  const sandbox = (await definition.sandbox?.())?.default;
  if (!sandbox) throw new Error('no sandbox');
  const hub = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200).end());
  });
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  const { port } = hub.address() as { port: number };
  const config = definition.config.parse(fixture.settings) as JsonObject;
  const webhookUrl = `http://127.0.0.1:${port}/webhooks/contract`;
  const running = await startSandbox(sandbox, { connections: [{ name: 'contract', config, webhookUrl }] });
  await post(running, 'clock', { now: new Date(NOW_MS).toISOString() });
  const close = async () => {
    await running.close();
    hub.closeAllConnections();
    hub.close();
  };
  return { running, close };
}

/** An origin that was free a moment ago. A stopped sandbox would not do: sockets kept alive to it end in a reset. */
async function deserted(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const baseUrls = ({ definition }: ConnectorFolder, origin: string) =>
  Object.fromEntries(settingsMarked(definition.config, 'baseUrl').map((name) => [name, origin]));

const controlOf = (running: RunningSandbox): ContractSandbox => ({
  seed: (data) => post(running, 'seed', data),
  edit: async (edit) => {
    const answer = await call(running, 'edit', edit);
    return (answer as { result: JsonValue }).result;
  },
  state: async () => (await (await fetch(`${running.origin}/__sandbox/state`)).json()) as JsonValue,
  delivered: () => running.deliveries.map(({ body }) => body),
});

const post = async (running: RunningSandbox, path: string, body: JsonObject) => void (await call(running, path, body));

async function call({ origin }: RunningSandbox, path: string, body: JsonObject): Promise<unknown> {
  const response = await fetch(`${origin}/__sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`sandbox ${path}: ${await response.text()}`);
  return response.json();
}
