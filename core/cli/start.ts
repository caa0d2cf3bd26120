import { Agent, setGlobalDispatcher } from 'undici';
import { packageRoot } from '../config/process-env.ts';
import { createHub, type Hub } from '../runtime/hub.ts';
import { createLog } from '../runtime/log.ts';
import type { CommandContext } from './command-context.ts';
import { workspaceFolder } from './workspace-folder.ts';

/** Bounds every SDK on the global fetch that has no timeout of its own (LINE's, HubSpot's). */
export function boundGlobalFetch(): void {
  setGlobalDispatcher(new Agent({ headersTimeout: 10_000, bodyTimeout: 10_000, connect: { timeout: 5_000 } }));
}

/** `musubi start`: runs the hub until it is told to stop. */
export async function start(
  { settings, folder, dataDir }: CommandContext,
  { forceUnlock }: { readonly forceUnlock: boolean },
): Promise<number> {
  const began = performance.now();
  boundGlobalFetch();
  const log = createLog({ level: settings.logLevel });
  const hub = await createHub({
    folder: workspaceFolder(folder),
    root: packageRoot,
    env: settings.env,
    host: settings.host,
    port: settings.port,
    log,
    databaseUrl: settings.databaseUrl,
    redisUrl: settings.redisUrl,
    schema: settings.schema,
    ...(dataDir !== undefined && { dataDir }),
    ...(forceUnlock && { forceUnlock }),
    onProgress: (message) => log.info({ state: message }, 'store'),
  });
  log.info(
    {
      url: hub.url,
      store: hub.store.kind,
      workspace: hub.setup().workspace.name,
      ms: Math.round(performance.now() - began),
    },
    'ready',
  );
  if (hub.store.kind === 'pglite') {
    log.warn(
      { store: 'pglite' },
      'embedded store: safe against a crash of the process, not against a power cut; use PostgreSQL in production',
    );
  }
  stopOnSignal(hub, (signal) => log.info({ signal }, 'stopping'));
  return 0;
}

const STOP_LIMIT_MS = 9_000;

/** Ctrl-C and SIGTERM end the hub cleanly within 10 s; a second one ends it at once. */
export function stopOnSignal(
  hub: Pick<Hub, 'close'>,
  onSignal: (signal: string) => void,
  after: () => Promise<void> = async () => {},
): { readonly isStopping: () => boolean } {
  let isStopping = false;
  const stop = (signal: string) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    onSignal(signal);
    setTimeout(() => process.exit(0), STOP_LIMIT_MS).unref();
    hub
      .close()
      .then(after)
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return { isStopping: () => isStopping };
}
