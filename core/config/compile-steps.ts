import { z } from 'zod';
import { isJsonObject, type JsonObject } from '../sdk/json.ts';
import { compileInput } from './action-input.ts';
import type { CompiledStep } from './compile-rule.ts';
import type { ActionInfo } from './connector-info.ts';
import type { CompiledCondition } from './expressions.ts';
import type { Path } from './problem.ts';
import type { RuleContext } from './rule-context.ts';
import { actionKeys, type WrittenStep } from './rule-schema.ts';
import { listAllowed, suggest } from './suggest.ts';
import type { CompiledTemplate } from './templates.ts';
import type { YamlDocument } from './yaml-document.ts';

export interface StepOptions {
  readonly document: YamlDocument;
  readonly context: RuleContext;
  readonly per: 'person' | 'deal';
  readonly condition: (source: string, path: Path) => CompiledCondition;
}

/** Compiles a list of steps; a step that cannot be used is left out and becomes a problem. */
export function compileSteps(steps: readonly WrittenStep[], path: Path, options: StepOptions): CompiledStep[] {
  return steps.flatMap((step, index) => compileStep(step, [...path, index], options) ?? []);
}

function compileStep(step: WrittenStep, path: Path, options: StepOptions): CompiledStep | undefined {
  const key = path.join('.');
  if (step.wait) return { type: 'wait', path: key, ...step.wait };
  if (step.if === undefined) return compileAction(step, path, options);
  return {
    type: 'if',
    path: key,
    condition: options.condition(step.if, [...path, 'if']),
    // biome-ignore lint/suspicious/noThenProperty: the operators' own word.
    then: compileSteps(step.then ?? [], [...path, 'then'], options),
    else: compileSteps(step.else ?? [], [...path, 'else'], options),
  };
}

function compileAction(step: WrittenStep, path: Path, options: StepOptions): CompiledStep | undefined {
  const { document, context, per } = options;
  const [name = ''] = actionKeys(step);
  const found = findAction(name, path, options);
  const connection = found && findConnection(step, found.connector, name, path, options);
  if (!found || connection === undefined) return undefined;
  const { connector, action, info } = found;
  const written = isJsonObject(step[name]) ? step[name] : {};
  const { input, problems } = compileInput(written, {
    document,
    path: [...path, name],
    action: info,
    locale: context.locale,
    compile: (source, locale, isText) =>
      context.templates(per, locale, isText ? info.escape : undefined).compile(source),
  });
  context.problems.push(...problems);
  checkChannels(written, info, [...path, name], options);
  const thread = step.thread === undefined ? null : compileThread(step.thread, [...path, 'thread'], options);
  return {
    type: 'action',
    path: path.join('.'),
    connection,
    connector,
    action,
    kind: step.kind ?? info.kind,
    effectClass: info.effectClass,
    thread,
    input,
  };
}

interface FoundAction {
  readonly connector: string;
  readonly action: string;
  readonly info: ActionInfo;
}

function findAction(name: string, path: Path, { document, context }: StepOptions): FoundAction | undefined {
  const dot = name.indexOf('.');
  const [connector, action] = dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot + 1)];
  const info = context.connectors[connector];
  const say = (message: string, hint: string | undefined): undefined => {
    context.problems.push(document.problem([...path, name], message, { at: 'key', hint }));
  };
  if (!info || !Object.hasOwn(context.connectors, connector)) {
    const known = Object.keys(context.connectors);
    return say(
      `no connector "${connector}"; a step is <connector>.<action>, if or wait; connectors: ${listAllowed(known)}`,
      suggest(connector, known),
    );
  }
  const actions = Object.keys(info.actions);
  const found = Object.hasOwn(info.actions, action) ? info.actions[action] : undefined;
  if (found) return { connector, action, info: found };
  return say(`${connector} has no action "${action}"; allowed: ${listAllowed(actions)}`, suggest(action, actions));
}

function findConnection(
  { connection }: WrittenStep,
  connector: string,
  name: string,
  path: Path,
  { document, context }: StepOptions,
): string | undefined {
  const all = Object.entries(context.connections);
  const fitting = all.filter(([, of]) => of === connector).map(([each]) => each);
  if (connection !== undefined) {
    if (fitting.includes(connection)) return connection;
    const message = `no connection "${connection}" of ${connector}; allowed: ${listAllowed(fitting)}`;
    context.problems.push(document.problem([...path, 'connection'], message, { hint: suggest(connection, fitting) }));
    return undefined;
  }
  if (fitting.length === 1) return fitting[0];
  const message =
    fitting.length === 0
      ? `musubi.yaml has no connection of ${connector}`
      : `several connections of ${connector}: add connection: with one of ${listAllowed(fitting)}`;
  context.problems.push(document.problem([...path, name], message, { at: 'key' }));
  return undefined;
}

/** `#name` anywhere, and `channel: name` where the action takes free text there, must stand under channels: of musubi.yaml. */
function checkChannels(input: JsonObject, info: ActionInfo, path: Path, { document, context }: StepOptions): void {
  const known = Object.keys(context.channels);
  for (const [key, value] of Object.entries(input)) {
    if (typeof value !== 'string' || info.texts.includes(key)) continue;
    const isNamed =
      /^#[^\s{]+$/.test(value) ||
      (key === 'channel' && /^[a-z][a-z0-9-]*$/.test(value) && isFreeText(info.inputSchema, key));
    const name = value.replace(/^#/, '');
    if (!isNamed || known.includes(name)) continue;
    const message = `no channel "${name}" under channels: of musubi.yaml; allowed: ${listAllowed(known)}`;
    context.problems.push(document.problem([...path, key], message, { hint: suggest(name, known) }));
  }
}

function isFreeText(schema: z.ZodType, key: string): boolean {
  if (!(schema instanceof z.ZodObject)) return false;
  const field = (schema.shape as Record<string, z.ZodType>)[key];
  const inner = field instanceof z.ZodOptional ? (field.unwrap() as z.ZodType) : field;
  return inner instanceof z.ZodString;
}

function compileThread(source: string, path: Path, { document, context, per }: StepOptions): CompiledTemplate | null {
  const compiled = context.templates(per, context.locale, undefined).compile(source);
  if (compiled.ok) return compiled.template;
  for (const { offset, message, hint } of compiled.faults)
    context.problems.push(document.problem(path, message, { offset, hint }));
  return null;
}
