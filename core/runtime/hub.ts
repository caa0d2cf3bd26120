import { hostname } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { loadWorkspace } from '../config/load-workspace.ts';
import { problemsError } from '../config/problem.ts';
import { createGroupCommit } from '../intake/group-commit.ts';
import type { Inlet } from '../intake/receive.ts';
import { createIdSource } from '../model/id.ts';
import type { Setup } from '../pipeline/setup.ts';
import { ConfigError } from '../sdk/errors.ts';
import { noteConnectionError, noteConnectionOk } from '../store/connection-states.ts';
import { voidLeases } from '../store/effects.ts';
import { differingBodies, inboxDepth } from '../store/inbox.ts';
import { type OpenStore, openStore } from '../store/open-store.ts';
import { createArrivalMeter } from './arrival-meter.ts';
import { openClock, type WorkspaceClock } from './clock.ts';
import { createEngine, type Engine } from './engine.ts';
import { createHttp, type Overload } from './http.ts';
import { faultFields, type Logger } from './log.ts';
import { createMetrics } from './metrics.ts';
import { openSetup, pointsAtSandboxes } from './open-setup.ts';
import { type JobQueue, loadJobs, openQueue } from './queue.ts';
import { connectorInfos, loadConnectors, type RegisteredConnector } from './registry.ts';
import { registerRoutes } from './routes.ts';
import { openTokenBook } from './token-book.ts';
import { watchWorkspace } from './watch-workspace.ts';

export interface HubOptions {
  /** The operator's folder with musubi.yaml. */
  readonly folder: string;
  /** The folder with connectors/, mappings/ and rules/ that ship. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
  readonly databaseUrl?: string | undefined;
  /** Moves the job queue to Redis. */
  readonly redisUrl?: string | undefined;
  readonly schema: string;
  /** Where the embedded database lives; default `<folder>/.musubi/data`. */
  readonly dataDir?: string;
  readonly forceUnlock?: boolean;
  readonly onProgress?: (message: string) => void;
  /** Watches the workspace's files and takes over good changes. */
  readonly watch?: boolean;
}

export interface Hub {
  readonly url: string;
  readonly app: FastifyInstance;
  readonly store: OpenStore;
  readonly engine: Engine;
  readonly clock: WorkspaceClock;
  readonly setup: () => Setup;
  readonly close: () => Promise<void>;
}

const DEDUP_DAYS = 30;
const HARD_STOP_MS = 1_500;
const UPKEEP_MS = 5_000;

/** Reads the workspace; refuses with every problem of every file. */
export async function readSetup(
  options: Pick<HubOptions, 'folder' | 'root' | 'env'>,
): Promise<{ setup: Setup; connectors: Map<string, RegisteredConnector> }> {
  const connectors = await loadConnectors(join(options.root, 'connectors'), null);
  const infos = await connectorInfos(connectors);
  const { workspace, problems } = await loadWorkspace({
    folder: options.folder,
    shippedFolder: options.root,
    env: options.env,
    connectors: infos,
  });
  if (!workspace) throw problemsError(problems);
  return { setup: await openSetup(workspace, connectors), connectors };
}

/**
 * Starts the hub: store, setup, engine, HTTP.
 * @throws ConfigError with all problems of the workspace, or what is wrong with the store.
 */
