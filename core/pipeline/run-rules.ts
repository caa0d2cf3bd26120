import type { CompiledRule } from '../config/compile-rule.ts';
import { decideGate, type PersonFacts } from '../gate/decide.ts';
import { loadPersonFacts } from '../gate/load-facts.ts';
import { planEffect } from '../outbox/plan.ts';
import { type EvaluationInput, evaluateRule, openRuns, type Sign } from '../rules/evaluate.ts';
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
    ? await recentActivities(db, ids, { sinceMs: nowMs - Math.max(MIN_HISTORY_MS, setup.rules.longestWindowMs ?? 0), limit: HISTORY_LIMIT })
    : new Map<string, ActivityRow[]>();
  const facts = await loadPersonFacts(db, ids, { consents: rules.some((rule) => setup.rules.needs.get(rule.name)?.consents) });
  return { persons, facts, deals, histories, runs };
}

/** The rules an activity may wake: none while nobody knows whose it is, and none while the account is in standby. */
export function rulesFor(activity: ActivityRow, setup: Setup): readonly CompiledRule[] {
  if (activity.personId === null || activity.metadata.standby === true) return [];
  return setup.rules.byActivity.get(activity.kind) ?? [];
}

/** Evaluates the rules each activity wakes, in time order, so that a run started by one is seen by the next. */
export function runRules(activities: readonly ActivityRow[], data: RuleData, context: RuleContext): void {
  const later = new Set(activities.map((one) => one.id));
  for (const trigger of activities) {
    later.delete(trigger.id);
    for (const rule of rulesFor(trigger, context.setup)) {
      try {
        for (const deal of subjectsOf(rule, trigger, data)) fire(rule, trigger, deal, later, data, context);
      } catch (error) {
        context.onFault(rule.name, error);
        failRun(rule, trigger, error, context);
      }
    }
  }
}

/** `per: person` runs once without a deal; `per: deal` once for each deal of the person. */
const subjectsOf = (rule: CompiledRule, trigger: ActivityRow, data: RuleData): readonly (EntityRow | null)[] =>
  rule.per === 'deal' ? (data.deals.get(trigger.personId as string) ?? []) : [null];

function fire(rule: CompiledRule, trigger: ActivityRow, deal: EntityRow | null, later: ReadonlySet<string>, data: RuleData, context: RuleContext): void {
  const personId = trigger.personId as string;
  const person = data.persons.get(personId);
  if (!person) return;
  const subjectId = deal?.id ?? personId;
  const history = (data.histories.get(personId) ?? [trigger]).filter((one) => !later.has(one.id));
  const input: EvaluationInput = {
    trigger,
    person: personView(person),
    deal: deal ? personView(deal) : null,
    history,
    runs: data.runs.get(subjectId) ?? [],
    context: context.setup.expressionContext(context.nowMs),
  };
  const evaluation = evaluateRule(rule, input);
  if (!evaluation.fires) return;
  const run: RunRow = {
    id: context.newId(),
    rule: rule.name,
    ruleVersion: rule.version,
    subjectType: rule.per,
    subjectId,
    personId,
    cause: causeOf(trigger, deal),
    state: 'done',
    position: null,
    resumeAtMs: null,
    vars: { activity: evaluation.scope.activity, points: evaluation.points, signs: evaluation.signs as unknown as JsonObject[] },
    reason: null,
    startedAtMs: context.nowMs,
    endedAtMs: context.nowMs,
  };
  const firing: FiringScope = {
    rule: evaluation.scope,
    signs: evaluation.signs,
    history,
    addresses: data.facts.get(personId)?.addresses ?? [],
    runId: run.id,
    staffBy: null,
  };
  continueRun(run, { rule, steps: rule.then, from: null, cause: run.cause, firing, answeredEffect: null }, data, context);
}

const causeOf = (trigger: ActivityRow, deal: EntityRow | null) =>
  `${trigger.connection}:${trigger.sourceEventId}${deal ? `#${deal.id}` : ''}`;

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
  const rule = { ...next.firing.rule, runs: { ...openRuns(data.runs.get(run.subjectId) ?? []), [run.rule]: { id: run.id } } };
  const firing = { ...next.firing, rule };
  const progress = runSteps(next.steps, next.from, { scope: rule, context: setup.expressionContext(nowMs), calendar: setup.calendar });
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
  const decision = decideGate({ kind: step.kind, channel: open.channel, connection: connection.name, nowMs }, facts, setup.gate);
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
  if (decision.outcome === 'suppressed') writes.effects.push({ ...effect, state: 'suppressed', code: 'gate', reason: decision.reason });
  else if (decision.outcome === 'deferred') writes.effects.push({ ...effect, dueAt: new Date(decision.untilMs).toISOString(), reason: decision.reason });
  else writes.effects.push(effect);
}

/** A rule that fails marks its own run failed and rolls nothing back. */
function failRun(rule: CompiledRule, trigger: ActivityRow, error: unknown, { writes, newId, nowMs }: RuleContext): void {
  const personId = trigger.personId as string;
  const id = newId();
  writes.runs.set(id, {
    id,
    rule: rule.name,
    ruleVersion: rule.version,
    subjectType: 'person',
    subjectId: personId,
    personId,
    cause: causeOf(trigger, null),
    state: 'failed',
    position: null,
    resumeAtMs: null,
    vars: {},
    reason: error instanceof Error ? error.message.slice(0, 500) : String(error),
    startedAtMs: nowMs,
    endedAtMs: nowMs,
  });
}

/** What a run that started earlier knows now: its cause as it was, its person as they are. */
export function firingOf(run: RunRow, data: RuleData): FiringScope {
  const person = run.personId === null ? undefined : data.persons.get(run.personId);
  const deal = run.personId === null ? undefined : data.deals.get(run.personId)?.find((one) => one.id === run.subjectId);
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
    runId: run.id,
    staffBy: null,
  };
}

/** The staff member behind a signal's address, when active. */
export const staffAt = (setup: Setup, by: { channel: string; id: string }): StaffMember | null =>
  setup.workspace.staff.find((one) => one.active && (one as unknown as Record<string, unknown>)[by.channel] === by.id) ?? null;
