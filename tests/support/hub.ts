import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { startSandboxes } from '../../core/cli/sandbox.ts';
import { createHub, type Hub, type HubOptions } from '../../core/runtime/hub.ts';
import { createLog } from '../../core/runtime/log.ts';
import type { JsonObject } from '../../core/sdk/json.ts';
import type { LoggedRequest } from '../../core/sdk/sandbox/start.ts';
import { dropSchema, newSchema, postgresUrl, type StoreKind } from './stores.ts';
import { type Files, PEOPLE, root, type TestFolder, testFolder } from './workspace.ts';

/** Every connection points at a sandbox whose port stands in the environment, as in the quickstart. */
export const SANDBOXED = `
workspace: { name: sakura, timeZone: Asia/Tokyo, locale: ja }
connections:
  line-main: { connector: line, providerId: "2000000001", channelSecret: main-secret, channelAccessToken: t, apiUrl: "\${LINE_API_URL}" }
  slack: { connector: slack, botToken: xoxb-1, signingSecret: slack-secret, apiUrl: "\${SLACK_API_URL}" }
  site: { connector: web, token: site-token }
${PEOPLE}`;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

export interface World {
  readonly hub: Hub;
  readonly folder: TestFolder;
  readonly origins: Readonly<Record<string, string>>;
  readonly logLines: readonly string[];
  /** Sets the clock of hub and sandboxes, or moves it on through all that falls due. */
  readonly setClock: (at: string) => Promise<void>;
  readonly advanceTo: (at: string) => Promise<void>;
  readonly seed: (connector: string, data: JsonObject) => Promise<void>;
  readonly edit: (connector: string, edit: JsonObject) => Promise<JsonObject>;
  readonly fault: (connector: string, fault: JsonObject) => Promise<void>;
  /** The rows a tool recorded as written, once all is quiet. */
  readonly writes: (connector: string) => Promise<readonly JsonObject[]>;
  readonly call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Response>;
  readonly close: () => Promise<void>;
}

export interface WorldOptions extends Partial<Pick<HubOptions, 'watch' | 'schema'>> {
  readonly kind: StoreKind['kind'];
  readonly files: Files;
}

/** A hub and the sandboxes of its workspace, in this process, on free ports. */
export async function startWorld({ kind, files, watch = false, schema = newSchema() }: WorldOptions): Promise<World> {
  const folder = await testFolder(files);
  const [port, line, slack, site] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const env = {
    MUSUBI_PUBLIC_URL: `http://127.0.0.1:${port}`,
    LINE_API_URL: `http://127.0.0.1:${line}`,
    SLACK_API_URL: `http://127.0.0.1:${slack}`,
    MUSUBI_SANDBOX_PORT: String(site),
  };
  const logLines: string[] = [];
  const hub = await createHub({
    folder: folder.folder,
    root,
    env,
    host: '127.0.0.1',
    port,
    log: createLog({ level: 'info', destination: { write: (text) => void logLines.push(text) } }),
    databaseUrl: kind === 'postgres' ? postgresUrl : undefined,
    dataDir: 'memory://',
    schema,
    watch,
  });
  const sandboxes = await startSandboxes(folder.folder, env, hub.url);
  const call: World['call'] = (method, path, body, headers) =>
    fetch(path.startsWith('http') ? path : `${hub.url}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const control = async (method: string, connector: string, path: string, body?: JsonObject): Promise<unknown> => {
    const response = await call(method, `${sandboxes.origins[connector]}/__sandbox/${path}`, body);
    if (!response.ok) throw new Error(`${connector} ${path}: ${await response.text()}`);
    return response.json();
  };
  const clock = async (body: JsonObject, at: string) => {
    for (const id of Object.keys(sandboxes.origins))
      await control('POST', id, 'clock', { now: new Date(at).toISOString() });
    const response = await call('POST', '/__clock', body);
    if (!response.ok) throw new Error(await response.text());
  };
  return {
    hub,
    folder,
    origins: sandboxes.origins,
    logLines,
    setClock: (at) => clock({ set: at }, at),
    advanceTo: (at) => clock({ advanceTo: at }, at),
    seed: async (connector, data) => void (await control('POST', connector, 'seed', data)),
    async edit(connector, edit) {
      const { result } = (await control('POST', connector, 'edit', edit)) as { result: JsonObject };
      await hub.engine.quiet();
      return result;
    },
    fault: async (connector, fault) => void (await control('POST', connector, 'fault', fault)),
    async writes(connector) {
      await hub.engine.quiet();
      const requests = (await control('GET', connector, 'requests?write=true')) as LoggedRequest[];
      return requests.flatMap((one) => one.writes);
    },
    call,
    async close() {
      await hub.close();
      await sandboxes.close();
      await folder.remove();
      if (kind === 'postgres') await dropSchema(schema);
    },
  };
}
