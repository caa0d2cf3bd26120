import { z } from 'zod';
import type { Path, Problem } from './problem.ts';
import { listAllowed, suggest } from './suggest.ts';
import type { YamlDocument } from './yaml-document.ts';

type Issue = z.core.$ZodIssue;

/** Turns what a schema found wrong into problems with their place and what is allowed there. Values are never repeated: they may be secrets. */
export function zodProblems(document: YamlDocument, schema: z.ZodType, error: z.ZodError, base: Path = []): Problem[] {
  return error.issues.flatMap((issue) => issueProblems(document, schema, issue, base));
}

function issueProblems(document: YamlDocument, schema: z.ZodType, issue: Issue, base: Path): Problem[] {
  const path = [...base, ...(issue.path as Path)];
  if (issue.code === 'unrecognized_keys') {
    const allowed = keysAt(schema, issue.path as Path);
    return issue.keys.map((key) =>
      document.problem([...path, key], `unknown key; allowed: ${listAllowed(allowed)}`, {
        at: 'key',
        hint: suggest(key, allowed),
      }),
    );
  }
  if (issue.code === 'invalid_union') return unionProblems(document, schema, issue, path, base);
  if (issue.code === 'invalid_value') return [valueProblem(document, issue.values, path)];
  if (issue.code === 'invalid_key') {
    return [
      document.problem(path, `the key is not allowed: ${issue.issues.map(({ message }) => message).join('; ')}`, {
        at: 'key',
      }),
    ];
  }
  return [document.problem(path, messageOf(issue))];
}

function messageOf(issue: Issue): string {
  if (issue.code === 'invalid_type' && /received undefined/.test(issue.message))
    return `is missing (expected ${issue.expected})`;
  return issue.message.replace(/^Invalid input: /, '');
}

function valueProblem(document: YamlDocument, values: readonly unknown[], path: Path): Problem {
  const allowed = values.map(String);
  const given = valueAt(document.value, path);
  return document.problem(path, `not one of: ${listAllowed(allowed)}`, {
    hint: typeof given === 'string' ? suggest(given, allowed) : undefined,
  });
}

/** Of the forms a union offers, the one that fits best explains it best. */
function unionProblems(
  document: YamlDocument,
  schema: z.ZodType,
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: Path,
  base: Path,
): Problem[] {
  const depth = (issues: readonly Issue[]): number => Math.max(0, ...issues.map((each) => each.path.length));
  const best = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
  const isDeeper = best !== undefined && (depth(best) > 0 || best.some(({ code }) => code === 'unrecognized_keys'));
  if (!isDeeper) {
    const forms = [...new Set(issue.errors.flat().map(messageOf))];
    return [document.problem(path, forms.length > 0 ? forms.join(', or ') : messageOf(issue))];
  }
  return best.flatMap((each) =>
    issueProblems(document, schema, { ...each, path: [...issue.path, ...each.path] } as Issue, base),
  );
}

/** The keys the schema allows at a path; of a union, those of all its object forms. */
function keysAt(schema: z.ZodType, path: Path): string[] {
  const forms = path.reduce<z.ZodType[]>((at, step) => at.flatMap((each) => childSchemas(each, step)), unwrap(schema));
  return [...new Set(forms.flatMap((each) => (each instanceof z.ZodObject ? Object.keys(each.shape) : [])))];
}

function childSchemas(schema: z.ZodType, step: string | number): z.ZodType[] {
  if (schema instanceof z.ZodObject) {
    const child = (schema.shape as Record<string, z.ZodType>)[step] ?? schema.def.catchall;
    return child ? unwrap(child as z.ZodType) : [];
  }
  if (schema instanceof z.ZodRecord) return unwrap(schema.valueType as z.ZodType);
  if (schema instanceof z.ZodArray) return unwrap(schema.element as z.ZodType);
  return [];
}

function unwrap(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).flatMap(unwrap);
  if (schema instanceof z.ZodPipe) return unwrap(schema.in as z.ZodType);
  if (schema instanceof z.ZodLazy) return unwrap(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  return [schema];
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[step] : undefined),
    value,
  );
}
