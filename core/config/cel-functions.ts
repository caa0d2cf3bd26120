import { type ASTNode, type Environment, EvaluationError, Optional, ParseError } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import type { Calendar } from '../model/calendar.ts';
import { daysBetween, isCalendarDate } from '../model/calendar-date.ts';
import { isBlank } from '../model/normalise/value.ts';
import { DAY_MS, HOUR_MS } from '../model/zone.ts';
import { MAX_LIST } from './cel-values.ts';

/** What an expression may know beside its data. Given with every evaluation: functions have no clock of their own. */
export interface ExpressionContext {
  readonly nowMs: number;
  readonly calendar: Calendar;
}

/** The evaluation that is running. Evaluations are synchronous, so a compiler has at most one. */
export interface Evaluation {
  context: ExpressionContext | null;
  /** Characters the functions may still look at: bounds `l.exists(x, has_keyword(x, '…'))` to some 50 ms. */
  charactersLeft: number;
}

export const TEXT_BUDGET = 200_000;
/** More than any message people write. */
const MAX_SEARCHED_TEXT = 20_000;
/** re2js took 16–47 ms for 5,000 characters of its worst case, so what it reads counts more. */
const MAX_MATCHED_TEXT = 5_000;
const MATCH_COST = 10;
const MAX_PATTERN = 500;
/** The last instant a Date can hold. */
const MAX_INSTANT_MS = 8.64e15;

/** One call of a function: its arguments are evaluated when asked for. */
interface Call {
  readonly evaluation: Evaluation;
  /** An Optional is opened: none is undefined. */
  readonly arg: (index: number) => unknown;
  /** As `arg`, but a path that leads nowhere is undefined instead of an error. */
  readonly argOrAbsent: (index: number) => unknown;
}

interface FunctionSpec {
  readonly name: string;
  readonly parameters: 0 | 1 | 2;
  readonly returns: 'bool' | 'double' | 'string' | 'list<string>' | 'dyn';
  /** Runs once, when the expression is read. */
  readonly prepare?: (args: readonly ASTNode[]) => unknown;
  readonly run: (call: Call, prepared: unknown) => unknown;
}

const FUNCTIONS: readonly FunctionSpec[] = [
  { name: 'has_keyword', parameters: 2, returns: 'bool', run: hasKeyword },
  { name: 're', parameters: 2, returns: 'bool', prepare: compilePattern, run: matchesPattern },
  { name: 'days_since', parameters: 1, returns: 'double', run: daysSince },
  { name: 'hours_since', parameters: 1, returns: 'double', run: hoursSince },
  { name: 'business_hours', parameters: 0, returns: 'bool', run: isBusinessTime },
  { name: 'coalesce', parameters: 2, returns: 'dyn', run: ({ argOrAbsent, arg }) => argOrAbsent(0) ?? arg(1) },
  { name: 'is_blank', parameters: 1, returns: 'bool', run: ({ argOrAbsent }) => isBlank(argOrAbsent(0)) },
  { name: 'join', parameters: 2, returns: 'dyn', run: join },
  { name: 'split', parameters: 2, returns: 'list<string>', run: split },
  { name: 'normalize', parameters: 1, returns: 'string', run: (call) => normalize(readText(call, 0)) },
  { name: 'date', parameters: 1, returns: 'string', run: dateOf },
];

/** The functions an expression may call beside CEL's own. */
export const FUNCTION_NAMES: readonly string[] = FUNCTIONS.map(({ name }) => name);

/**
 * Registers the functions as CEL macros, whose arguments stay unevaluated until asked for: that lets `coalesce` and `is_blank`
 * take a path that leads nowhere, and `re` compile its pattern when the expression is read.
 */
export function registerFunctions(environment: Environment, evaluation: Evaluation): void {
  for (const spec of FUNCTIONS) {
    if (spec.parameters === 0) {
      const run = () => spec.run({ evaluation, arg: () => undefined, argOrAbsent: () => undefined }, undefined);
      environment.registerFunction(`${spec.name}(): ${spec.returns}`, run, { async: false });
      continue;
    }
    const parameters = Array.from({ length: spec.parameters }, () => 'ast').join(', ');
    environment.registerFunction(`${spec.name}(${parameters}): ${spec.returns}`, macroOf(spec, evaluation));
  }
}

interface MacroArguments {
  readonly args: readonly ASTNode[];
}

interface Checker {
  readonly check: (node: ASTNode, scope: unknown) => unknown;
  readonly getType: (name: string) => unknown;
}

interface Runner {
  readonly run: (node: ASTNode, scope: unknown) => unknown;
}

function macroOf(spec: FunctionSpec, evaluation: Evaluation) {
  return ({ args }: MacroArguments) => {
    const prepared = spec.prepare?.(args);
    return {
      async: false,
      typeCheck(checker: Checker, _macro: unknown, scope: unknown) {
        for (const arg of args) checker.check(arg, scope);
        return checker.getType(spec.returns);
      },
      evaluate(runner: Runner, _macro: unknown, scope: unknown) {
        const arg = (index: number) => opened(runner.run(args[index] as ASTNode, scope));
        return spec.run({ evaluation, arg, argOrAbsent: (index) => orAbsent(() => arg(index)) }, prepared);
      },
    };
  };
}

