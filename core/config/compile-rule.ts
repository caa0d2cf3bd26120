import { type EntityType, entityTypes } from '../model/entities.ts';
import type { EffectClass, MessageKind } from '../sdk/action.ts';
import type { CompiledInput } from './action-input.ts';
import { fieldsOf, kindsOf } from './canonical-fields.ts';
import { compileSteps } from './compile-steps.ts';
import type { Compiled, CompiledCondition } from './expressions.ts';
import type { Path, Problem } from './problem.ts';
import type { RuleContext } from './rule-context.ts';
import type { RuleDefinition } from './rule-schema.ts';
import { listAllowed, suggest } from './suggest.ts';
import type { CompiledTemplate } from './templates.ts';
import type { YamlDocument } from './yaml-document.ts';

export type CompiledStep =
  | {
      readonly type: 'action';
      /** Where the step stands (`then.1.else.0`, `on.claim.0`): its stable key inside the rule. */
      readonly path: string;
      readonly connection: string;
      readonly connector: string;
      readonly action: string;
      readonly kind: MessageKind;
      readonly effectClass: EffectClass;
      /** Messages with the same key on a connection share one thread. */
      readonly thread: CompiledTemplate | null;
      readonly input: CompiledInput;
    }
  | {
      readonly type: 'if';
      readonly path: string;
      readonly condition: CompiledCondition;
      readonly then: readonly CompiledStep[];
      readonly else: readonly CompiledStep[];
    }
  | {
      readonly type: 'wait';
      readonly path: string;
      readonly forMs: number;
      /** `10:00`: the first such time after the wait. */
      readonly at: string | null;
      readonly days: 'any' | 'business';
    };

export interface Scoring {
  readonly give: number;
  /** So many of them … */
  readonly count: number;
  /** … within this time. */
  readonly withinMs: number | null;
  readonly where: CompiledCondition | null;
}

export type RuleTest = RuleDefinition['tests'][number] & { readonly problem: (message: string) => Problem };

/** A rule whose expressions and texts were compiled; `core/rules` evaluates and runs it. */
export interface CompiledRule {
  readonly name: string;
  readonly file: string;
  /** Changes with the file's content. */
  readonly version: string;
  readonly title: { readonly ja: string; readonly en: string };
  /** Activity kinds, or changed fields such as `person.lifecycleStage`. */
  readonly when: { readonly activity: readonly string[] } | { readonly change: readonly string[] };
  readonly per: 'person' | 'deal';
  readonly condition: CompiledCondition | null;
  readonly points: Readonly<Record<string, Scoring>>;
  readonly cooldownMs: number | null;
  readonly then: readonly CompiledStep[];
  /** What a pressed button does. */
  readonly on: Readonly<Record<string, readonly CompiledStep[]>>;
  readonly tests: readonly RuleTest[];
}

export interface RuleFile {
  readonly name: string;
  readonly version: string;
  readonly document: YamlDocument;
  readonly definition: RuleDefinition;
}

/** Compiles one rule; problems are added to the context, so that all of a run are found together. */
export function compileRule({ name, version, document, definition }: RuleFile, context: RuleContext): CompiledRule {
  const { per, on } = definition;
  const condition = (source: string, path: Path): CompiledCondition =>
    settle(context.expressions.condition(source, per), document, path, context.problems);
  checkTrigger(definition, document, context);
  const points = Object.entries(definition.points).map(([kind, { give, count, within, where }]): [string, Scoring] => [
    kind,
    {
      give,
      count,
      withinMs: within ?? null,
      where: where === undefined ? null : condition(where, ['points', kind, 'where']),
    },
  ]);
  const steps = { document, context, per, condition };
  return {
    name,
    version,
    file: document.file,
    title: definition.title,
    when: definition.when,
    per,
    condition: definition.if === undefined ? null : condition(definition.if, ['if']),
    points: Object.fromEntries(points),
    cooldownMs: definition.cooldown ?? null,
    // biome-ignore lint/suspicious/noThenProperty: the operators' own word.
    then: compileSteps(definition.then, ['then'], steps),
    on: Object.fromEntries(
      Object.entries(on).map(([signal, list]) => [signal, compileSteps(list, ['on', signal], steps)]),
    ),
    tests: definition.tests.map((test, index) => ({
      ...test,
      problem: (message) => document.problem(['tests', index], message),
    })),
  };
}

/** The compiled condition; one that is never true when the source has faults, which become problems. */
function settle(
  compiled: Compiled<CompiledCondition>,
  document: YamlDocument,
  path: Path,
  problems: Problem[],
): CompiledCondition {
  if (compiled.ok) return compiled.expression;
  for (const { offset, message, hint } of compiled.faults)
    problems.push(document.problem(path, message, { offset, hint }));
  return { source: '', test: () => ({ value: false, reason: 'the condition has faults' }) };
}

function checkTrigger({ when, points }: RuleDefinition, document: YamlDocument, context: RuleContext): void {
  const kinds = kindsOf(context.events);
  const checkKind = (kind: string, path: Path, at: 'key' | 'value'): void => {
    if (kinds.includes(kind)) return;
    context.problems.push(
      document.problem(path, `no activity kind "${kind}"; allowed: ${listAllowed(kinds, 60)}`, {
        at,
        hint: suggest(kind, kinds),
      }),
    );
  };
  if ('activity' in when) {
    for (const [index, kind] of when.activity.entries()) checkKind(kind, ['when', 'activity', index], 'value');
  } else {
    for (const [index, field] of when.change.entries())
      checkChange(field, ['when', 'change', index], document, context);
  }
  for (const kind of Object.keys(points)) checkKind(kind, ['points', kind], 'key');
}

function checkChange(written: string, path: Path, document: YamlDocument, context: RuleContext): void {
  const [entity = '', field = ''] = written.split('.');
  const isEntity = (entityTypes as readonly string[]).includes(entity);
  const allowed = isEntity ? Object.keys(fieldsOf(entity as EntityType, context.customFields)) : [...entityTypes];
  if (isEntity && allowed.includes(field)) return;
  const message = isEntity
    ? `${entity} has no field "${field}"`
    : 'expected <entity>.<field>, e.g. person.lifecycleStage';
  context.problems.push(
    document.problem(path, `${message}; allowed: ${listAllowed(allowed)}`, {
      hint: suggest(isEntity ? field : entity, allowed),
    }),
  );
}