export async function createHub(options: HubOptions): Promise<Hub> {
  const { log } = options;
  const { setup: first, connectors } = await readSetup(options);
  let setup = first;
  const onFault = ({ where, error }: { where: string; error: unknown }) => {
    metrics.fault(where);
    log.error({ where, ...faultFields(error) }, 'unexpected error');
    log.debug({ where, reason: error instanceof Error ? error.stack : String(error) }, 'unexpected error, in full');
  };
  const metrics = createMetrics();
  const store = await openStore({
    databaseUrl: options.databaseUrl,
    dataDir: options.dataDir ?? join(options.folder, '.musubi', 'data'),
    schema: options.schema,
    ...(options.forceUnlock !== undefined && { forceUnlock: options.forceUnlock }),
    ...(options.onProgress && { onProgress: options.onProgress }),
    onError: (error) => onFault({ where: 'store', error }),
  });
  const { db } = store;
  const tokens = await openTokenBook(db);
  const clock = await openClock(db);
  const ids = createIdSource();
  const newId = () => ids(Date.now());
  if (store.kind === 'pglite') await voidLeases(db);
  if (clock.isSet() && !pointsAtSandboxes(setup, connectors)) await clock.set(null);

  const arrivals = createArrivalMeter();
  /** Connections whose calls went well since the last upkeep: one write for all. */
  const wentWell = new Set<string>();
  const engine = createEngine({
    db,
    clock,
    setup: () => setup,
    newId,
    worker: `${hostname()}:${process.pid}`,
    isOnlyProcess: store.kind === 'pglite',
    onFault,
    onSettled: ({ result, isAuth, pauseMs }, connection) => {
      metrics.effect(connection, result.state);
      if (result.state === 'confirmed') wentWell.add(connection);
      if (pauseMs !== null || isAuth) {
        wentWell.delete(connection);
        noteConnectionError(
          db,
          connection,
          isAuth ? 'needs_reauth' : 'resting',
          result.reason ?? result.code ?? '',
        ).catch((error) => onFault({ where: 'connection state', error }));
      }
      if (result.state === 'dead' || result.state === 'unknown')
        log.error({ connection, code: result.code, effectId: result.id, state: result.state }, 'effect ended');
      else if (result.state === 'planned')
        log.warn(
          { connection, code: result.code, effectId: result.id, kind: isAuth ? 'auth' : 'retryable' },
          'effect will be retried',
        );
    },
    restMs: arrivals.restMs,
  });
  const commit = createGroupCommit({
    db,
    dedupDays: DEDUP_DAYS,
    onCommitted: () => engine.wakeInbox(),
    onDuplicates: (known) => {
      for (const { connection } of known) metrics.duplicate(connection, 1);
      differingBodies(db, known)
        .then((keys) => {
          for (const { connection } of known.filter((one) => keys.includes(one.dedupKey))) {
            metrics.differingBody(connection, 1);
            log.warn({ connection, reason: 'same event id, another body: the first one won' }, 'differing body');
          }
        })
        .catch((error) => onFault({ where: 'compare bodies', error }));
    },
  });

  let overload: Overload | null = null;
  const upkeep = async () => {
    const { pending, oldestSeconds } = await inboxDepth(db);
    metrics.inbox(pending, oldestSeconds);
    const next = overloadOf(pending, oldestSeconds, setup.workspace.intake);
    if (next && !overload) log.warn({ depth: pending, oldestSeconds, reason: next.reason }, 'taking nothing in');
    overload = next;
    await tokens.refresh();
    await noteConnectionOk(db, [...wentWell]);
    wentWell.clear();
  };
  const upkeepTimer = setInterval(() => void upkeep().catch((error) => onFault({ where: 'upkeep', error })), UPKEEP_MS);

  const inlets = () => inletsOf(setup);
  const app = await createHttp({
    publicUrl: () => setup.workspace.publicUrl,
    inlet: (connection) => inlets().find((one) => one.connection === connection) ?? null,
    inletsAt: (path) => inlets().filter((one) => one.webhook.path === path),
    fixedPaths: await fixedPathsOf(connectors),
    receive: {
      commit,
      newId,
      realNowMs: Date.now,
      nowMs: clock.nowMs,
      isApiToken: (presented) => tokens.allows(presented, 'events', Date.now()),
      hardStopMs: HARD_STOP_MS,
    },
    overload: () => overload,
    onArrival: arrivals.count,
    metrics,
    onFault,
    routes: (scope) =>
      registerRoutes(scope, {
        store,
        clock,
        engine,
        tokens,
        metrics,
        canSetClock: () => pointsAtSandboxes(setup, connectors),
      }),
  });
  const stopWatching =
    options.watch === false
      ? () => {}
      : watchWorkspace(options.folder, async () => {
          try {
            setup = (await readSetup(options)).setup;
            log.info({ workspace: setup.workspace.name }, 'workspace reloaded');
          } catch (error) {
            log.error(
              { ...faultFields(error), reason: error instanceof Error ? error.message : String(error) },
              'workspace not reloaded: the last good one stays',
            );
          }
          engine.wakeAll();
        });
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    stopWatching();
    clearInterval(upkeepTimer);
    await app.close();
    await store.close();
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error;
    throw new ConfigError(
      `[hub] port ${options.port} on ${options.host} is taken: stop what uses it or set MUSUBI_PORT`,
      {
        code: 'port_taken',
        cause: error,
      },
    );
  }
  const address = app.server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  engine.start();
  engine.wakeAll();
  const queue = openQueue({
    databaseUrl: options.databaseUrl,
    redisUrl: options.redisUrl,
    schema: options.schema,
    jobs: await loadJobs(join(options.root, 'jobs')),
    context: { db, engine, nowMs: clock.nowMs },
    onFault,
  });
  queue.catch((error) => onFault({ where: 'queue', error }));
  return {
    url: `http://${options.host}:${port}`,
    app,
    store,
    engine,
    clock,
    setup: () => setup,
    async close() {
      stopWatching();
      clearInterval(upkeepTimer);
      await app.close();
      await engine.stop();
      await noteConnectionOk(db, [...wentWell]).catch((error) => onFault({ where: 'connection state', error }));
      await closeQueue(queue).catch((error) => onFault({ where: 'queue', error }));
      await store.close();
    },
  };
}

