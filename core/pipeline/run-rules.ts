import type { CompiledRule } from '../config/compile-rule.ts';
import { decideGate, type PersonFacts } from '../gate/decide.ts';
import { loadPersonFacts } from '../gate/load-facts.ts';
import { planEffect } from '../outbox/plan.ts';
import { evaluateRule, openRuns, type Sign } from '../rules/evaluate.ts';
import { type ActionStep, type Progress, runSteps } from '../rules/run-steps.ts';
import type { StaffMember } from '../sdk/action.ts';
import type { JsonObject } from '../sdk/json.ts';
import { type ActivityRow, recentActivities } from '../store/activities.ts';
import type { Queryable } from '../store/database.ts';
import { dealsOfPersons, type EntityRow } from '../store/entities.ts';
import { type RunRow, runsOfSubjects } from '../store/runs.ts';
import { actionScope, type FiringScope, localeFor, personView, templateScope } from './rule-scope.ts';
import type { Setup } from './setup.ts';
import type { RuleWrites } from './writes.ts';

export interface RuleContext {
  readonly setup: Setup;
  readonly nowMs: number;
  readonly newId: () => string;
  readonly writes: RuleWrites;
  readonly onFault: (rule: string, error: unknown) => void;
}

/** What the rules need of the persons a batch is about, read once for all of them. */
export interface RuleData {
  readonly persons: ReadonlyMap<string, EntityRow>;
  readonly facts: ReadonlyMap<string, PersonFacts>;
  readonly deals: ReadonlyMap<string, readonly EntityRow[]>;
  readonly histories: ReadonlyMap<string, readonly ActivityRow[]>;
  /** By subject; grows with the runs this batch starts. */
  readonly runs: Map<string, RunRow[]>;
}

const HISTORY_LIMIT = 1000;
const MIN_HISTORY_MS = 7 * 86_400_000;

export async function loadRuleData(
  db: Queryable,
  persons: ReadonlyMap<string, EntityRow>,
  rules: readonly CompiledRule[],
  { setup, nowMs }: Pick<RuleContext, 'setup' | 'nowMs'>,
): Promise<RuleData> {
  const ids = [...persons.keys()];
  const hasDeals = rules.some((rule) => rule.per === 'deal');
  const deals = hasDeals ? await dealsOfPersons(db, ids) : new Map<string, EntityRow[]>();
  const subjects = [...ids, ...[...deals.values()].flat().map((deal) => deal.id)];
  const found = await runsOfSubjects(db, subjects, nowMs - setup.rules.longestCooldownMs);
  const runs = new Map<string, RunRow[]>();
  for (const run of found) runs.set(run.subjectId, [...(runs.get(run.subjectId) ?? []), run]);
  const needsHistory = rules.some((rule) => setup.rules.needs.get(rule.name)?.history);
  const histories = needsHistory
    ? await recentActivities(db, ids, {
        sinceMs: nowMs - Math.max(MIN_HISTORY_MS, setup.rules.longestWindowMs ?? 0),
        limit: HISTORY_LIMIT,
      })
    : new Map<string, ActivityRow[]>();
  const facts = await loadPersonFacts(db, ids, {
    forPromotion: rules.some((rule) => setup.rules.needs.get(rule.name)?.consents),
    promotedSinceMs: nowMs - (setup.gate.cap?.perMs ?? 0),
  });
  return { persons, facts, deals, histories, runs };
}

/** What may wake rules: something a person did, or a field that changed. */
export interface Trigger {
  readonly personId: string;
  /** The fact itself: effects derive their keys from it. */
  readonly cause: string;
  readonly atMs: number;
  readonly activity: ActivityRow | null;
  /** `person.lifecycleStage`; null for an activity. */
  readonly changed: string | null;
  /** The one deal a change is about; null: every deal of the person. */
  readonly dealId: string | null;
}

/** An activity wakes nothing while nobody knows whose it is, nor while the account is in standby. */
export const activityTriggers = (activities: readonly ActivityRow[]): Trigger[] =>
  activities.flatMap((activity) =>
    activity.personId === null || activity.metadata.standby === true
      ? []
      : [
          {
            personId: activity.personId,
            cause: `${activity.connection}:${activity.sourceEventId}`,
            atMs: activity.occurredAtMs,
            activity,
            changed: null,
            dealId: null,
          },
        ],
  );

