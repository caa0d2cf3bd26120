import { decideGate } from '../gate/decide.ts';
import { loadPersonFacts } from '../gate/load-facts.ts';
import { resultOfFailure } from '../outbox/classify.ts';
import { planEffect } from '../outbox/plan.ts';
import type { ActionContext, ActionOutcome } from '../sdk/action.ts';
import { RejectedError } from '../sdk/errors.ts';
import { CALL_DEADLINE_MS } from '../sdk/http.ts';
import type { JsonObject } from '../sdk/json.ts';
import { type ActivityRow, insertActivities } from '../store/activities.ts';
import type { Tx } from '../store/database.ts';
import {
  type EffectResult,
  type EffectRow,
  insertEffects,
  loadReferences,
  lockDueEffects,
  markSending,
  moveEffects,
  type NewEffect,
  writeResults,
} from '../store/effects.ts';
import { touchPersons } from '../store/entities.ts';
import { appendGateDecisions, type DecisionRow } from '../store/runs.ts';
import { reached } from '../store/steps.ts';
import type { PipelineContext } from './process-batch.ts';
import type { OpenConnection, Setup } from './setup.ts';

/** Longer than the call deadline: a caller that is alive always writes its result under its own fence. */
export const LEASE_SECONDS = 15;

export interface ClaimedEffect {
  readonly effect: EffectRow;
  readonly threadRoot: JsonObject | null;
  readonly answered: JsonObject | null;
}

export interface ClaimResult {
  readonly claimed: readonly ClaimedEffect[];
  /** Effects looked at: claimed, put off, or left because another of their target goes first. */
  readonly looked: number;
}

/**
 * Claims due effects in one transaction (step S7). The gate decides again for messages to people: what may not leave now
 * is put off or suppressed, with its reason.
 */
export async function claimEffects(
  context: PipelineContext,
  options: { limit: number; without: readonly string[]; roomOf?: (connection: string) => number },
): Promise<ClaimResult> {
  const { db, nowMs } = context;
  const result = await db.transaction(async (tx) => {
    const { due: found, looked } = await lockDueEffects(tx, { nowMs, limit: options.limit, without: options.without });
    const due = withinRoom(found, options.roomOf ?? (() => options.limit));
    if (due.length === 0) return { claimed: [], looked: 0 };
    const go = await passGate(tx, due, context);
    await markSending(
      tx,
      go.map((one) => one.id),
      LEASE_SECONDS,
    );
    const references = await loadReferences(tx, {
      threads: go.flatMap((one) => (one.thread === null ? [] : [{ connection: one.connection, thread: one.thread }])),
      answered: go.flatMap((one) => one.answeredEffect ?? []),
    });
    const claimed = go.map((effect) => ({
      effect: {
        ...effect,
        attempts: effect.attempts + 1,
        fence: effect.fence + 1,
        isAfterUnknown: effect.isAfterUnknown || effect.state === 'sending',
      },
      threadRoot:
        effect.thread === null ? null : (references.threads.get(`${effect.connection}\n${effect.thread}`) ?? null),
      answered: effect.answeredEffect === null ? null : (references.answered.get(effect.answeredEffect) ?? null),
    }));
    return { claimed, looked };
  });
  if (result.claimed.length > 0) reached('S7');
  return result;
}

/** The first effects of each connection, as many as it has room for. */
function withinRoom(due: readonly EffectRow[], roomOf: (connection: string) => number): EffectRow[] {
  const taken = new Map<string, number>();
  return due.filter(({ connection }) => {
    const count = taken.get(connection) ?? 0;
    taken.set(connection, count + 1);
    return count < roomOf(connection);
  });
}

