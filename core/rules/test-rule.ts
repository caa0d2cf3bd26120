import { isDeepStrictEqual } from 'node:util';
import { type CustomFields, recordFields } from '../config/canonical-fields.ts';
import type { CompiledRule, RuleTest } from '../config/compile-rule.ts';
import type { Problem } from '../config/problem.ts';
import type { Calendar } from '../model/calendar.ts';
import { normaliseDateTime } from '../model/normalise/date.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../sdk/json.ts';
import type { ActivityRow } from '../store/activities.ts';
import type { RunRow } from '../store/runs.ts';
import { type EvaluationInput, evaluateRule, openRuns } from './evaluate.ts';
import { runSteps } from './run-steps.ts';

export interface RuleTestContext {
  readonly calendar: Calendar;
  readonly timeZone: string;
  readonly customFields: CustomFields;
}

/** What a rule did with a test's data. */
export interface RuleTrial {
  readonly fires: boolean;
  /** `<connector>.<action>` in order. */
  readonly actions: readonly string[];
  /** Why it did not fire. */
  readonly reason: string | null;
}

/** A rule's own test that does not hold. */
export interface RuleFailure extends Problem {
  readonly expected: JsonValue;
  readonly got: JsonValue;
}

/** Runs a rule's own tests. Pure: nothing is sent, nothing is read. */
export function testRule(rule: CompiledRule, context: RuleTestContext): readonly RuleFailure[] {
  return rule.tests.flatMap(({ given, expect, problem }): RuleFailure[] => {
    const tried = tryInTest(rule, given, context);
    if (typeof tried === 'string') return [{ ...problem(tried), expected: null, got: null }];
    const expected: JsonObject = expect.actions
      ? { fires: expect.fires, actions: expect.actions }
      : { fires: expect.fires };
    const got: JsonObject = expect.actions
      ? { fires: tried.fires, actions: [...tried.actions] }
      : { fires: tried.fires };
    if (isDeepStrictEqual(expected, got)) return [];
    const why = tried.reason === null ? '' : ` (${tried.reason})`;
    return [{ ...problem(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}${why}`), expected, got }];
  });
}

/** A fault in the test itself (an unreadable time), or in the rule's steps, is its failure: the other tests go on. */
function tryInTest(rule: CompiledRule, given: RuleTest['given'], context: RuleTestContext): RuleTrial | string {
  try {
    return tryRule(rule, given, context);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The person and, for `per: deal`, the deal of every test. */
const SUBJECT = '00000000-0000-7000-8000-000000000000';
/** Stops a walk whose waits end nowhere. */
const MOST_WAITS = 100;

/**
 * Evaluates a rule for the data of a test and walks its steps to the end. A wait is taken for over: the clock moves on, the data
 * stays as given.
 * @throws Error when a time of the test cannot be read.
 */
export function tryRule(rule: CompiledRule, given: RuleTest['given'], context: RuleTestContext): RuleTrial {
  const nowMs = Date.parse(given.now);
  const silent = (reason: string): RuleTrial => ({ fires: false, actions: [], reason });
  const activity = triggerOf(rule, given, nowMs, context);
  if (activity && 'activity' in rule.when && !rule.when.activity.includes(activity.kind)) {
    return silent(`${activity.kind} does not wake it; it looks at ${rule.when.activity.join(', ')}`);
  }
  if (rule.per === 'deal' && given.deal === undefined) return silent('per: deal, and the test gives no deal');
  const earlier = given.history.map((one, index) => activityOf(one, `history.${index}`, null, context));
  const input: EvaluationInput = {
    activity,
    person: withTimes({ id: SUBJECT, ...given.person }, 'person', context),
    deal: given.deal === undefined ? null : withTimes({ id: SUBJECT, ...given.deal }, 'deal', context),
    history: [...earlier, ...(activity ? [activity] : [])].sort((a, b) => a.occurredAtMs - b.occurredAtMs),
    runs: Object.entries(given.runs).map(([name, { id }]) => waitingRun(name, id, rule.per, nowMs)),
    context: { nowMs, calendar: context.calendar },
  };
  const evaluation = evaluateRule(rule, input);
  if (!evaluation.fires) return silent(evaluation.reason);
  const runs = { ...openRuns(input.runs), [rule.name]: { id: SUBJECT } };
  return { fires: true, actions: actionsOf(rule, { ...evaluation.scope, runs }, nowMs, context), reason: null };
}

function actionsOf(
  rule: CompiledRule,
  scope: Parameters<typeof runSteps>[2]['scope'],
  startMs: number,
  { calendar }: RuleTestContext,
): string[] {
  const actions: string[] = [];
  let from: string | null = null;
  let nowMs = startMs;
  for (let waits = 0; waits < MOST_WAITS; waits++) {
    const progress = runSteps(rule.then, from, { scope, context: { nowMs, calendar }, calendar });
    actions.push(...progress.actions.map((step) => `${step.connector}.${step.action}`));
    if (progress.state === 'done') break;
    from = progress.at;
    nowMs = progress.resumeAtMs;
  }
  return actions;
}

function triggerOf(
  rule: CompiledRule,
  given: RuleTest['given'],
  nowMs: number,
  context: RuleTestContext,
): ActivityRow | null {
  if (!('activity' in rule.when)) return null;
  const [kind = ''] = rule.when.activity;
  return activityOf({ kind, ...given.activity }, 'activity', nowMs, context);
}

/** Keys of a test's activity that are its own; any other stands in its metadata, as in `path: /pricing`. */
const OWN_KEYS = ['kind', 'direction', 'subject', 'body', 'channel', 'connection', 'outcome'] as const;
const TIME_KEYS: readonly string[] = ['at', 'occurredAt'];

function activityOf(
  written: JsonObject,
  where: string,
  defaultMs: number | null,
  context: RuleTestContext,
): ActivityRow {
  const { id, sourceEventId, durationSec, metadata, ...rest } = written;
  const known: readonly string[] = [...OWN_KEYS, ...TIME_KEYS];
  const lifted = Object.fromEntries(Object.entries(rest).filter(([key]) => !known.includes(key)));
  const text = (value: JsonValue | undefined): string | null => (typeof value === 'string' ? value : null);
  return {
    id: text(id) ?? `${where}`,
    kind: text(written.kind) ?? '',
    direction: text(written.direction),
    occurredAtMs: timeOf(written, where, defaultMs, context),
    connection: text(written.connection) ?? 'test',
    sourceEventId: text(sourceEventId) ?? where,
    personId: SUBJECT,
    linkId: null,
    subject: text(written.subject),
    body: text(written.body),
    channel: text(written.channel),
    durationSec: typeof durationSec === 'number' ? durationSec : null,
    outcome: text(written.outcome),
    metadata: { ...lifted, ...(isJsonObject(metadata) ? metadata : {}) },
    inboxId: null,
    mappingVersion: null,
  };
}

function timeOf(written: JsonObject, where: string, defaultMs: number | null, { timeZone }: RuleTestContext): number {
  const key = written.occurredAt === undefined ? 'at' : 'occurredAt';
  const raw = written[key];
  if (raw === undefined && defaultMs !== null) return defaultMs;
  const ms = normaliseDateTime(raw, { timeZone });
  if (ms === undefined) throw new Error(`given.${where}.${key}: expected a time such as 2026-09-01T10:00:00+09:00`);
  return ms;
}

/** Conditions see instants as epoch ms; a test writes them out. */
function withTimes(record: JsonObject, entity: 'person' | 'deal', context: RuleTestContext): JsonObject {
  const specs = recordFields(entity, context.customFields);
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => {
      const isTime = Object.hasOwn(specs, name) && specs[name]?.type === 'datetime' && value !== null;
      return [name, isTime ? (normaliseDateTime(value, { timeZone: context.timeZone }) ?? value) : value];
    }),
  );
}

const waitingRun = (rule: string, id: string, subjectType: 'person' | 'deal', nowMs: number): RunRow => ({
  id,
  rule,
  ruleVersion: '',
  subjectType,
  subjectId: SUBJECT,
  personId: SUBJECT,
  cause: '',
  state: 'waiting',
  position: null,
  resumeAtMs: null,
  vars: {},
  reason: null,
  startedAtMs: nowMs,
  endedAtMs: null,
});
