import type { ExpressionContext } from '../config/expressions.ts';
import type { PolicyRule, Workspace } from '../config/workspace.ts';
import type { GateRules } from '../gate/decide.ts';
import type { CompiledMapping } from '../mapping/compile-mapping.ts';
import type { Calendar } from '../model/calendar.ts';
import type { RuleIndex } from '../rules/rule-index.ts';
import type { Action, EffectClass, MessageKind } from '../sdk/action.ts';
import type { ObjectPart } from '../sdk/object.ts';
import type { WebhookPart } from '../sdk/webhook.ts';
import type { FieldRules } from '../sync/apply-fields.ts';

/** An action with what its connector's manifest says of it. */
export interface OpenAction {
  readonly action: Action<unknown>;
  readonly effectClass: EffectClass;
  readonly kind: MessageKind;
  /** The channel of a message to a person, e.g. `line`. */
  readonly channel: string;
}

/** A connection with the parts of its connector that this workspace uses, loaded. */
export interface OpenConnection {
  readonly name: string;
  readonly connector: string;
  readonly config: unknown;
  /** Its place in musubi.yaml. */
  readonly rank: number;
  readonly webhook: WebhookPart<unknown> | null;
  readonly actions: Readonly<Record<string, OpenAction>>;
  readonly objects: Readonly<Record<string, ObjectPart<unknown>>>;
  /** Object → its mapping. */
  readonly mappings: ReadonlyMap<string, CompiledMapping>;
  /** Kept for the life of the connection: clients, tokens. */
  readonly memo: <T>(key: string, make: () => T) => T;
}

/**
 * Everything compiled from the workspace's files. A batch reads it once and keeps it to its end, so no event is handled
 * by a mix of versions; a reload makes a new one.
 */
export interface Setup {
  readonly workspace: Workspace;
  readonly connections: ReadonlyMap<string, OpenConnection>;
  readonly rules: RuleIndex;
  readonly fieldRules: Readonly<Record<string, FieldRules>>;
  readonly calendar: Calendar;
  readonly gate: GateRules;
  readonly expressionContext: (nowMs: number) => ExpressionContext;
}

export const DEFAULT_POLICY: PolicyRule = { rule: 'newest', onBlank: 'keep' };