/** An effect that may have gone out already is not stopped any more: stopping it would hide what happened. */
async function passGate(tx: Tx, due: readonly EffectRow[], context: PipelineContext): Promise<EffectRow[]> {
  const { setup, nowMs, newId } = context;
  const asked = due.filter((one) => one.kind !== 'staff' && one.state === 'planned' && !one.isAfterUnknown);
  const personIds = [...new Set(asked.flatMap((one) => one.personId ?? []))];
  const facts = await loadPersonFacts(tx, personIds, {
    forPromotion: asked.some((one) => one.kind === 'promotional'),
    promotedSinceMs: nowMs - (setup.gate.cap?.perMs ?? 0),
  });
  const moves: Parameters<typeof moveEffects>[1][number][] = [];
  const decisions: DecisionRow[] = [];
  for (const effect of asked) {
    const open = setup.connections.get(effect.connection)?.actions[effect.action];
    const person = effect.personId === null ? null : (facts.get(effect.personId) ?? null);
    const request = { kind: effect.kind, channel: open?.channel ?? '', connection: effect.connection, nowMs };
    const decision = decideGate(request, person, setup.gate);
    if (decision.outcome === 'allowed') {
      // reserves the cap: the next effect of this claim counts it
      if (person && effect.kind === 'promotional')
        facts.set(effect.personId as string, { ...person, promotedAtMs: [...person.promotedAtMs, nowMs] });
      continue;
    }
    const dueAt = new Date(decision.outcome === 'deferred' ? decision.untilMs : nowMs).toISOString();
    const state = decision.outcome === 'deferred' ? ('planned' as const) : ('suppressed' as const);
    moves.push({ id: effect.id, state, dueAt, reason: decision.reason, code: 'gate' });
    const { outcome, reason } = decision;
    const at = new Date(nowMs).toISOString();
    decisions.push({
      id: newId(),
      at,
      stage: 'delivered',
      outcome,
      reason,
      effectId: effect.id,
      runId: effect.runId,
      personId: effect.personId,
      detail: {},
    });
  }
  await moveEffects(tx, moves);
  await appendGateDecisions(tx, decisions);
  const moved = new Set(moves.map((one) => one.id));
  return due.filter((one) => !moved.has(one.id));
}

/** What came of one attempt. */
export type Attempt = { readonly claimed: ClaimedEffect } & (
  | { readonly outcome: ActionOutcome }
  | { readonly error: unknown }
);

/** Calls the tool for one claimed effect, within the call deadline. Never throws. */
export async function attempt(claimed: ClaimedEffect, setup: Setup, nowMs: number): Promise<Attempt> {
  const { effect } = claimed;
  const connection = setup.connections.get(effect.connection);
  const open = connection?.actions[effect.action];
  if (!connection || !open) {
    const error = new RejectedError(
      `[${effect.connection}] ${effect.action} is not open: check musubi.yaml, then retry`,
      { code: 'action_gone' },
    );
    return { claimed, error };
  }
  const context = actionContext(claimed, connection, nowMs);
  try {
    const found = effect.isAfterUnknown && open.action.probe ? await open.action.probe(effect.input, context) : null;
    reached('S8');
    const outcome = found ?? (await open.action.perform(effect.input, context));
    return { claimed, outcome };
  } catch (error) {
    return { claimed, error };
  }
}

function actionContext(
  { effect, threadRoot, answered }: ClaimedEffect,
  connection: OpenConnection,
  nowMs: number,
): ActionContext<unknown> {
  return {
    config: connection.config,
    connection: connection.name,
    effectKey: effect.effectKey,
    effectId: effect.id,
    retryKey: effect.retryKey,
    attempt: effect.attempts,
    isAfterUnknown: effect.isAfterUnknown,
    plannedAtMs: effect.plannedAtMs,
    nowMs,
    answered,
    threadRoot,
    signal: AbortSignal.timeout(CALL_DEADLINE_MS),
    memo: connection.memo,
  };
}

export interface Settlement {
  readonly result: EffectResult;
  /** How long the whole connection should rest (rate limit, refused credentials); null when it need not. */
  readonly pauseMs: number | null;
  readonly isAuth: boolean;
  readonly replacement: NewEffect | null;
  readonly activity: ActivityRow | null;
}

