import { type ClosedLoop, runClosedLoop } from './closed-loop.ts';
import { startLineEndpoint } from './line-endpoint.ts';
import { type OpenLoop, runOpenLoop } from './open-loop.ts';

/** What the load process is asked for; it answers each with `{ done }` or `{ failed }`. */
export type LoadRequest = { readonly closedLoop: ClosedLoop } | { readonly openLoop: OpenLoop };

/** The second process of a bench: it sends the webhooks and is the LINE that replies go to. */
const line = await startLineEndpoint();
process.on('message', (request: LoadRequest) => {
  const work = 'closedLoop' in request ? runClosedLoop(request.closedLoop) : runOpenLoop(request.openLoop, line);
  work.then(
    (done) => process.send?.({ done }),
    (error: unknown) => process.send?.({ failed: error instanceof Error ? error.stack : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ lineUrl: line.url });
