import { Environment } from '@marcbachmann/cel-js';
import type { FieldSpec, FieldSpecs } from '../model/entities.ts';
import type { JsonObject } from '../sdk/json.ts';
import { activityFields, type CustomFields, type EventKinds, liftedValue, recordFields } from './canonical-fields.ts';
import { type Evaluation, type ExpressionContext, registerFunctions } from './cel-functions.ts';
import type { SafetyScope } from './cel-safety.ts';
import { cap, recordClass } from './cel-values.ts';

/** CEL has no step budget, so what an expression may be is bounded instead. */
export const EXPRESSION_LIMITS = { characters: 4_000, nodes: 300, depth: 40 } as const;

export interface MappingScope {
  /** The record as the tool gave it. */
  readonly r: JsonObject;
}

export interface RuleScope {
  readonly activity: JsonObject | null;
  readonly person: JsonObject | null;
  readonly deal: JsonObject | null;
  readonly points: number;
  /** Rule name → this subject's run of it that has not ended. */
  readonly runs: Readonly<Record<string, { readonly id: string }>>;
}

/** One kind of scope: its CEL environment and how the variables are laid out for it. */
export interface ExpressionScope<S> extends SafetyScope {
  readonly environment: Environment;
  readonly layOut: (
    scope: S,
    context: ExpressionContext,
    isCapped: boolean,
  ) => { variables: Record<string, unknown>; isCut: boolean };
}

function newEnvironment(evaluation: Evaluation): Environment {
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    limits: { maxAstNodes: EXPRESSION_LIMITS.nodes, maxDepth: EXPRESSION_LIMITS.depth },
  });
  registerFunctions(environment, evaluation);
  registerMixedArithmetic(environment);
  // A box nobody ticked: `!person.doNotContact` holds for null too.
  environment.registerOperator('!null: bool', () => true);
  return environment;
}

/** JSON numbers are doubles and literals are ints: `r.x + 1` needs both. */
function registerMixedArithmetic(environment: Environment): void {
  const operators: Record<string, (left: number, right: number) => number> = {
    '+': (left, right) => left + right,
    '-': (left, right) => left - right,
    '*': (left, right) => left * right,
    '/': (left, right) => left / right,
    '%': (left, right) => left % right,
  };
  for (const [operator, apply] of Object.entries(operators)) {
    const mixed = (left: unknown, right: unknown) => apply(Number(left), Number(right));
    environment.registerOperator(`double ${operator} int: double`, mixed);
    environment.registerOperator(`int ${operator} double: double`, mixed);
  }
  environment.registerOperator('double % double: double', (left: number, right: number) => left % right);
  environment.registerOperator(
    'double == int: bool',
    (left: unknown, right: unknown) => Number(left) === Number(right),
  );
}

export function scopeOfMapping(evaluation: Evaluation): ExpressionScope<MappingScope> {
  const environment = newEnvironment(evaluation).registerVariable('r', 'dyn').registerVariable('now', 'double');
  const layOut: ExpressionScope<MappingScope>['layOut'] = ({ r }, { nowMs }, isCapped) => {
    const { value, isCut } = isCapped ? cap(r) : { value: r, isCut: false };
    return { variables: { r: value, now: nowMs }, isCut };
  };
  return { environment, layOut, records: {}, variables: ['r', 'now'] };
}

export function scopeOfRule(
  evaluation: Evaluation,
  per: 'person' | 'deal',
  { customFields, events }: { readonly customFields: CustomFields; readonly events: EventKinds },
): ExpressionScope<RuleScope> {
  const environment = newEnvironment(evaluation);
  const activity = activityFields(customFields, events);
  const records: Record<string, FieldSpecs> = { activity, person: recordFields('person', customFields) };
  if (per === 'deal') records.deal = recordFields('deal', customFields);
  const classes = Object.entries(records).map(([name, fields]) => {
    const extra = name === 'activity' ? liftedValue : () => null;
    const Record = recordClass(fields, extra);
    environment.registerType(`${name}_record`, { ctor: Record, fields: celTypes(fields) });
    environment.registerVariable(name, `${name}_record`);
    return [name, Record] as const;
  });
  environment
    .registerVariable('points', 'double')
    .registerVariable('runs', 'map<string, dyn>')
    .registerVariable('now', 'double');
  const layOut: ExpressionScope<RuleScope>['layOut'] = (scope, { nowMs }, isCapped) => {
    const variables: Record<string, unknown> = { points: scope.points, runs: scope.runs, now: nowMs };
    let isCutAnywhere = false;
    for (const [name, Record] of classes) {
      const data = scope[name as 'activity' | 'person' | 'deal'] ?? {};
      const { value, isCut } = isCapped ? cap(data) : { value: data, isCut: false };
      isCutAnywhere ||= isCut;
      variables[name] = new Record(value);
    }
    return { variables, isCut: isCutAnywhere };
  };
  return { environment, layOut, records, variables: [...Object.keys(records), 'points', 'runs', 'now'] };
}

/** Each type is nullable (`dyn<…>`): a comparison of the wrong types is found at load, one with null at evaluation. */
function celTypes(fields: FieldSpecs): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, { type }]) => [name, celType(type)]));
}

function celType(type: FieldSpec['type']): string {
  if (type === 'enumSet' || type === 'json') return 'dyn';
  if (type === 'bool') return 'dyn<bool>';
  return type === 'int' || type === 'decimal' || type === 'money' || type === 'datetime'
    ? 'dyn<double>'
    : 'dyn<string>';
}