export function rulesFor({ activity, changed }: Trigger, { rules }: Setup): readonly CompiledRule[] {
  const found = activity ? rules.byActivity.get(activity.kind) : rules.byChange.get(changed ?? '');
  return found ?? [];
}

/** Evaluates the rules each trigger wakes, in time order, so that a run started by one is seen by the next. */
export function runRules(triggers: readonly Trigger[], data: RuleData, context: RuleContext): void {
  const later = new Set(triggers.flatMap((one) => one.activity?.id ?? []));
  for (const trigger of triggers) {
    if (trigger.activity) later.delete(trigger.activity.id);
    for (const rule of rulesFor(trigger, context.setup)) {
      for (const deal of subjectsOf(rule, trigger, data)) {
        fire(rule, trigger, deal, later, data, context);
      }
    }
  }
}

/** `per: person` runs once without a deal; `per: deal` once for each deal of the person, or for the one that changed. */
function subjectsOf(rule: CompiledRule, { personId, dealId }: Trigger, data: RuleData): readonly (EntityRow | null)[] {
  if (rule.per === 'person') return [null];
  return (data.deals.get(personId) ?? []).filter((deal) => dealId === null || deal.id === dealId);
}

function fire(
  rule: CompiledRule,
  trigger: Trigger,
  deal: EntityRow | null,
  later: ReadonlySet<string>,
  data: RuleData,
  context: RuleContext,
): void {
  const { personId, activity } = trigger;
  const person = data.persons.get(personId);
  if (!person) return;
  const subjectId = deal?.id ?? personId;
  const history = (data.histories.get(personId) ?? (activity ? [activity] : [])).filter((one) => !later.has(one.id));
  let run: RunRow | null = null;
  try {
    const evaluation = evaluateRule(rule, {
      activity,
      person: personView(person),
      deal: deal ? personView(deal) : null,
      history,
      runs: data.runs.get(subjectId) ?? [],
      context: context.setup.expressionContext(context.nowMs),
    });
    if (!evaluation.fires) return;
    const { scope, points, signs } = evaluation;
    run = {
      ...newRun(rule, trigger, deal, context),
      vars: { activity: scope.activity, points, signs: signs as unknown as JsonObject[] },
    };
    const addresses = data.facts.get(personId)?.addresses ?? [];
    const firing: FiringScope = { rule: scope, signs, history, addresses, runId: run.id, staffBy: null };
    const from = { rule, steps: rule.then, from: null, cause: run.cause, firing, answeredEffect: null };
    continueRun(run, from, data, context);
  } catch (error) {
    // a rule's error marks its own run failed and rolls nothing back
    context.onFault(rule.name, error);
    const failed: RunRow = {
      ...(run ?? newRun(rule, trigger, deal, context)),
      state: 'failed',
      reason: reasonOf(error),
    };
    context.writes.runs.set(failed.id, failed);
  }
}

export const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 500);

const newRun = (
  rule: CompiledRule,
  trigger: Trigger,
  deal: EntityRow | null,
  { newId, nowMs }: RuleContext,
): RunRow => ({
  id: newId(),
  rule: rule.name,
  ruleVersion: rule.version,
  subjectType: rule.per,
  subjectId: deal?.id ?? trigger.personId,
  personId: trigger.personId,
  cause: deal ? `${trigger.cause}#${deal.id}` : trigger.cause,
  state: 'done',
  position: null,
  resumeAtMs: null,
  vars: {},
  reason: null,
  startedAtMs: nowMs,
  endedAtMs: nowMs,
});

export interface Continuation {
  readonly rule: CompiledRule;
  readonly steps: CompiledRule['then'];
  /** Path of the wait that is over; null from the start. */
  readonly from: string | null;
  readonly cause: string;
  readonly firing: FiringScope;
  readonly answeredEffect: string | null;
}

/** Walks a run to its next wait or its end and plans the effects on the way. */
export function continueRun(run: RunRow, next: Continuation, data: RuleData, context: RuleContext): RunRow {
  const { setup, nowMs, writes } = context;
  const rule = {
    ...next.firing.rule,
    runs: { ...openRuns(data.runs.get(run.subjectId) ?? []), [run.rule]: { id: next.firing.runId } },
  };
  const firing = { ...next.firing, rule };
  const progress = runSteps(next.steps, next.from, {
    scope: rule,
    context: setup.expressionContext(nowMs),
    calendar: setup.calendar,
  });
  for (const step of progress.actions) planStep(step, run, { ...next, firing }, data, context);
  const moved = moveRun(run, progress, nowMs);
  writes.runs.set(run.id, moved);
  const others = (data.runs.get(run.subjectId) ?? []).filter((one) => one.id !== run.id);
  data.runs.set(run.subjectId, [...others, moved]);
  return moved;
}