/** Turns an attempt into what is written about it. Pure but for ids and jitter. */
export function settleAttempt(done: Attempt, context: PipelineContext): Settlement {
  const { effect } = done.claimed;
  const nowAt = new Date(context.nowMs).toISOString();
  const connection = context.setup.connections.get(effect.connection);
  if ('error' in done) {
    const { isAuth, pauseMs, ...result } = resultOfFailure(effect, done.error, {
      connector: connection?.connector ?? '',
      nowMs: context.nowMs,
      jitter: Math.random(),
    });
    return { result, isAuth, pauseMs, replacement: null, activity: null };
  }
  const { outcome } = done;
  const base = { id: effect.id, fence: effect.fence, dueAt: nowAt, isAfterUnknown: effect.isAfterUnknown, code: null };
  const rest = { isAuth: false, pauseMs: null };
  if (outcome.status === 'replaced') {
    const replacement = replacementOf(effect, outcome, connection, context);
    return {
      ...rest,
      result: { ...base, state: 'replaced', result: null, reason: outcome.reason },
      replacement,
      activity: null,
    };
  }
  const activity = timelineOf(effect, connection, context);
  return {
    ...rest,
    result: { ...base, state: 'confirmed', result: outcome.result, reason: null },
    replacement: null,
    activity,
  };
}

/** Reply → push: the wish goes on as another effect, its key derived from the first one's. */
function replacementOf(
  effect: EffectRow,
  outcome: Extract<ActionOutcome, { status: 'replaced' }>,
  connection: OpenConnection | undefined,
  { newId, nowMs }: PipelineContext,
): NewEffect | null {
  const open = connection?.actions[outcome.by];
  if (!connection || !open) return null;
  return planEffect({
    id: newId(),
    connection: connection.name,
    actionName: outcome.by,
    action: { ...open.action, bind: (input) => input },
    config: connection.config,
    effectClass: open.effectClass,
    kind: effect.kind,
    cause: effect.cause,
    rule: effect.rule ?? '',
    step: `${effect.step ?? ''}:${outcome.by}`,
    personId: effect.personId,
    runId: effect.runId,
    rendered: { ok: outcome.input },
    thread: null,
    answeredEffect: effect.answeredEffect,
    scope: {
      locale: 'ja',
      activity: null,
      person: null,
      addresses: [],
      owner: null,
      manager: null,
      staff: [],
      channels: {},
    },
    nowMs,
  });
}

/** A confirmed message to a person stands on their timeline. */
function timelineOf(
  effect: EffectRow,
  connection: OpenConnection | undefined,
  { newId, nowMs }: PipelineContext,
): ActivityRow | null {
  const open = connection?.actions[effect.action];
  const shown = effect.personId === null || effect.kind === 'staff' ? undefined : open?.action.activity?.(effect.input);
  if (!shown || !open) return null;
  return {
    id: newId(),
    kind: shown.kind,
    direction: 'out',
    occurredAtMs: nowMs,
    connection: effect.connection,
    sourceEventId: `effect:${effect.id}`,
    personId: effect.personId,
    linkId: null,
    subject: null,
    body: shown.body,
    channel: open.channel,
    durationSec: null,
    outcome: null,
    metadata: { effectId: effect.id },
    inboxId: null,
    mappingVersion: null,
  };
}

/** Writes the results of attempts in one transaction (step S10); a result whose fence is stale is dropped. */
export async function writeSettlements(
  settlements: readonly Settlement[],
  context: PipelineContext,
): Promise<{ written: number; planned: number }> {
  if (settlements.length === 0) return { written: 0, planned: 0 };
  reached('S9');
  const counts = await context.db.transaction(async (tx) => {
    const written = await writeResults(
      tx,
      settlements.map((one) => one.result),
      context.nowMs,
    );
    const own = settlements.filter((one) => written.has(one.result.id));
    const planned = await insertEffects(
      tx,
      own.flatMap((one) => one.replacement ?? []),
    );
    const activities = own.flatMap((one) => one.activity ?? []);
    await insertActivities(tx, activities);
    await touchPersons(
      tx,
      activities.map((one) => {
        const at = new Date(one.occurredAtMs).toISOString();
        return { id: one.personId as string, lastActivityAt: at, lastInboundAt: null, lastOutboundAt: at };
      }),
    );
    return { written: written.size, planned: planned.size };
  });
  reached('S10');
  return counts;
}
