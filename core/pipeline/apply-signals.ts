import { ANSWER_CAUSE } from '../rules/evaluate.ts';
import type { JsonObject } from '../sdk/json.ts';
import type { Signal } from '../sdk/webhook.ts';
import { appendAudit } from '../store/audit.ts';
import type { Tx } from '../store/database.ts';
import { effectsById } from '../store/effects.ts';
import { loadEntities } from '../store/entities.ts';
import { lockRuns, type RunRow } from '../store/runs.ts';
import {
  continueRun,
  firingOf,
  loadRuleData,
  type RuleContext,
  type RuleData,
  reasonOf,
  staffAt,
} from './run-rules.ts';

export interface GivenSignal {
  readonly signal: Signal;
  readonly connection: string;
}

/**
 * Buttons pressed on messages we sent. Only an active staff member may answer, the first press of a message wins, and each
 * press leaves an audit row; a press nobody can act on changes nothing.
 */
export async function applySignals(tx: Tx, signals: readonly GivenSignal[], context: RuleContext): Promise<void> {
  const effects = await effectsById(tx, [...new Set(signals.map((one) => one.signal.effectId).filter(isUuid))]);
  const runIds = [...effects.values()].flatMap((effect) => effect.runId ?? []);
  const runs = await lockRuns(tx, [...new Set(runIds)]);
  const persons = await loadEntities(tx, 'person', [
    ...new Set([...runs.values()].flatMap((run) => run.personId ?? [])),
  ]);
  const rules = [...runs.values()].flatMap((run) => context.setup.rules.byName.get(run.rule) ?? []);
  const data = await loadRuleData(tx, persons, rules, context);
  for (const { signal, connection } of signals) {
    const effect = effects.get(signal.effectId);
    const run = effect?.runId ? (context.writes.runs.get(effect.runId) ?? runs.get(effect.runId)) : undefined;
    const outcome =
      effect && run && effect.connection === connection ? answer(signal, run, data, context) : 'unknown_message';
    await appendAudit(tx, [
      {
        actor: `${signal.by.channel}:${signal.by.scope}:${signal.by.id}`,
        action: `button:${signal.name}`,
        subject: `effect:${signal.effectId}`,
        detail: { outcome },
      },
    ]);
  }
}

function answer(signal: Signal, run: RunRow, data: RuleData, context: RuleContext): string {
  const { setup } = context;
  const rule = setup.rules.byName.get(run.rule);
  const steps = rule?.on[signal.name];
  if (!rule || !steps) return 'no_such_button';
  const staff = staffAt(setup, signal.by);
  if (!staff) return 'refused: not an active staff member';
  const answered = (run.vars.answered ?? {}) as JsonObject;
  if (answered[signal.effectId] !== undefined) return `already answered: ${String(answered[signal.effectId])}`;
  const marked: RunRow = { ...run, vars: { ...run.vars, answered: { ...answered, [signal.effectId]: signal.name } } };
  context.writes.runs.set(run.id, marked);
  // the answer runs on its own beside the run that asked: either may wait without touching the other
  const answer: RunRow = {
    ...run,
    id: context.newId(),
    cause: `${ANSWER_CAUSE}${signal.effectId}`,
    state: 'done',
    position: null,
    resumeAtMs: null,
    vars: { ...run.vars, askedBy: run.id, answeredEffect: signal.effectId, staffBy: staff as unknown as JsonObject },
    startedAtMs: context.nowMs,
    endedAtMs: context.nowMs,
  };
  try {
    const firing = firingOf(answer, data);
    continueRun(
      answer,
      { rule, steps, from: null, cause: answer.cause, firing, answeredEffect: signal.effectId },
      data,
      context,
    );
    return 'accepted';
  } catch (error) {
    context.onFault(rule.name, error);
    context.writes.runs.set(answer.id, { ...answer, state: 'failed', reason: reasonOf(error) });
    return 'failed';
  }
}

const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
