import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { recentActivities } from '../store/activities.ts';
import type { TokenScope } from '../store/api-tokens.ts';
import { loadEntities } from '../store/entities.ts';
import { addressesOfPersons } from '../store/identity.ts';
import { inboxCounts, inboxDepth } from '../store/inbox.ts';
import type { OpenStore } from '../store/open-store.ts';
import type { WorkspaceClock } from './clock.ts';
import type { Engine } from './engine.ts';
import type { Metrics } from './metrics.ts';
import type { TokenBook } from './token-book.ts';

export interface RouteContext {
  readonly store: OpenStore;
  readonly clock: WorkspaceClock;
  readonly engine: Engine;
  readonly tokens: TokenBook;
  readonly metrics: Metrics;
  /** True only while every connection points at a sandbox. */
  readonly canSetClock: () => boolean;
}

const advanceSchema = z.union([
  z.strictObject({ advanceTo: z.iso.datetime({ offset: true }) }),
  z.strictObject({ set: z.iso.datetime({ offset: true }) }),
  z.strictObject({ real: z.literal(true) }),
]);

const TIMELINE = 100;

/** Health, metrics, the API under /v1 and, against sandboxes only, the clock. */
export async function registerRoutes(app: FastifyInstance, context: RouteContext): Promise<void> {
  const { store, clock, engine, tokens, metrics } = context;
  const need = (scope: TokenScope) => async (request: FastifyRequest, reply: FastifyReply) => {
    const presented = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (presented !== undefined && tokens.allows(presented, scope, Date.now())) return;
    await reply.code(401).send({
      error: 'unauthorized',
      message: `a token with the scope ${scope} is needed: musubi token create --scope ${scope}`,
    });
  };

  app.get('/health', async () => {
    const { pending, oldestSeconds } = await inboxDepth(store.db);
    return {
      ok: true,
      store: store.kind,
      clock: { now: new Date(clock.nowMs()).toISOString(), isSet: clock.isSet() },
      inbox: { pending, oldestSeconds },
    };
  });
  app.get('/metrics', { preHandler: need('viewer') }, async (_request, reply) => {
    const { pending, oldestSeconds } = await inboxDepth(store.db);
    metrics.inbox(pending, oldestSeconds);
    return reply.type('text/plain; version=0.0.4').send(await metrics.text());
  });
  app.get('/v1/status', { preHandler: need('viewer') }, async () => ({ inbox: await inboxCounts(store.db) }));
  app.get('/v1/persons/:id', { preHandler: need('viewer') }, async (request, reply) => {
    const id = z.uuid().safeParse((request.params as { id: string }).id);
    const person = id.success ? (await loadEntities(store.db, 'person', [id.data])).get(id.data) : undefined;
    if (!person) return reply.code(404).send({ error: 'not_found', message: 'no person has this id' });
    const activities =
      (await recentActivities(store.db, [person.id], { sinceMs: 0, limit: TIMELINE })).get(person.id) ?? [];
    return { ...person, addresses: await addressesOfPersons(store.db, [person.id]), timeline: activities.reverse() };
  });
  app.post('/__clock', async (request, reply) => {
    if (!context.canSetClock()) {
      return reply.code(409).send({
        error: 'clock_is_real',
        message: 'the clock can be set only while every connection points at a sandbox',
      });
    }
    const wanted = advanceSchema.safeParse(request.body);
    if (!wanted.success) return reply.code(400).send({ error: 'bad_request', message: z.prettifyError(wanted.error) });
    if ('real' in wanted.data) await clock.set(null);
    else if ('set' in wanted.data) await clock.set(Date.parse(wanted.data.set));
    else {
      const toMs = Date.parse(wanted.data.advanceTo);
      if (toMs < clock.nowMs()) {
        const message = `the clock is at ${new Date(clock.nowMs()).toISOString()} and is only advanced; "set" puts it anywhere`;
        return reply.code(400).send({ error: 'bad_request', message });
      }
      await advance(toMs, context);
    }
    engine.wakeAll();
    await engine.quiet();
    return { now: new Date(clock.nowMs()).toISOString(), isSet: clock.isSet() };
  });
}

/** Steps through the instants at which something falls due, in order, each until all is quiet. */
async function advance(toMs: number, { clock, engine }: RouteContext): Promise<void> {
  await engine.quiet();
  for (;;) {
    const dueMs = await engine.nextDueMs();
    if (dueMs === null || dueMs > toMs) break;
    if (dueMs > clock.nowMs()) await clock.set(dueMs);
    await engine.quiet();
    if ((await engine.nextDueMs()) === dueMs) break;
  }
  await clock.set(toMs);
}
