import { defineConnector } from '#sdk';
import { config } from './config.ts';

export default defineConnector({
  config,
  webhook: () => import('./webhook.ts'),
  objects: {
    users: () => import('./objects/users.ts'),
    quota: () => import('./objects/quota.ts'),
  },
  actions: {
    reply: () => import('./actions/reply.ts'),
    push: () => import('./actions/push.ts'),
  },
  sandbox: () => import('./sandbox/index.ts'),
});
