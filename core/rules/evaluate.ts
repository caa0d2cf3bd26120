import type { CompiledRule } from '../config/compile-rule.ts';
import type { ExpressionContext, RuleScope } from '../config/expressions.ts';
import type { JsonObject } from '../sdk/json.ts';
import type { ActivityRow } from '../store/activities.ts';
import type { RunRow } from '../store/runs.ts';

/** A sign that counted: shown in alerts. */
export interface Sign {
  readonly kind: string;
  readonly occurredAtMs: number;
  readonly activity: JsonObject;
}

export interface EvaluationInput {
  /** The activity that woke the rule; null when a changed field did. */
  readonly activity: ActivityRow | null;
  readonly person: JsonObject;
  readonly deal: JsonObject | null;
  /** The subject's activities up to and including this one, oldest first. */
  readonly history: readonly ActivityRow[];
  /** The subject's runs that wait or started within the longest cooldown. */
  readonly runs: readonly RunRow[];
  readonly context: ExpressionContext;
}

export type Evaluation =
  | { readonly fires: true; readonly points: number; readonly signs: readonly Sign[]; readonly scope: RuleScope }
  | { readonly fires: false; readonly reason: string };

/** Signs older than this never count, unless the rule's own window is shorter. */
export const DEFAULT_SIGN_WINDOW_MS = 7 * 24 * 3_600_000;

/** Whether a rule fires for one subject, and why not. Pure; one run of a rule at a time per subject. */
export function evaluateRule(rule: CompiledRule, input: EvaluationInput): Evaluation {
  const own = input.runs.filter((run) => run.rule === rule.name && !isAnswer(run));
  if (own.some((run) => run.state === 'waiting')) return { fires: false, reason: 'a run of this rule is under way' };
  const { cooldownMs } = rule;
  if (
    cooldownMs !== null &&
    own.some((run) => run.state !== 'failed' && input.context.nowMs - run.startedAtMs < cooldownMs)
  ) {
    return { fires: false, reason: 'cooldown' };
  }
  const { points, signs } = countPoints(rule, input);
  const scope = scopeOf(input, points);
  if (rule.condition) {
    const { value, reason } = rule.condition.test(scope, input.context);
    if (!value) return { fires: false, reason: reason ?? 'the condition is false' };
  }
  return { fires: true, points, signs, scope };
}

function countPoints(rule: CompiledRule, input: EvaluationInput): { points: number; signs: Sign[] } {
  let points = 0;
  const signs: Sign[] = [];
  for (const [kind, spec] of Object.entries(rule.points)) {
    const sinceMs = input.context.nowMs - (spec.withinMs ?? DEFAULT_SIGN_WINDOW_MS);
    const counted = input.history.filter(
      (one) =>
        one.kind === kind &&
        one.occurredAtMs >= sinceMs &&
        (spec.where === null ||
          spec.where.test({ ...scopeOf(input, 0), activity: activityView(one) }, input.context).value),
    );
    if (counted.length < spec.count) continue;
    points += spec.give;
    signs.push(...counted.map((one) => ({ kind, occurredAtMs: one.occurredAtMs, activity: activityView(one) })));
  }
  return { points, signs: signs.sort((a, b) => a.occurredAtMs - b.occurredAtMs) };
}

/** An activity as conditions and templates see it. */
export function activityView(activity: ActivityRow): JsonObject {
  return {
    id: activity.id,
    kind: activity.kind,
    direction: activity.direction,
    occurredAt: activity.occurredAtMs,
    subject: activity.subject,
    body: activity.body,
    channel: activity.channel,
    connection: activity.connection,
    outcome: activity.outcome,
    metadata: activity.metadata,
  };
}

export function scopeOf(
  input: Pick<EvaluationInput, 'activity' | 'person' | 'deal' | 'runs'>,
  points: number,
): RuleScope {
  return {
    activity: input.activity === null ? null : activityView(input.activity),
    person: input.person,
    deal: input.deal,
    points,
    runs: openRuns(input.runs),
  };
}

/** The run of a pressed button: neither a firing of its rule nor a reason not to fire. */
const isAnswer = (run: RunRow) => run.cause.startsWith(ANSWER_CAUSE);

/** What the causes of answers begin with. */
export const ANSWER_CAUSE = 'signal:';

/** The subject's runs that are not ended, by rule name; of several the newest. */
export const openRuns = (runs: readonly RunRow[]): Record<string, { id: string }> =>
  Object.fromEntries(
    runs.filter((run) => run.state === 'waiting' && !isAnswer(run)).map((run) => [run.rule, { id: run.id }]),
  );
