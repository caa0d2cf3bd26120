import path from 'node:path';
import { type ProcessSettings, packageRoot } from '../config/process-env.ts';
import { readSetup } from '../runtime/hub.ts';
import { baseUrlsOf, isLoopback } from '../runtime/open-setup.ts';
import { ConfigError } from '../sdk/errors.ts';
import type { JsonObject } from '../sdk/json.ts';
import { type RunningSandbox, startSandbox } from '../sdk/sandbox/start.ts';
import type { CommandContext } from './command-context.ts';
import { workspaceFolder } from './workspace-folder.ts';

/** Connectors without a base URL (the company's own site) get these ports in turn; 0 lets the system choose. */
const FIRST_FREE_PORT = 7190;

export interface SandboxSet {
  /** Connector id → origin of its sandbox. */
  readonly origins: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

/**
 * Starts one simulated vendor per connector of the workspace, each on the port its connections name.
 * @throws ConfigError `sandbox_not_loopback` when a connection points at a real tool.
 */
export async function startSandboxes(folder: string, env: ProcessSettings['env'], hubUrl: string): Promise<SandboxSet> {
  const { setup, connectors } = await readSetup({ folder, root: packageRoot, env });
  const running: Record<string, RunningSandbox> = {};
  let freePort = Number(env.MUSUBI_SANDBOX_PORT ?? FIRST_FREE_PORT);
  for (const [id, connector] of connectors) {
    const own = [...setup.connections.values()].filter((one) => one.connector === id);
    const [first] = own;
    if (!first || !connector.definition.sandbox) continue;
    const [baseUrl] = baseUrlsOf(first, connectors);
    const url = baseUrl === undefined ? null : new URL(baseUrl);
    if (url && !isLoopback(url.href)) {
      throw new ConfigError(
        `[${first.name}] ${url.origin} is no address of this machine: point the connection at a sandbox first`,
        { code: 'sandbox_not_loopback' },
      );
    }
    const { default: definition } = await connector.definition.sandbox();
    const connections = own.map((one) => ({
      name: one.name,
      config: one.config as JsonObject,
      webhookUrl: `${hubUrl}/webhooks/${one.name}`,
    }));
    running[id] = await startSandbox(definition, {
      connections,
      host: '127.0.0.1',
      port: url ? Number(url.port) : freePort === 0 ? 0 : freePort++,
    });
  }
  return {
    origins: Object.fromEntries(Object.entries(running).map(([id, { origin }]) => [id, origin])),
    close: async () => void (await Promise.all(Object.values(running).map((one) => one.close()))),
  };
}

/** `musubi sandbox`: a process of its own; tells its parent, or prints, where each vendor answers. */
export async function sandbox({ settings, folder, terminal }: CommandContext): Promise<number> {
  const hubUrl = settings.env.MUSUBI_HUB_URL ?? `http://${settings.host}:${settings.port}`;
  const set = await startSandboxes(path.resolve(workspaceFolder(folder)), settings.env, hubUrl);
  if (process.send) process.send({ origins: set.origins });
  else {
    const log = terminal.pick('受信記録', 'log');
    for (const [id, origin] of Object.entries(set.origins))
      terminal.print(`${id}  ${origin}  (${log}: ${origin}/__sandbox/requests)`);
  }
  const stop = () => void set.close().then(() => process.exit(0));
  process.on('SIGINT', process.send ? () => {} : stop);
  process.on('SIGTERM', stop);
  process.on('disconnect', stop);
  return 0;
}
