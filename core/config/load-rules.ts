import { type CompiledRule, compileRule } from './compile-rule.ts';
import type { ConfigFile } from './config-files.ts';
import type { RuleContext } from './rule-context.ts';
import { ruleSchema } from './rule-schema.ts';
import { listAllowed, suggest } from './suggest.ts';
import { readYaml, type YamlDocument } from './yaml-document.ts';
import { zodProblems } from './zod-problems.ts';

/** Compiles the rules that apply: all of the workspace, and the shipped ones that `use:` names. */
export function loadRules(
  files: readonly ConfigFile[],
  use: readonly string[],
  main: YamlDocument,
  context: RuleContext,
): CompiledRule[] {
  const names = files.map(nameOf);
  use.forEach((name, index) => {
    if (names.includes(name)) return;
    const message = `there is no rule "${name}"; allowed: ${listAllowed(names, 60)}`;
    context.problems.push(main.problem(['use', index], message, { hint: suggest(name, names) }));
  });
  return files
    .filter((file) => !file.isShipped || use.includes(nameOf(file)))
    .flatMap((file) => loadRule(file, context) ?? []);
}

function loadRule(file: ConfigFile, context: RuleContext): CompiledRule | undefined {
  const read = readYaml(file.file, file.text);
  if (!read.ok) return void context.problems.push(...read.problems);
  const { document } = read;
  const parsed = ruleSchema.safeParse(document.value);
  if (!parsed.success) return void context.problems.push(...zodProblems(document, ruleSchema, parsed.error));
  return compileRule({ name: nameOf(file), version: file.version, document, definition: parsed.data }, context);
}

const nameOf = (file: ConfigFile): string => file.path.replace(/\.ya?ml$/, '');
