import { z } from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../sdk/json.ts';
import type { ActionInfo } from './connector-info.ts';
import type { Path, Problem } from './problem.ts';
import type { TemplateScope } from './template-scope.ts';
import type { CompiledTemplate, CompiledText, Rendered } from './templates.ts';
import type { YamlDocument } from './yaml-document.ts';
import { zodProblems } from './zod-problems.ts';

/** An action's whole input, its texts as templates. */
export interface CompiledInput {
  /** Renders every template of it in one language. Never throws. */
  readonly render: (scope: TemplateScope, locale: 'ja' | 'en') => Rendered<JsonObject>;
  /** Whether a template of it speaks of this variable, e.g. `history`: what no rule shows need not be read. */
  readonly mentions: (variable: string) => boolean;
}

export interface InputOptions {
  readonly document: YamlDocument;
  readonly path: Path;
  readonly action: ActionInfo;
  readonly locale: 'ja' | 'en';
  /** `isText`: shown to a person, so inserted values are escaped for the channel. */
  readonly compile: (source: string, locale: 'ja' | 'en', isText: boolean) => CompiledText;
}

export interface CheckedInput {
  readonly input: CompiledInput;
  readonly problems: readonly Problem[];
}

type Render = (scope: TemplateScope, locale: 'ja' | 'en', gaps: Gaps) => JsonValue;

interface Gaps {
  readonly missing: Set<string>;
  readonly failed: string[];
}

/** Compiles the templates of an action's input and checks what is not a template against the action's schema. */
export function compileInput(written: JsonObject, options: InputOptions): CheckedInput {
  const problems: Problem[] = [];
  const templated: Path[] = [];
  const visit = (value: JsonValue, path: Path, isText: boolean): Render => {
    if (typeof value === 'string') return visitText(value, path, isText);
    if (Array.isArray(value)) {
      const items = value.map((item, index) => visit(item, [...path, index], isText));
      return (...given) => items.map((item) => item(...given));
    }
    if (!isJsonObject(value)) return () => value;
    if (isText && isBilingual(value)) return visitBilingual(value, path);
    const entries = Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key], isText)] as const);
    return (...given) => Object.fromEntries(entries.map(([key, item]) => [key, item(...given)]));
  };
  const visitText = (text: string, path: Path, isText: boolean, locale = options.locale): Render => {
    if (!isTemplate(text)) return () => text;
    templated.push(path);
    const compiled = options.compile(text, locale, isText);
    if (compiled.ok) return (scope, _locale, gaps) => rendered(compiled.template, scope, gaps);
    for (const { offset, message, hint } of compiled.faults) {
      problems.push(options.document.problem([...options.path, ...path], message, { offset, hint }));
    }
    return () => null;
  };
  const visitBilingual = (value: { ja: string; en: string }, path: Path): Render => {
    templated.push(path);
    const texts = {
      ja: visitText(value.ja, [...path, 'ja'], true, 'ja'),
      en: visitText(value.en, [...path, 'en'], true, 'en'),
    };
    return (scope, locale, gaps) => texts[locale](scope, locale, gaps);
  };
  const entries = Object.entries(written).map(
    ([key, value]) => [key, visit(value, [key], options.action.texts.includes(key))] as const,
  );
  problems.push(...literalProblems(written, templated, options));
  const source = JSON.stringify(written);
  const mentions = (variable: string) => new RegExp(`\\b${variable}\\b`).test(source);
  return { input: { render: (scope, locale) => renderAll(entries, scope, locale), mentions }, problems };
}

function renderAll(
  entries: readonly (readonly [string, Render])[],
  scope: TemplateScope,
  locale: 'ja' | 'en',
): Rendered<JsonObject> {
  const gaps: Gaps = { missing: new Set(), failed: [] };
  const input = Object.fromEntries(entries.map(([key, render]) => [key, render(scope, locale, gaps)]));
  const [failed] = gaps.failed;
  if (failed !== undefined) return { failed };
  return gaps.missing.size > 0 ? { missing: [...gaps.missing] } : { ok: input };
}

function rendered(template: CompiledTemplate, scope: TemplateScope, gaps: Gaps): JsonValue {
  const result = template.render(scope);
  if ('ok' in result) return result.ok;
  if ('failed' in result) gaps.failed.push(result.failed);
  else for (const name of result.missing) gaps.missing.add(name);
  return null;
}

const isTemplate = (text: string): boolean => text.includes('{{') || text.includes('{%');

function isBilingual(value: JsonObject): value is { ja: string; en: string } {
  return typeof value.ja === 'string' && typeof value.en === 'string' && Object.keys(value).length === 2;
}

/**
 * What the action's schema says of the values written out. What is missing is left alone, because the action may take it from its
 * cause, and so is what a template will fill.
 */
function literalProblems(
  written: JsonObject,
  templated: readonly Path[],
  { document, path, action }: InputOptions,
): Problem[] {
  const sample = templated.reduce<JsonObject>((at, each) => withText(at, each) as JsonObject, written);
  const parsed = action.inputSchema.safeParse(sample);
  if (parsed.success) return [];
  const issues = parsed.error.issues.filter((issue) => {
    const at = issue.path as Path;
    if (issue.code === 'unrecognized_keys') return true;
    const isFilled = templated.some((each) => at.every((step, index) => each[index] === step));
    return at.length > 0 && !isFilled && hasValue(sample, at);
  });
  return issues.length === 0 ? [] : zodProblems(document, action.inputSchema, new z.ZodError(issues), path);
}

function withText(value: JsonValue, [step, ...rest]: Path): JsonValue {
  if (step === undefined) return 'text';
  if (Array.isArray(value)) return value.map((item, index) => (index === step ? withText(item, rest) : item));
  return isJsonObject(value) ? { ...value, [step]: withText(value[step] ?? null, rest) } : value;
}

function hasValue(value: JsonValue | undefined, path: Path): boolean {
  const found = path.reduce<JsonValue | undefined>((at, step) => {
    if (Array.isArray(at)) return at[Number(step)];
    return isJsonObject(at) ? at[step] : undefined;
  }, value);
  return found !== undefined;
}
