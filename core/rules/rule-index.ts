import type { CompiledRule, CompiledStep } from '../config/compile-rule.ts';
import { DEFAULT_SIGN_WINDOW_MS } from './evaluate.ts';

/** The rules of a workspace, found by what wakes them. */
export interface RuleIndex {
  readonly byName: ReadonlyMap<string, CompiledRule>;
  readonly byActivity: ReadonlyMap<string, readonly CompiledRule[]>;
  /** By changed field, e.g. `person.lifecycleStage`. */
  readonly byChange: ReadonlyMap<string, readonly CompiledRule[]>;
  /** The longest cooldown, so that one read of runs serves every rule. */
  readonly longestCooldownMs: number;
  /** The longest window of signs any rule counts over; null when no rule counts. */
  readonly longestWindowMs: number | null;
  /** What each rule has to have read before it is evaluated and its steps are planned. */
  readonly needs: ReadonlyMap<string, RuleNeeds>;
}

export interface RuleNeeds {
  /** It counts earlier activities, or shows them. */
  readonly history: boolean;
  /** It sends promotion, so the gate asks for consents. */
  readonly consents: boolean;
}

/** Built once at load: an activity looks at no rule that does not name its kind. */
export function indexRules(rules: readonly CompiledRule[]): RuleIndex {
  const windows = rules.flatMap((rule) =>
    Object.values(rule.points).map((spec) => spec.withinMs ?? DEFAULT_SIGN_WINDOW_MS),
  );
  return {
    byName: new Map(rules.map((rule) => [rule.name, rule])),
    byActivity: groupBy(rules, (rule) => ('activity' in rule.when ? rule.when.activity : [])),
    byChange: groupBy(rules, (rule) => ('change' in rule.when ? rule.when.change : [])),
    longestCooldownMs: Math.max(0, ...rules.map((rule) => rule.cooldownMs ?? 0)),
    longestWindowMs: windows.length === 0 ? null : Math.max(...windows),
    needs: new Map(rules.map((rule) => [rule.name, needsOf(rule)])),
  };
}

function groupBy(
  rules: readonly CompiledRule[],
  keysOf: (rule: CompiledRule) => readonly string[],
): Map<string, CompiledRule[]> {
  const groups = new Map<string, CompiledRule[]>();
  for (const rule of rules)
    for (const key of new Set(keysOf(rule))) groups.set(key, [...(groups.get(key) ?? []), rule]);
  return groups;
}

function needsOf(rule: CompiledRule): RuleNeeds {
  const actions = [...rule.then, ...Object.values(rule.on).flat()].flatMap(actionsOf);
  return {
    history: Object.keys(rule.points).length > 0 || actions.some((step) => step.input.mentions('history')),
    consents: actions.some((step) => step.kind === 'promotional'),
  };
}

type ActionStep = Extract<CompiledStep, { type: 'action' }>;

function actionsOf(step: CompiledStep): ActionStep[] {
  if (step.type === 'action') return [step];
  return step.type === 'if' ? [...step.then, ...step.else].flatMap(actionsOf) : [];
}
