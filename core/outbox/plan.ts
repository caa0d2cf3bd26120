import { z } from 'zod';
import type { Rendered } from '../config/templates.ts';
import { uuidv5 } from '../model/id.ts';
import type { Action, ActionScope, EffectClass, MessageKind } from '../sdk/action.ts';
import { HubError } from '../sdk/errors.ts';
import type { JsonObject } from '../sdk/json.ts';
import type { NewEffect } from '../store/effects.ts';

/** Namespace of retry keys: UUID v5 of (this, effect key). */
const RETRY_KEYS = '6d757375-6269-5000-8000-726574727931';

export interface EffectWish {
  readonly id: string;
  readonly connection: string;
  readonly actionName: string;
  readonly action: Action<unknown>;
  readonly config: unknown;
  readonly effectClass: EffectClass;
  readonly kind: MessageKind;
  /** What caused it: a source event, a signal. With rule and step it makes the key. */
  readonly cause: string;
  readonly rule: string;
  readonly step: string;
  readonly personId: string | null;
  readonly runId: string | null;
  /** The input as the operator wrote it, rendered; or the values that were missing. */
  readonly rendered: Rendered<JsonObject>;
  readonly thread: string | null;
  readonly answeredEffect: string | null;
  readonly scope: ActionScope;
  readonly nowMs: number;
}

/**
 * Makes the effect of one step. What cannot go out (a missing value, no recipient, a wrong input) becomes a dead letter
 * with its reason, visible and replayable, instead of an error that would stop the run.
 */
export function planEffect(wish: EffectWish): NewEffect {
  const at = new Date(wish.nowMs).toISOString();
  const effectKey = `${wish.cause}/${wish.rule}/${wish.step}`;
  const base = {
    id: wish.id,
    effectKey,
    retryKey: uuidv5(RETRY_KEYS, effectKey),
    connection: wish.connection,
    action: wish.actionName,
    class: wish.effectClass,
    kind: wish.kind,
    personId: wish.personId,
    runId: wish.runId,
    rule: wish.rule,
    step: wish.step,
    cause: wish.cause,
    thread: wish.thread,
    answeredEffect: wish.answeredEffect,
    plannedAt: at,
    dueAt: at,
  };
  const dead = (code: string, reason: string, input: JsonObject): NewEffect => ({
    ...base,
    target: wish.id,
    input,
    state: 'dead',
    code,
    reason,
  });
  if ('missing' in wish.rendered) {
    const names = wish.rendered.missing.join(', ');
    return dead('missing_value', `[${wish.rule}] ${names} has no value: give it one, or a default in the text`, {});
  }
  if ('failed' in wish.rendered) return dead('template_failed', `[${wish.rule}] ${wish.rendered.failed}`, {});
  const written = wish.rendered.ok;
  try {
    const input = wish.action.bind(written, wish.scope, wish.config);
    return { ...base, target: wish.action.target(input), input, state: 'planned', code: null, reason: null };
  } catch (error) {
    if (error instanceof HubError) return dead(error.code, error.message, written);
    if (error instanceof z.ZodError)
      return dead('invalid_input', `[${wish.connection}.${wish.actionName}] ${z.prettifyError(error)}`, written);
    throw error;
  }
}
