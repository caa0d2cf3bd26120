import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type {
  DeliveryResult,
  OutgoingWebhook,
  SandboxConnection,
  SandboxDefinition,
  SandboxKit,
} from './definition.ts';
import { createFaultBook, type Fault, faultSchema } from './faults.ts';

/** One request the sandbox received, as `GET /__sandbox/requests` shows it. */
export interface LoggedRequest {
  readonly seq: number;
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly query: JsonValue;
  readonly headers: JsonObject;
  readonly body: JsonValue;
  status: number;
  /** Rows it wrote; empty for reads and refused requests. */
  writes: readonly JsonObject[];
  fault?: string;
}

/** One webhook the sandbox sent, as `GET /__sandbox/deliveries` shows it. */
export interface LoggedDelivery extends OutgoingWebhook {
  readonly seq: number;
  readonly at: string;
  readonly url: string;
  statuses: number[];
}

export interface RunningSandbox {
  readonly origin: string;
  readonly app: FastifyInstance;
  readonly requests: readonly LoggedRequest[];
  readonly deliveries: readonly LoggedDelivery[];
  readonly close: () => Promise<void>;
}

export interface SandboxOptions {
  readonly connections: readonly SandboxConnection[];
  readonly host?: string;
  /** 0 picks a free port. */
  readonly port?: number;
}

const LOG_LIMIT = 200_000;

