import { createHmac, timingSafeEqual } from 'node:crypto';
import { type FastifyInstance, fastify } from 'fastify';
import { CHANNEL_SECRET } from '../line-webhook.ts';
import type { EventRow, EventStorePlace } from './event-store.ts';

/** What a service is told by its parent, as one JSON argument. */
export interface ServiceSettings extends EventStorePlace {
  readonly lineUrl: string;
}

export const serviceSettings = (): ServiceSettings => JSON.parse(process.argv[2] ?? '{}') as ServiceSettings;

export interface LineEvent {
  readonly webhookEventId: string;
  readonly replyToken: string;
  readonly message: { readonly text?: string };
}

/** A Fastify app that takes bodies as they come, as checking a signature needs. */
export function rawApp(): FastifyInstance {
  const app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  return app;
}

/** Verifies the signature and hands the events on; answers 200 when `take` has them. */
export function webhookRoute(app: FastifyInstance, take: (events: readonly LineEvent[]) => Promise<unknown>): void {
  app.post('/webhook', async (request, reply) => {
    const raw = request.body as Buffer;
    const given = Buffer.from(String(request.headers['x-line-signature'] ?? ''));
    const right = Buffer.from(createHmac('sha256', CHANNEL_SECRET).update(raw).digest('base64'));
    if (given.length !== right.length || !timingSafeEqual(given, right)) return reply.code(401).send();
    await take((JSON.parse(raw.toString('utf8')) as { events: LineEvent[] }).events);
    return reply.code(200).send('');
  });
}

export const rowOf = (event: LineEvent): EventRow => ({ id: event.webhookEventId, body: JSON.stringify(event) });

/** Listens on a free port and tells the parent where; ends when the parent has gone or says so. */
export async function serve(app: FastifyInstance, close: () => Promise<void> = async () => {}): Promise<void> {
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const stop = () => void close().then(() => process.exit(0));
  process.on('SIGTERM', stop);
  process.on('disconnect', stop);
  process.send?.({ url });
}
