import { rawApp, serve } from './service.ts';

/** The limit: a route that takes the body and answers. No signature, no store. */
const app = rawApp();
app.post('/webhook', async (_request, reply) => reply.code(200).send(''));
await serve(app);
