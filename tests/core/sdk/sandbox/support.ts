import { createServer, type Server } from 'node:http';
import { defineSandbox, type JsonObject, type JsonValue, jsonBody } from '#sdk';
import { type RunningSandbox, startSandbox } from '../../../../core/sdk/sandbox/start.ts';

/** A vendor that keeps notes: one write route, one read route. */
const notes = defineSandbox({
  build({ app, recordWrites, onSeed, onEdit, onState, deliver, nowMs }) {
    const kept: JsonValue[] = [];
    app.post('/notes', async (request, reply) => {
      const body = jsonBody(request);
      if (body === undefined) return reply.code(400).send({ message: 'not JSON' });
      kept.push(body);
      recordWrites(request, [{ note: body }]);
      return { id: kept.length, results: [{ id: kept.length, text: 'a rather long answer' }] };
    });
    app.get('/notes', async () => kept);
    app.get('/time', async () => ({ now: nowMs() }));
    onSeed((data) => kept.push(data));
    onState(() => ({ kept }));
    onEdit(async ({ body = '{}', retryAfterMs, connection = 'main', ...more }) => {
      const result = await deliver({
        connection: String(connection),
        headers: { 'x-signature': 'signed', 'content-type': 'application/json' },
        body: String(body),
        ...more,
        ...(Array.isArray(retryAfterMs) && { retryAfterMs: retryAfterMs as number[] }),
      });
      return { ...result };
    });
  },
});

export interface Received {
  readonly path: string;
  readonly signature: string | undefined;
  readonly body: string;
}

/** The sandbox above with a hub that answers what it is told to. */
export interface Stage {
  readonly sandbox: RunningSandbox;
  readonly received: Received[];
  /** Statuses of the next answers of the hub; 200 when it runs out. */
  readonly answers: number[];
  readonly hub: string;
  readonly call: (
    method: string,
    path: string,
    body?: JsonValue,
    headers?: Record<string, string>,
  ) => Promise<Response>;
  readonly control: (method: string, path: string, body?: JsonObject) => Promise<JsonValue>;
  readonly close: () => Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const received: Received[] = [];
  const answers: number[] = [];
  const server = await listen(received, answers);
  const hub = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const connection = { name: 'main', config: {}, webhookUrl: `${hub}/webhooks/main` };
  const sandbox = await startSandbox(notes, { connections: [connection] });
  const call: Stage['call'] = (method, path, body, headers = {}) =>
    fetch(`${sandbox.origin}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  return {
    sandbox,
    received,
    answers,
    hub,
    call,
    control: async (method, path, body) => (await (await call(method, `/__sandbox/${path}`, body)).json()) as JsonValue,
    close: async () => {
      await sandbox.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

async function listen(received: Received[], answers: number[]): Promise<Server> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const signature = request.headers['x-signature'];
    received.push({
      path: request.url ?? '',
      signature: typeof signature === 'string' ? signature : undefined,
      body: Buffer.concat(chunks).toString('utf8'),
    });
    const status = answers.shift() ?? 200;
    if (status === 0) request.socket.destroy();
    else response.writeHead(status).end('hub says');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
