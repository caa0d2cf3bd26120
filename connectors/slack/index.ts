import { defineConnector } from '#sdk';
import { config } from './config.ts';

export default defineConnector({
  config,
  webhook: () => import('./webhook.ts'),
  actions: {
    alert: () => import('./actions/alert.ts'),
    'post-message': () => import('./actions/post-message.ts'),
    'update-message': () => import('./actions/update-message.ts'),
  },
  sandbox: () => import('./sandbox/index.ts'),
});
