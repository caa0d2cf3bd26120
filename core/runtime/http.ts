import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Inlet, ReceiveContext } from '../intake/receive.ts';
import { receive } from '../intake/receive.ts';
import { HubError, RetryableError } from '../sdk/errors.ts';
import type { Reply, WebhookRequest } from '../sdk/webhook.ts';
import type { Metrics } from './metrics.ts';

/** Why the hub takes nothing in just now, and when to come back. */
export interface Overload {
  readonly reason: string;
  readonly retryAfterSeconds: number;
}

export interface HttpOptions {
  readonly publicUrl: () => string;
  readonly inlet: (connection: string) => Inlet | null;
  /** The connections behind a fixed path such as `/events`. */
  readonly inletsAt: (path: string) => readonly Inlet[];
  readonly fixedPaths: readonly string[];
  readonly receive: ReceiveContext;
  readonly overload: () => Overload | null;
  readonly onArrival: () => void;
  readonly metrics: Metrics;
  readonly onFault: (fault: { readonly where: string; readonly error: unknown }) => void;
  /** Further routes: the API, health, the clock. */
  readonly routes: (app: FastifyInstance) => Promise<void>;
}

const DEFAULT_MAX_BYTES = 262_144;
const MAX_BYTES = 1_048_576;
const READ_BEYOND_BYTES = 16_384;

/** The hub's HTTP app. Webhook bodies arrive as Buffers in a scope of their own; every other route parses JSON. */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const app = fastify({
    // a body just over the limit is read to its end, so that the refusal reaches its sender
    bodyLimit: MAX_BYTES + READ_BEYOND_BYTES,
    forceCloseConnections: 'idle',
    requestTimeout: 30_000,
    // Node looks for late senders only so often, and its own limit for headers would outlast ours
    http: { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 },
    return503OnClosing: true,
  });
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, options));
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post('/webhooks/:connection', async (request, reply) => {
      const { connection } = request.params as { connection: string };
      const inlet = options.inlet(connection);
      if (!inlet)
        return reply
          .code(404)
          .send({ error: 'not_found', message: `no connection named ${connection} receives webhooks: check the URL` });
      return take([inlet], request, reply, options);
    });
    for (const path of options.fixedPaths)
      scope.post(path, async (request, reply) => take(options.inletsAt(path), request, reply, options));
  });
  await options.routes(app);
  return app;
}

/** Receives with the first inlet that accepts; several share a fixed path and are told apart by their credentials. */
async function take(
  inlets: readonly Inlet[],
  request: FastifyRequest,
  reply: FastifyReply,
  options: HttpOptions,
): Promise<FastifyReply> {
  options.onArrival();
  const overload = options.overload();
  const [first] = inlets;
  const label = first?.connection ?? 'none';
  if (overload) {
    options.metrics.webhook(label, 'overload');
    return reply
      .code(503)
      .header('retry-after', overload.retryAfterSeconds)
      .send({ error: 'overloaded', message: overload.reason });
  }
  const given = toWebhookRequest(request, options.publicUrl());
  for (const inlet of inlets) {
    if (given.raw.length > (inlet.webhook.maxBytes ?? DEFAULT_MAX_BYTES)) {
      options.metrics.webhook(inlet.connection, 'too_large');
      return reply
        .code(413)
        .send({ error: 'too_large', message: `the body is over ${inlet.webhook.maxBytes ?? DEFAULT_MAX_BYTES} bytes` });
    }
    const received = await receive(inlet, given, options.receive);
    if (received.kind === 'answered') {
      options.metrics.webhook(inlet.connection, received.events > 0 ? 'stored' : 'answered');
      return send(reply, received);
    }
  }
  options.metrics.webhook(label, 'rejected');
  return reply.code(401).send({ error: 'unauthorized', message: 'the signature or token is missing, wrong or stale' });
}

function send(reply: FastifyReply, answer: Reply): FastifyReply {
  for (const [name, value] of Object.entries(answer.headers ?? {})) reply.header(name, value);
  return reply.code(answer.status).send(answer.body ?? '');
}

function toWebhookRequest(request: FastifyRequest, publicUrl: string): WebhookRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = Array.isArray(value) ? value.join(',') : value;
  return {
    method: request.method,
    url: request.url,
    publicUrl,
    headers,
    raw: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
  };
}

/** Our own trouble is 503 with Retry-After, never 4xx; what the sender did wrong keeps its status. No stack leaves the house. */
function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, options: HttpOptions): FastifyReply {
  const { statusCode, validation } = error as { statusCode?: number; validation?: unknown };
  if (statusCode === 413) {
    options.metrics.webhook('none', 'too_large');
    return reply.code(413).send({ error: 'too_large', message: `the body is over ${MAX_BYTES} bytes` });
  }
  if (validation || (statusCode !== undefined && statusCode >= 400 && statusCode < 500)) {
    return reply
      .code(statusCode ?? 400)
      .send({ error: 'bad_request', message: error instanceof Error ? error.message : 'bad request' });
  }
  options.onFault({ where: `${request.method} ${request.routeOptions.url ?? 'unknown'}`, error });
  options.metrics.webhook('none', 'unavailable');
  const waitMs = error instanceof RetryableError ? (error.retryAfterMs ?? 1000) : 1000;
  const message = error instanceof HubError ? error.message : '[hub] own trouble: nothing was lost, send it again';
  return reply
    .code(503)
    .header('retry-after', Math.ceil(waitMs / 1000))
    .send({ error: 'unavailable', message });
}
