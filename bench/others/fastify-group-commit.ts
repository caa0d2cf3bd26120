import { type EventRow, openEventStore } from './event-store.ts';
import { rawApp, rowOf, serve, serviceSettings, webhookRoute } from './service.ts';

/** The same, where events that come in during a commit share the next one. */
const store = await openEventStore(serviceSettings());
const MOST_ROWS = 500;
let waiting: {
  readonly rows: readonly EventRow[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}[] = [];
let isRunning = false;

async function run(): Promise<void> {
  isRunning = true;
  while (waiting.length > 0) {
    const group = waiting.slice(0, MOST_ROWS);
    waiting = waiting.slice(MOST_ROWS);
    await store.insertMany(group.flatMap((one) => one.rows)).then(
      () => group.forEach((one) => void one.resolve()),
      (error) => group.forEach((one) => void one.reject(error)),
    );
  }
  isRunning = false;
}

const app = rawApp();
webhookRoute(
  app,
  (events) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ rows: events.map(rowOf), resolve, reject });
      if (!isRunning) void run();
    }),
);
await serve(app, store.close);
