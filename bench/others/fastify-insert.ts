import { openEventStore } from './event-store.ts';
import { rawApp, rowOf, serve, serviceSettings, webhookRoute } from './service.ts';

/** What a careful person writes by hand: verify, one INSERT for each event, answer. */
const store = await openEventStore(serviceSettings());
const app = rawApp();
webhookRoute(app, async (events) => {
  for (const event of events) await store.insertOne(rowOf(event));
});
await serve(app, store.close);