/** Starts one simulated vendor on one origin, with its control routes under `/__sandbox`. */
export async function startSandbox(definition: SandboxDefinition, options: SandboxOptions): Promise<RunningSandbox> {
  const { fastify } = await import('fastify');
  const app = fastify({
    bodyLimit: 20 * 1024 * 1024,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  const faults = createFaultBook();
  const requests: LoggedRequest[] = [];
  const deliveries: LoggedDelivery[] = [];
  const entries = new WeakMap<object, LoggedRequest>();
  let clockMs: number | null = null;
  let seq = 0;
  let seed = (_data: JsonObject): void => {};
  let edit = async (_edit: JsonObject): Promise<JsonValue> => null;
  let readState = (): JsonValue => null;
  const nowMs = () => clockMs ?? Date.now();

  app.addHook('preHandler', async (request, reply) => {
    if (isControl(request)) return;
    const entry = logged(request, ++seq, nowMs());
    entries.set(request, entry);
    requests.push(entry);
    if (requests.length > LOG_LIMIT) requests.shift();
    const fault = faults.take(request.method, pathOf(request));
    if (fault) await suffer(fault, entry, reply);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const entry = entries.get(request);
    if (!entry) return payload;
    entry.status = reply.statusCode;
    if (entry.fault === 'answer_lost') {
      entry.status = 0;
      reply.hijack();
      request.raw.socket.destroy();
      return payload;
    }
    if (entry.fault === 'bad_json') {
      const text = typeof payload === 'string' && payload.length > 1 ? payload : '{"results":[{"id":1},';
      return text.slice(0, Math.max(1, Math.floor(text.length / 2)));
    }
    return payload;
  });

  const deliver = async (webhook: OutgoingWebhook): Promise<DeliveryResult> => {
    const connection = options.connections.find((one) => one.name === webhook.connection);
    const url = webhook.url ?? connection?.webhookUrl;
    if (!url) throw new Error(`[sandbox] no connection named ${webhook.connection}`);
    const entry: LoggedDelivery = { ...webhook, url, seq: ++seq, at: new Date(nowMs()).toISOString(), statuses: [] };
    deliveries.push(entry);
    let result = await post(entry);
    for (const waitMs of webhook.retryAfterMs ?? []) {
      if (result.status >= 200 && result.status < 300) break;
      await sleep(waitMs, undefined, { ref: false });
      result = await post(entry);
    }
    return result;
  };

  const kit: SandboxKit = {
    app,
    connections: options.connections,
    nowMs,
    recordWrites: (request, rows) => {
      const entry = entries.get(request);
      if (entry) entry.writes = [...entry.writes, ...rows];
    },
    deliver,
    onSeed: (handle) => {
      seed = handle;
    },
    onEdit: (handle) => {
      edit = handle;
    },
    onState: (read) => {
      readState = read;
    },
  };

  const control = async (scope: FastifyInstance) => {
    scope.get('/requests', async (request) => {
      const { since = '0', write } = request.query as { since?: string; write?: string };
      return requests.filter((one) => one.seq > Number(since) && (write !== 'true' || one.writes.length > 0));
    });
    scope.delete('/requests', async () => {
      requests.length = 0;
      return { ok: true };
    });
    scope.get('/deliveries', async () => deliveries);
    scope.get('/state', async () => readState());
    scope.post('/seed', async (request) => {
      seed(objectBody(request));
      return { ok: true };
    });
    scope.post('/edit', async (request) => ({ ok: true, result: await edit(objectBody(request)) }));
    scope.post('/redeliver', async (request) => {
      const { seq: wanted } = z.object({ seq: z.int() }).parse(objectBody(request));
      const found = deliveries.find((one) => one.seq === wanted);
      return found ? await post(found) : { status: 0, body: 'no such delivery' };
    });
    scope.get('/fault', async () => faults.list());
    scope.post('/fault', async (request) => {
      faults.add(faultSchema.parse(objectBody(request)));
      return { ok: true };
    });
    scope.delete('/fault', async () => {
      faults.clear();
      return { ok: true };
    });
    scope.get('/clock', async () => ({ now: new Date(nowMs()).toISOString(), isSet: clockMs !== null }));
    scope.post('/clock', async (request) => {
      const { now } = z.object({ now: z.iso.datetime({ offset: true }).nullable() }).parse(objectBody(request));
      clockMs = now === null ? null : Date.parse(now);
      return { ok: true };
    });
    scope.setErrorHandler((error, _request, reply) => {
      void reply.code(400).send({ ok: false, error: error instanceof Error ? error.message : String(error) });
    });
  };
  await app.register(control, { prefix: '/__sandbox' });
  await definition.build(kit);
  const origin = await app.listen({ host: options.host ?? '127.0.0.1', port: options.port ?? 0 });
  return { origin, app, requests, deliveries, close: () => app.close() };
}

/** Reads a request body as JSON; undefined when it is not JSON. */
export function jsonBody(request: FastifyRequest): JsonValue | undefined {
  const raw = request.body;
  if (!Buffer.isBuffer(raw)) return undefined;
  try {
    return JSON.parse(raw.toString('utf8')) as JsonValue;
  } catch {
    return undefined;
  }
}

function objectBody(request: FastifyRequest): JsonObject {
  const body = jsonBody(request);
  if (!isJsonObject(body)) throw new Error('the body must be a JSON object');
  return body;
}

const isControl = (request: FastifyRequest) => request.url.startsWith('/__sandbox');
const pathOf = (request: FastifyRequest) => request.url.split('?')[0] ?? '';

function logged(request: FastifyRequest, seq: number, nowMs: number): LoggedRequest {
  const raw = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
  const { authorization, ...headers } = request.headers;
  return {
    seq,
    at: new Date(nowMs).toISOString(),
    method: request.method,
    path: pathOf(request),
    query: request.query as JsonValue,
    headers: { ...(headers as JsonObject), ...(authorization && { authorization: '(given)' }) },
    body: jsonBody(request) ?? raw,
    status: 0,
    writes: [],
  };
}

async function suffer(fault: Fault, entry: LoggedRequest, reply: FastifyReply): Promise<void> {
  if (fault.latencyMs) await sleep(fault.latencyMs, undefined, { ref: false });
  entry.fault = fault.kind ?? (fault.status === undefined ? 'latency' : `status ${fault.status}`);
  if (fault.kind === 'hang') {
    reply.hijack();
  } else if (fault.kind === 'reset') {
    reply.hijack();
    reply.raw.socket?.resetAndDestroy();
  } else if (fault.status !== undefined) {
    const body = fault.body ?? { message: 'injected fault' };
    await reply
      .code(fault.status)
      .headers({ 'content-type': typeof body === 'string' ? 'text/html' : 'application/json', ...fault.headers })
      .send(typeof body === 'string' ? body : JSON.stringify(body));
  }
}

async function post(entry: LoggedDelivery): Promise<DeliveryResult> {
  try {
    const response = await fetch(entry.url, {
      method: entry.method ?? 'POST',
      headers: entry.headers,
      body: entry.body,
      signal: AbortSignal.timeout(10_000),
    });
    entry.statuses.push(response.status);
    return { status: response.status, body: await response.text() };
  } catch {
    entry.statuses.push(0);
    return { status: 0, body: '' };
  }
}
