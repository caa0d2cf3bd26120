import { defineConnector } from '#sdk';
import { config } from './config.ts';

/** The company's own site and systems: facts come in by `POST /events`; nothing goes out. */
export default defineConnector({
  config,
  webhook: () => import('./webhook.ts'),
  sandbox: () => import('./sandbox/index.ts'),
});
