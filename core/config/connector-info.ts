import type { z } from 'zod';
import type { EffectClass, MessageKind } from '../sdk/action.ts';

/** What the configuration must know of an action. */
export interface ActionInfo {
  readonly inputSchema: z.ZodType;
  /** Inputs that are shown to a person: `{ja, en}` is accepted there and inserted values are escaped. */
  readonly texts: readonly string[];
  readonly effectClass: EffectClass;
  readonly kind: MessageKind;
  /** How the channel wants inserted values escaped, e.g. Slack's mrkdwn. */
  readonly escape?: ((value: string) => string) | undefined;
}

/** What the configuration must know of a connector; the registry collects it, so that core names none. */
export interface ConnectorInfo {
  readonly id: string;
  readonly configSchema: z.ZodType;
  readonly objects: readonly string[];
  readonly actions: Readonly<Record<string, ActionInfo>>;
}

export type ConnectorInfos = Readonly<Record<string, ConnectorInfo>>;
