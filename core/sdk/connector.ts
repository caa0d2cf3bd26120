import type { z } from 'zod';
import type { Action } from './action.ts';
import type { ObjectPart } from './object.ts';
import type { SandboxDefinition } from './sandbox/definition.ts';
import type { WebhookPart } from './webhook.ts';

type Lazy<T> = () => Promise<{ readonly default: T }>;

/**
 * One tool. Parts are lazy, so that a workspace pays for a vendor's SDK only when a connection of it is opened.
 * @example
 * export default defineConnector({
 *   config,
 *   webhook: () => import('./webhook.ts'),
 *   actions: { reply: () => import('./actions/reply.ts') },
 *   sandbox: () => import('./sandbox/index.ts'),
 * });
 */
export interface ConnectorDefinition<C> {
  /** Settings of a connection; use `secret()` and `baseUrl()` for theirs. Strict object. */
  readonly config: z.ZodType<C>;
  readonly webhook?: Lazy<WebhookPart<C>>;
  readonly objects?: Readonly<Record<string, Lazy<ObjectPart<C>>>>;
  readonly actions?: Readonly<Record<string, Lazy<Action<C>>>>;
  readonly sandbox?: Lazy<SandboxDefinition>;
}

/** Keeps the types of a connector inferred. */
export const defineConnector = <C>(connector: ConnectorDefinition<C>): ConnectorDefinition<C> => connector;
