import {
  type ASTNode,
  TypeError as CelTypeError,
  type Environment,
  EvaluationError,
  ParseError,
} from '@marcbachmann/cel-js';
import type { JsonValue } from '../sdk/json.ts';
import type { CustomFields, EventKinds } from './canonical-fields.ts';
import { type Evaluation, type ExpressionContext, isAbsence, TEXT_BUDGET } from './cel-functions.ts';
import { checkSafety, type Fault, type SafetyScope } from './cel-safety.ts';
import { jsonOf, MAX_LIST } from './cel-values.ts';
import {
  EXPRESSION_LIMITS,
  type ExpressionScope,
  type MappingScope,
  type RuleScope,
  scopeOfMapping,
  scopeOfRule,
} from './expression-scopes.ts';
import { suggest } from './suggest.ts';

export type { ExpressionContext } from './cel-functions.ts';
export type { Fault } from './cel-safety.ts';
export { EXPRESSION_LIMITS, type MappingScope, type RuleScope } from './expression-scopes.ts';

/** `value` undefined: the data it speaks of is absent, or (`isFailed`) it could not be computed; `reason` says why. */
export interface Evaluated {
  readonly value: JsonValue | undefined;
  readonly reason?: string | undefined;
  readonly isFailed?: boolean;
}

export interface CompiledExpression<S> {
  readonly source: string;
  /** Never throws. */
  readonly run: (scope: S, context: ExpressionContext) => Evaluated;
}

export interface CompiledCondition {
  readonly source: string;
  /** Never throws; what cannot be decided (a comparison with null, a path that leads nowhere) is false with a reason. */
  readonly test: (
    scope: RuleScope,
    context: ExpressionContext,
  ) => { readonly value: boolean; readonly reason?: string | undefined };
}

export type Compiled<T> =
  | { readonly ok: true; readonly expression: T }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export interface ExpressionCompiler {
  readonly mapping: (source: string) => Compiled<CompiledExpression<MappingScope>>;
  readonly rule: (source: string, per: 'person' | 'deal') => Compiled<CompiledExpression<RuleScope>>;
  readonly condition: (source: string, per: 'person' | 'deal') => Compiled<CompiledCondition>;
}

/** Makes the CEL compiler of a workspace; costly, so make one and keep it. */
export function createExpressionCompiler(options: {
  readonly customFields: CustomFields;
  readonly events: EventKinds;
}): ExpressionCompiler {
  const evaluation: Evaluation = { context: null, charactersLeft: 0 };
  const mapping = scopeOfMapping(evaluation);
  const rules = { person: scopeOfRule(evaluation, 'person', options), deal: scopeOfRule(evaluation, 'deal', options) };
  const condition: ExpressionCompiler['condition'] = (source, per) => {
    const compiled = compile(rules[per], evaluation, source, 'bool');
    if (!compiled.ok) return compiled;
    return {
      ok: true,
      expression: { source, test: (scope, context) => decided(compiled.expression.run(scope, context)) },
    };
  };
  return {
    mapping: (source) => compile(mapping, evaluation, source, 'any'),
    rule: (source, per) => compile(rules[per], evaluation, source, 'any'),
    condition,
  };
}

function decided({ value, reason }: Evaluated): { value: boolean; reason?: string | undefined } {
  if (typeof value === 'boolean') return { value, reason };
  return { value: false, reason: reason ?? 'the condition has no value' };
}

function compile<S>(
  scope: ExpressionScope<S>,
  evaluation: Evaluation,
  source: string,
  wanted: 'any' | 'bool',
): Compiled<CompiledExpression<S>> {
  if (source.length > EXPRESSION_LIMITS.characters) {
    return { ok: false, faults: [{ offset: 0, message: `longer than ${EXPRESSION_LIMITS.characters} characters` }] };
  }
  const parsed = parse(scope.environment, source);
  if ('faults' in parsed) return { ok: false, faults: parsed.faults };
  const safety = checkSafety(parsed.ast, scope);
  if (safety.faults.length > 0) return { ok: false, faults: safety.faults };
  const { valid, type, error } = parsed.check();
  if (!valid) return { ok: false, faults: [faultOf(error, scope)] };
  if (wanted === 'bool' && !BOOL_TYPES.includes(type ?? '')) {
    return { ok: false, faults: [{ offset: 0, message: `a condition must be true or false; this is ${type}` }] };
  }
  const run: CompiledExpression<S>['run'] = (data, context) => {
    const { variables, isCut } = scope.layOut(data, context, safety.isWalkingLists);
    evaluation.context = context;
    evaluation.charactersLeft = TEXT_BUDGET;
    const result = evaluated(() => parsed(variables), type === 'bool');
    return isCut && result.reason === undefined
      ? { ...result, reason: `only the newest ${MAX_LIST} items were looked at` }
      : result;
  };
  return { ok: true, expression: { source, run } };
}

const BOOL_TYPES: readonly string[] = ['bool', 'dyn<bool>', 'dyn'];

type Parsed = ReturnType<Environment['parse']>;

function parse(environment: Environment, source: string): Parsed | { readonly faults: readonly Fault[] } {
  try {
    return environment.parse(source);
  } catch (error) {
    return { faults: [faultOf(error)] };
  }
}

function faultOf(error: unknown, scope?: SafetyScope): Fault {
  if (error instanceof CelTypeError && error.code === 'unknown_variable' && scope) {
    const name = nameOf(error.node as ASTNode | undefined);
    return {
      offset: error.range?.start ?? 0,
      message: `there is no "${name}" here; allowed: ${scope.variables.join(', ')}`,
      hint: suggest(name, scope.variables),
    };
  }
  if (error instanceof ParseError || error instanceof CelTypeError) {
    return { offset: error.range?.start ?? 0, message: error.summary };
  }
  // Anything else is a limit of the parser itself, e.g. its stack.
  return { offset: 0, message: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
}

const nameOf = (node: ASTNode | undefined): string => (node?.op === 'id' ? node.args : '');

function evaluated(run: () => unknown, isBool: boolean): Evaluated {
  try {
    return { value: jsonOf(run()) };
  } catch (error) {
    if (!(error instanceof EvaluationError)) return { value: undefined, reason: messageOf(error), isFailed: true };
    if (isAbsence(error)) return { value: undefined, reason: error.summary };
    const isNullCompared = error.code === 'no_such_overload' && error.summary.includes('null');
    if (!isNullCompared) return { value: undefined, reason: error.summary, isFailed: true };
    return { value: isBool ? false : null, reason: `${error.summary}: a value is not known` };
  }
}

/** The library throws errors of its own for values it has no type for. */
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'cannot be computed');
