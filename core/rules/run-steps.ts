import type { CompiledStep } from '../config/compile-rule.ts';
import type { ExpressionContext, RuleScope } from '../config/expressions.ts';
import { addBusinessDays, addCalendarDays, type Calendar, nextLocalTime } from '../model/calendar.ts';

export type ActionStep = Extract<CompiledStep, { type: 'action' }>;
type WaitStep = Extract<CompiledStep, { type: 'wait' }>;

/** Where a run stopped: at the wait with this path until this instant; or it ran to its end. */
export type Progress =
  | { readonly state: 'done'; readonly actions: readonly ActionStep[] }
  | {
      readonly state: 'waiting';
      readonly actions: readonly ActionStep[];
      readonly at: string;
      readonly resumeAtMs: number;
    };

export interface StepScope {
  readonly scope: RuleScope;
  readonly context: ExpressionContext;
  readonly calendar: Calendar;
}

/**
 * Walks the steps from the start, or from behind the wait at `resumeFrom`, up to the next wait or the end, and returns the
 * actions on the way in order. Pure: nothing is sent here.
 * @throws Error when `resumeFrom` is no wait of these steps (the rule was changed under the run).
 */
export function runSteps(steps: readonly CompiledStep[], from: string | null, given: StepScope): Progress {
  const walk: Walk = { actions: [], skipTo: from, given, wait: null };
  walkSteps(steps, walk);
  if (walk.skipTo !== null)
    throw new Error(`[rules] the step ${walk.skipTo} this run waited at is gone: the rule was changed`);
  return walk.wait === null
    ? { state: 'done', actions: walk.actions }
    : { state: 'waiting', actions: walk.actions, at: walk.wait.step.path, resumeAtMs: walk.wait.resumeAtMs };
}

interface Walk {
  readonly actions: ActionStep[];
  /** Steps are passed over until the wait with this path was found. */
  skipTo: string | null;
  readonly given: StepScope;
  wait: { step: WaitStep; resumeAtMs: number } | null;
}

function walkSteps(steps: readonly CompiledStep[], walk: Walk): void {
  for (const step of steps) {
    if (walk.wait !== null) return;
    if (walk.skipTo !== null) passOver(step, walk);
    else take(step, walk);
  }
}

function passOver(step: CompiledStep, walk: Walk): void {
  if (step.type === 'wait' && step.path === walk.skipTo) {
    walk.skipTo = null;
  } else if (step.type === 'if' && walk.skipTo?.startsWith(`${step.path}.`)) {
    walkSteps(walk.skipTo.startsWith(`${step.path}.then.`) ? step.then : step.else, walk);
  }
}

function take(step: CompiledStep, walk: Walk): void {
  const { scope, context, calendar } = walk.given;
  if (step.type === 'action') {
    walk.actions.push(step);
  } else if (step.type === 'if') {
    walkSteps(step.condition.test(scope, context).value ? step.then : step.else, walk);
  } else {
    walk.wait = { step, resumeAtMs: endOfWait(step, context.nowMs, calendar) };
  }
}

const DAY_MS = 86_400_000;

/**
 * Without `at`, `3d` with `days: business` is three business days at the same time of day, else the exact duration. With
 * `at`, whole days are counted on the calendar and the wait ends at that time of day, on the next business day if asked.
 */
function endOfWait({ forMs, at, days }: WaitStep, nowMs: number, calendar: Calendar): number {
  const wholeDays = forMs % DAY_MS === 0 ? forMs / DAY_MS : null;
  if (at === null)
    return days === 'business' && wholeDays !== null ? addBusinessDays(nowMs, wholeDays, calendar) : nowMs + forMs;
  const earliest =
    wholeDays === null || wholeDays === 0
      ? nowMs + forMs
      : startOfDay(addCalendarDays(nowMs, wholeDays, calendar), calendar);
  return nextLocalTime(earliest, at, calendar, { days });
}

const startOfDay = (ms: number, calendar: Calendar) => calendar.at(calendar.localDate(ms), '00:00');
