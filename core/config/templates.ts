import { Context, Liquid, LiquidError, Output, type Template, type Variable } from 'liquidjs';
import type { FieldSpecs } from '../model/entities.ts';
import { clean } from '../model/normalise/text.ts';
import type { Fault } from './cel-safety.ts';
import { FILTER_NAMES, restrictEngine } from './liquid-filters.ts';
import { listAllowed, suggest } from './suggest.ts';
import { childrenOf, guardTemplates, MISSING_REGISTER, sourceOf } from './template-guards.ts';
import { scopeData, type TemplateFields, type TemplateScope } from './template-scope.ts';

export type { TemplateScope } from './template-scope.ts';

/** Characters of source, milliseconds of one render, the engine's own count of objects, characters of result. */
export const TEMPLATE_LIMITS = { source: 10_000, renderMs: 250, memory: 200_000, result: 50_000 } as const;

/** `missing`: names without a value; the message is held. `failed`: it cannot be rendered at all. */
export type Rendered<T> = { readonly ok: T } | { readonly missing: readonly string[] } | { readonly failed: string };

export interface CompiledTemplate {
  readonly source: string;
  /** Never throws. */
  readonly render: (scope: TemplateScope) => Rendered<string>;
}

export type CompiledText =
  | { readonly ok: true; readonly template: CompiledTemplate }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export interface TemplateOptions {
  readonly timeZone: string;
  readonly locale: 'ja' | 'en';
  readonly fields: TemplateFields;
  /** Applied to each inserted value, never to the template's own text. */
  readonly escape?: ((value: string) => string) | undefined;
}

export interface TemplateCompiler {
  readonly compile: (source: string) => CompiledText;
}

/** Makes the Liquid compiler for texts in one language and one channel. No template can read files, the clock or prototypes. */
export function createTemplateCompiler(options: TemplateOptions): TemplateCompiler {
  const escapeValue = options.escape ?? ((value: string) => value);
  const liquid = new Liquid({
    templates: {},
    strictFilters: true,
    strictVariables: false,
    ownPropertyOnly: true,
    cache: false,
    parseLimit: TEMPLATE_LIMITS.source,
    renderLimit: TEMPLATE_LIMITS.renderMs,
    memoryLimit: TEMPLATE_LIMITS.memory,
    outputEscape: (value: unknown) => escapeValue(printed(value)),
  });
  restrictEngine(liquid, options);
  return { compile: (source) => compile(liquid, options.fields, source) };
}

/** Compiles one template with an engine of its own; to compile many, make a compiler. */
export function compileTemplate(source: string, options: TemplateOptions): CompiledText {
  return createTemplateCompiler(options).compile(source);
}

function compile(liquid: Liquid, fields: TemplateFields, source: string): CompiledText {
  const parsed = parse(liquid, source);
  if ('faults' in parsed) return { ok: false, faults: parsed.faults };
  const { templates } = parsed;
  const faults = [
    ...unknownVariables(liquid, templates, fields, source),
    ...unreadableValues(templates, fields.records),
  ];
  if (faults.length > 0) return { ok: false, faults };
  guardTemplates(templates);
  return { ok: true, template: { source, render: (scope) => render(liquid, templates, scope) } };
}

function parse(liquid: Liquid, source: string): { templates: Template[] } | { faults: readonly Fault[] } {
  try {
    return { templates: liquid.parse(source) };
  } catch (error) {
    if (!LiquidError.is(error))
      return { faults: [{ offset: 0, message: error instanceof Error ? error.message : 'cannot be read' }] };
    const message = error.originalError?.message ?? error.message;
    const filter = /undefined filter: (\w+)/.exec(message)?.[1];
    const hint = filter === undefined ? undefined : suggest(filter, FILTER_NAMES);
    return { faults: [{ offset: error.token?.begin ?? 0, message: message.split('\n')[0] ?? message, hint }] };
  }
}

function unknownVariables(
  liquid: Liquid,
  templates: Template[],
  { variables }: TemplateFields,
  source: string,
): Fault[] {
  const { globals } = liquid.analyzeSync(templates, { partials: false });
  return Object.values(globals)
    .flat()
    .flatMap((variable) => variableFault(variable, variables, source) ?? []);
}

function variableFault(variable: Variable, variables: TemplateFields['variables'], source: string): Fault | undefined {
  const [root, second] = variable.segments;
  const offset = offsetAt(source, variable.location);
  const known = Object.keys(variables);
  if (typeof root !== 'string' || !Object.hasOwn(variables, root)) {
    return {
      offset,
      message: `there is no "${String(root)}" here; allowed: ${listAllowed(known)}`,
      hint: suggest(String(root), known),
    };
  }
  const names = variables[root];
  if (!names || typeof second !== 'string' || names.includes(second)) return undefined;
  return {
    offset,
    message: `${root} has no "${second}"; allowed: ${listAllowed(names)}`,
    hint: suggest(second, names),
  };
}

function offsetAt(source: string, { row, col }: { row: number; col: number }): number {
  const lines = source.split('\n').slice(0, row - 1);
  return lines.reduce((sum, line) => sum + line.length + 1, 0) + col - 1;
}

/** An instant would print as a number and an amount as an object. */
function unreadableValues(templates: readonly Template[], records: Readonly<Record<string, FieldSpecs>>): Fault[] {
  return templates.flatMap((template) => {
    const found = unreadableValues(childrenOf(template), records);
    const token = template instanceof Output ? sourceOf(template.value) : undefined;
    if (!(template instanceof Output) || !token) return found;
    const [record = '', field = '', ...rest] = token.getText().split('.');
    const type = rest.length === 0 ? records[record]?.[field]?.type : undefined;
    const filters = template.value.filters.map(({ name }) => name);
    const needed = type === 'datetime' ? 'jdate' : type === 'money' ? 'yen' : undefined;
    if (!needed || filters.includes(needed)) return found;
    return [
      ...found,
      {
        offset: token.begin,
        message: `${record}.${field} needs a form to be read in`,
        hint: `write ${record}.${field} | ${needed}`,
      },
    ];
  });
}

function render(liquid: Liquid, templates: Template[], scope: TemplateScope): Rendered<string> {
  const missing = new Set<string>();
  const context = new Context(scopeData(scope), liquid.options, { sync: true });
  context.setRegister(MISSING_REGISTER, missing);
  try {
    const text = String(liquid.renderSync(templates, context));
    if (missing.size > 0) return { missing: [...missing] };
    if (text.length > TEMPLATE_LIMITS.result) {
      return { failed: `the text is longer than ${TEMPLATE_LIMITS.result} characters` };
    }
    // A filter may cut a character in two, and a channel must not be sent marks that turn its text around.
    return { ok: clean(text) };
  } catch (error) {
    const message = LiquidError.is(error) ? (error.originalError?.message ?? error.message) : String(error);
    return { failed: message.split('\n')[0] ?? message };
  }
}

function printed(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(printed).join(', ');
  if (typeof value === 'object') throw new TypeError('a group of values cannot be printed: name one of them');
  return String(value);
}