function moveRun(run: RunRow, progress: Progress, nowMs: number): RunRow {
  if (progress.state === 'done') return { ...run, state: 'done', position: null, resumeAtMs: null, endedAtMs: nowMs };
  return { ...run, state: 'waiting', position: progress.at, resumeAtMs: progress.resumeAtMs, endedAtMs: null };
}

function planStep(step: ActionStep, run: RunRow, next: Continuation, data: RuleData, context: RuleContext): void {
  const { setup, nowMs, newId, writes } = context;
  const connection = setup.connections.get(step.connection);
  const open = connection?.actions[step.action];
  if (!connection || !open) throw new Error(`[rules] ${step.connection}.${step.action} is not open: check musubi.yaml`);
  const locale = localeFor(step.kind, next.firing.rule.person, setup);
  const scope = templateScope(next.firing, setup, locale);
  const thread = step.thread?.render(scope) ?? null;
  const effect = planEffect({
    id: newId(),
    connection: connection.name,
    actionName: step.action,
    action: open.action,
    config: connection.config,
    effectClass: open.effectClass,
    kind: step.kind,
    cause: next.cause,
    rule: run.rule,
    step: step.path,
    personId: run.personId,
    runId: run.id,
    rendered: thread !== null && !('ok' in thread) ? thread : step.input.render(scope, locale),
    thread: thread !== null && 'ok' in thread ? thread.ok : null,
    answeredEffect: next.answeredEffect,
    scope: actionScope(next.firing, setup, locale),
    nowMs,
  });
  if (effect.state !== 'planned') {
    writes.effects.push(effect);
    return;
  }
  const facts = run.personId === null ? null : (data.facts.get(run.personId) ?? null);
  const decision = decideGate(
    { kind: step.kind, channel: open.channel, connection: connection.name, nowMs },
    facts,
    setup.gate,
  );
  writes.decisions.push({
    id: newId(),
    at: new Date(nowMs).toISOString(),
    stage: 'planned',
    outcome: decision.outcome,
    reason: decision.reason,
    effectId: effect.id,
    runId: run.id,
    personId: run.personId,
    detail: decision.outcome === 'deferred' ? { until: new Date(decision.untilMs).toISOString() } : {},
  });
  if (decision.outcome === 'suppressed')
    writes.effects.push({ ...effect, state: 'suppressed', code: 'gate', reason: decision.reason });
  else if (decision.outcome === 'deferred')
    writes.effects.push({ ...effect, dueAt: new Date(decision.untilMs).toISOString(), reason: decision.reason });
  else writes.effects.push(effect);
}

/** What a run that started earlier knows now: its cause as it was, its person as they are. */
export function firingOf(run: RunRow, data: RuleData): FiringScope {
  const person = run.personId === null ? undefined : data.persons.get(run.personId);
  const deal =
    run.personId === null ? undefined : data.deals.get(run.personId)?.find((one) => one.id === run.subjectId);
  return {
    rule: {
      activity: (run.vars.activity ?? null) as JsonObject | null,
      person: person ? personView(person) : null,
      deal: deal ? personView(deal) : null,
      points: Number(run.vars.points ?? 0),
      runs: openRuns(data.runs.get(run.subjectId) ?? []),
    },
    signs: (run.vars.signs ?? []) as unknown as Sign[],
    history: run.personId === null ? [] : (data.histories.get(run.personId) ?? []),
    addresses: run.personId === null ? [] : (data.facts.get(run.personId)?.addresses ?? []),
    runId: typeof run.vars.askedBy === 'string' ? run.vars.askedBy : run.id,
    staffBy: (run.vars.staffBy ?? null) as unknown as StaffMember | null,
  };
}

/** The staff member behind a signal's address, when active. */
export const staffAt = (setup: Setup, by: { channel: string; id: string }): StaffMember | null =>
  setup.workspace.staff.find(
    (one) => one.active && (one as unknown as Record<string, unknown>)[by.channel] === by.id,
  ) ?? null;
