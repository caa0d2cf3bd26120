import {
  AssignTag,
  type Context,
  evalToken,
  type Filter,
  Output,
  type Template,
  type Token,
  TypeGuards,
  toValueSync,
  type Value,
} from 'liquidjs';

/** The register of a render that collects what was missing. */
export const MISSING_REGISTER = 'missing';

/**
 * Puts guards into every place a template prints or assigns: a value that is null, absent or blank and has no `default` is noted,
 * so that a message with a gap is held instead of sent.
 */
export function guardTemplates(templates: readonly Template[]): void {
  for (const template of templates) {
    // An assign keeps its value private; nothing else tells what it reads.
    if (template instanceof AssignTag) guardAssigned((template as unknown as { value: Value }).value);
    else if (template instanceof Output) guardPrinted(template.value);
    guardTemplates(childrenOf(template));
  }
}

/** The templates inside a tag. */
export function childrenOf(template: Template): Template[] {
  return template.children ? (toValueSync(template.children(false, true)) as Template[]) : [];
}

/** What a value reads first, as written: `person.lastName`. */
export function sourceOf(value: Value): Token | undefined {
  return value.initial.postfix.find((token) => TypeGuards.isPropertyAccessToken(token));
}

function guardPrinted(value: Value): void {
  const escapeFilter = value.filters.pop();
  const name = sourceOf(value)?.getText() ?? 'text';
  const ownFilters = [...value.filters];
  const isBlankMeant = ownFilters.some(({ name: filter, args }) => filter === 'default' && isEmptyText(args[0]));
  value.filters.unshift(...inputGuards(value, name));
  if (!isBlankMeant) value.filters.push(guard('printed', noteBlank(name)));
  if (escapeFilter) value.filters.push(escapeFilter);
}

/** `{% assign x = person.a %}` alone may be asked about later; with a filter a gap would disappear in its result. */
function guardAssigned(value: Value): void {
  if (value.filters.length > 0) value.filters.unshift(...inputGuards(value, sourceOf(value)?.getText() ?? 'text'));
}

function inputGuards(value: Value, name: string): Filter[] {
  const hasDefault = value.filters.some((filter) => filter.name === 'default');
  const args = value.filters
    .filter((filter) => filter.name !== 'default')
    .flatMap((filter) => filter.args)
    .filter((arg) => TypeGuards.isPropertyAccessToken(arg));
  const ofArguments = args.map((token) =>
    guard('argument', function* (given, context) {
      noteBlank(token.getText())(yield evalToken(token, context), context);
      return given;
    }),
  );
  return hasDefault ? ofArguments : [guard('input', noteBlank(name)), ...ofArguments];
}

type Note = (given: unknown, context: Context) => unknown;

const noteBlank =
  (name: string): Note =>
  (given, context) => {
    if (isBlank(given)) context.getRegister<Set<string>>(MISSING_REGISTER, new Set()).add(name);
    return given;
  };

/** A filter of ours; the engine only calls `render` of it. */
function guard(name: string, note: Note | ((given: unknown, context: Context) => Generator)): Filter {
  const render = function* (given: unknown, context: Context): Generator<unknown, unknown, unknown> {
    return yield note(given, context);
  };
  return { name, args: [], raw: false, render } as unknown as Filter;
}

function isBlank(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (typeof value === 'string') return value.trim() === '';
  return Array.isArray(value) && value.length === 0;
}

function isEmptyText(argument: unknown): boolean {
  return TypeGuards.isQuotedToken(argument) && /^(["'])\s*\1$/.test(argument.getText());
}