const opened = (value: unknown): unknown => (value instanceof Optional ? value.orValue(undefined) : value);

const ABSENT_CODES: readonly string[] = ['no_such_key', 'index_out_of_bounds', 'optional_value_missing'];

/** True for the error of a path that leads nowhere, also through null. */
export function isAbsence(error: unknown): boolean {
  return error instanceof EvaluationError && ABSENT_CODES.includes(error.code);
}

function orAbsent(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

const fail = (code: string, message: string): never => {
  throw new EvaluationError({ code, message });
};

/** Text of an argument, counted against the budget; null and absent are ''. */
function readText({ evaluation, argOrAbsent }: Call, index: number, cost = 1, most = Number.POSITIVE_INFINITY): string {
  const value = argOrAbsent(index);
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value.slice(0, most) : String(value);
  evaluation.charactersLeft -= text.length * cost;
  if (evaluation.charactersLeft < 0) fail('too_much_text', 'the expression looks at too much text');
  return text;
}

function hasKeyword(call: Call): boolean {
  const text = fold(readText(call, 0, 1, MAX_SEARCHED_TEXT));
  const words = call.arg(1);
  return (Array.isArray(words) ? words : [words]).some((word) => {
    const folded = fold(typeof word === 'string' ? word : '');
    return folded !== '' && text.includes(folded);
  });
}

const KATAKANA = /[\u30a1-\u30f6]/g;

/** 全角・半角, case and hiragana ↔ katakana do not count. */
const fold = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(KATAKANA, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60));

function compilePattern(args: readonly ASTNode[]): RE2JS {
  const node = args[1] as ASTNode;
  if (node.op !== 'value' || typeof node.args !== 'string') {
    throw new ParseError({
      code: 'pattern_not_literal',
      message: "the pattern of re(text, 'pattern') must be a literal text",
      node,
    });
  }
  if (node.args.length > MAX_PATTERN) {
    throw new ParseError({
      code: 'pattern_too_long',
      message: `a pattern has at most ${MAX_PATTERN} characters`,
      node,
    });
  }
  try {
    return RE2JS.compile(node.args);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ParseError({ code: 'pattern_invalid', message: `the pattern cannot be read: ${why}`, node, cause });
  }
}

function matchesPattern(call: Call, pattern: unknown): boolean {
  const text = readText(call, 0, MATCH_COST, MAX_MATCHED_TEXT);
  return (pattern as RE2JS).matcher(text).find();
}

/** Whole days for a date, with a fraction for a datetime. */
function daysSince({ arg, evaluation }: Call): number {
  const { nowMs, calendar } = contextOf(evaluation);
  const value = arg(0);
  if (isDay(value)) return daysBetween(value, calendar.localDate(nowMs));
  return (nowMs - instantOf(value, calendar)) / DAY_MS;
}

function hoursSince({ arg, evaluation }: Call): number {
  const { nowMs, calendar } = contextOf(evaluation);
  return (nowMs - instantOf(arg(0), calendar)) / HOUR_MS;
}

function dateOf({ arg, evaluation }: Call): string {
  const { calendar } = contextOf(evaluation);
  const value = arg(0);
  return isDay(value) ? value : calendar.localDate(instantOf(value, calendar));
}

function isBusinessTime({ evaluation }: Call): boolean {
  const { nowMs, calendar } = contextOf(evaluation);
  return calendar.isBusinessHours(nowMs);
}

function contextOf({ context }: Evaluation): ExpressionContext {
  return context ?? fail('no_context', 'no evaluation is running');
}

const isDay = (value: unknown): value is string => typeof value === 'string' && isCalendarDate(value);

/** Epoch ms of a datetime, of a text with a zone, or of the midnight a date begins with. */
function instantOf(value: unknown, calendar: Calendar): number {
  if (isDay(value)) return calendar.at(value, '00:00');
  if (value instanceof Date) return value.getTime();
  const ms = typeof value === 'string' ? Date.parse(value) : Number(value ?? Number.NaN);
  if (Number.isFinite(ms) && Math.abs(ms) <= MAX_INSTANT_MS) return ms;
  return fail('not_a_time', value == null ? 'there is no time to compare with' : 'this is not a time');
}

/** Joins what is there. Nothing there: null when something was blank, absent when nothing was given at all. */
function join(call: Call): unknown {
  const list = call.argOrAbsent(0);
  if (!Array.isArray(list)) return list === undefined ? Optional.none() : null;
  const items = list.slice(0, MAX_LIST).map(opened);
  const words = items.filter((item) => !isBlank(item)).map(String);
  if (words.length === 0) return items.every((item) => item === undefined) ? Optional.none() : null;
  call.evaluation.charactersLeft -= words.reduce((sum, { length }) => sum + length, 0);
  if (call.evaluation.charactersLeft < 0) fail('too_much_text', 'the expression looks at too much text');
  return words.join(readText(call, 1));
}

function split(call: Call): readonly string[] {
  const text = readText(call, 0);
  return text === '' ? [] : text.split(readText(call, 1), MAX_LIST);
}

const normalize = (text: string): string => text.normalize('NFKC').trim().replaceAll(/\s+/gu, ' ');