const inletCache = new WeakMap<Setup, readonly Inlet[]>();

function inletsOf(setup: Setup): readonly Inlet[] {
  let inlets = inletCache.get(setup);
  if (!inlets) {
    inlets = [...setup.connections.values()].flatMap(({ name, config, webhook }) =>
      webhook ? [{ connection: name, config, webhook }] : [],
    );
    inletCache.set(setup, inlets);
  }
  return inlets;
}

const QUEUE_CLOSE_MS = 3_000;

/** A server that does not answer must not hold the end of the hub. */
async function closeQueue(queue: Promise<JobQueue>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, QUEUE_CLOSE_MS);
  });
  await Promise.race([queue.then((one) => one.close()), limit]);
  clearTimeout(timer);
}

/** Of every connector, in use or not: a connection may come with a reload. */
async function fixedPathsOf(connectors: ReadonlyMap<string, RegisteredConnector>): Promise<string[]> {
  const webhooks = await Promise.all([...connectors.values()].map(({ definition }) => definition.webhook?.()));
  return [...new Set(webhooks.flatMap((one) => one?.default.path ?? []))];
}

const DEFAULT_MAX_PENDING = 200_000;
const DEFAULT_MAX_AGE_SECONDS = 900;

/** Too deep or too old an inbox takes nothing more in: the senders keep their events and try again. */
function overloadOf(
  pending: number,
  oldestSeconds: number,
  limits: { maxPending?: number | undefined; maxAgeSeconds?: number | undefined },
): Overload | null {
  const maxPending = limits.maxPending ?? DEFAULT_MAX_PENDING;
  const maxAge = limits.maxAgeSeconds ?? DEFAULT_MAX_AGE_SECONDS;
  if (pending > maxPending)
    return {
      reason: `the inbox holds ${pending} events, more than ${maxPending}: try again later`,
      retryAfterSeconds: 30,
    };
  if (oldestSeconds > maxAge)
    return {
      reason: `the oldest event waits ${Math.round(oldestSeconds)} s, more than ${maxAge}: try again later`,
      retryAfterSeconds: 30,
    };
  return null;
}
