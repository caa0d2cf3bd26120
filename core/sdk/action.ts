import type { z } from 'zod';
import type { JsonObject } from './json.ts';

/**
 * How an effect may be repeated after a lost answer. A: upsert by our id, resend freely. B: vendor retry key. C: probe
 * for the effect key, send if absent. D: at most once (a LINE reply's one-use token is its key).
 */
export type EffectClass = 'A' | 'B' | 'C' | 'D';

/** Which checks a message passes: `promotional` all of the gate, `transactional` follow state only, `staff` none. */
export type MessageKind = 'promotional' | 'transactional' | 'staff';

/** An address of a person in a channel, e.g. ('line', providerId, userId) or ('slack', teamId, userId). */
export interface Address {
  readonly channel: string;
  readonly scope: string;
  readonly id: string;
}

export interface StaffMember {
  readonly name: string;
  readonly email: string;
  readonly slack?: string | undefined;
  readonly manager?: string | undefined;
  readonly active: boolean;
}

/** What an action may take from the cause of its effect when it is planned. Plain data. */
export interface ActionScope {
  readonly locale: 'ja' | 'en';
  readonly activity: JsonObject | null;
  readonly person: JsonObject | null;
  readonly addresses: readonly Address[];
  /** The owner of the deal or the person, and the owner's manager, from the staff list. */
  readonly owner: StaffMember | null;
  readonly manager: StaffMember | null;
  readonly staff: readonly StaffMember[];
  /** Channel name → channel id, from musubi.yaml. */
  readonly channels: Readonly<Record<string, string>>;
}

export interface ActionContext<C> {
  readonly config: C;
  readonly connection: string;
  /** Derived key of the effect; the same on every attempt. */
  readonly effectKey: string;
  readonly effectId: string;
  /** UUID v5 of the effect key, for vendors that take a retry key. */
  readonly retryKey: string;
  /** 1 on the first attempt. */
  readonly attempt: number;
  /** True when an earlier attempt may have taken effect (its answer was lost). */
  readonly isAfterUnknown: boolean;
  /** Workspace clock at the planning of the effect and now, epoch ms. */
  readonly plannedAtMs: number;
  readonly nowMs: number;
  /** Result of the effect whose message this one answers or changes (the pressed alert). */
  readonly answered: JsonObject | null;
  /** Result of the first confirmed effect with the same `thread` key on this connection; null when this is the first. */
  readonly threadRoot: JsonObject | null;
  /** Ends at the call deadline (10 s, monotonic). */
  readonly signal: AbortSignal;
  /** Kept for the life of the connection: clients, tokens. */
  readonly memo: <T>(key: string, make: () => T) => T;
}

/** `replaced` hands the wish to another action of the connector, e.g. reply → push when the token is dead. */
export type ActionOutcome =
  | { readonly status: 'confirmed'; readonly result: JsonObject }
  | { readonly status: 'replaced'; readonly by: string; readonly input: JsonObject; readonly reason: string };

/**
 * One outward operation. The file name is the name used in rules (`line.reply` = connectors/line/actions/reply.ts);
 * effect class and default message kind stand in manifest.yaml under `actions`.
 */
export interface ActionDefinition<C, I> {
  /** Input after templates were rendered and `bind` was merged in. Strict. */
  readonly input: z.ZodType<I>;
  /** Names of inputs that are templates shown to a person; `{ja, en}` is accepted there and one is chosen at planning. */
  readonly texts?: readonly string[];
  /**
   * Makes a template value safe for the channel's own markup; applied to each value inserted anywhere below an input named
   * in `texts`, never to what the operator wrote around it. Pure. Default: the value as it is.
   */
  readonly escape?: (value: string) => string;
  /**
   * What the action takes from its cause, merged under the operator's input. Pure.
   * @throws RejectedError when the cause cannot carry it (no reply token, no LINE address): the effect is dead with that reason.
   */
  readonly bind?: (input: JsonObject, scope: ActionScope, config: C) => JsonObject;
  /** Effects with one target on a connection leave in order, one at a time. */
  readonly target: (input: I) => string;
  /** What the person's timeline shows once it is confirmed; absent for actions that are no message to a person. */
  readonly activity?: (input: I) => { readonly kind: string; readonly body: string | null };
  /** @throws HubError */
  readonly perform: (input: I, context: ActionContext<C>) => Promise<ActionOutcome>;
  /** Class C: looks at the vendor for the effect key; null when surely absent. @throws HubError */
  readonly probe?: (input: I, context: ActionContext<C>) => Promise<ActionOutcome | null>;
}

/** An action with its input type erased: it parses what it is given, so core can hold all actions alike. */
export interface Action<C> {
  readonly input: z.ZodType;
  readonly texts: readonly string[];
  readonly escape: (value: string) => string;
  readonly bind: (input: JsonObject, scope: ActionScope, config: C) => JsonObject;
  /** @throws z.ZodError when the input does not fit. */
  readonly target: (input: JsonObject) => string;
  readonly activity?: (input: JsonObject) => { readonly kind: string; readonly body: string | null };
  readonly perform: (input: JsonObject, context: ActionContext<C>) => Promise<ActionOutcome>;
  readonly probe?: (input: JsonObject, context: ActionContext<C>) => Promise<ActionOutcome | null>;
}

/** Makes an action from its definition; its input is parsed by the schema before each use. */
export function defineAction<C, I>(definition: ActionDefinition<C, I>): Action<C> {
  const { input, probe, activity } = definition;
  return {
    input,
    texts: definition.texts ?? [],
    escape: definition.escape ?? ((value) => value),
    bind: definition.bind ?? ((given) => given),
    target: (given) => definition.target(input.parse(given)),
    perform: (given, context) => definition.perform(input.parse(given), context),
    ...(activity && { activity: (given: JsonObject) => activity(input.parse(given)) }),
    ...(probe && { probe: (given: JsonObject, context: ActionContext<C>) => probe(input.parse(given), context) }),
  };
}
