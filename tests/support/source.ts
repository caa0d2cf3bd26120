import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vitest/node';

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** One node of a syntax tree (ESTree with TypeScript), as far as the tests look into it. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

export interface Import {
  readonly from: string;
  readonly isType: boolean;
  /** The file inside the repository it leads to; null for packages and `node:` modules. */
  readonly file: string | null;
}

/** A TypeScript file, parsed: comments and types cannot be taken for code. */
export interface SourceFile {
  /** From the top of the repository, with `/`. */
  readonly file: string;
  readonly text: string;
  readonly lines: number;
  readonly body: readonly SyntaxNode[];
  readonly nodes: readonly SyntaxNode[];
  readonly imports: readonly Import[];
}

/** Every `.ts` file below these folders, in order of name. A folder that is missing has none. */
export function sourcesIn(...folders: readonly string[]): readonly SourceFile[] {
  return folders.flatMap((folder) =>
    filesIn(folder)
      .filter((file) => file.endsWith('.ts'))
      .map(readSource),
  );
}

/** The files below a folder, from the top of the repository; none when there is no such folder. */
export function filesIn(folder: string): readonly string[] {
  if (!statSync(path.join(ROOT, folder), { throwIfNoEntry: false })?.isDirectory()) return [];
  const entries = readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((file) => !/(^|\/)(node_modules|\.musubi)\//.test(file))
    .toSorted();
}

export const readText = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

function readSource(file: string): SourceFile {
  const text = readText(file);
  const { body } = parseAst(text, { lang: 'ts' }) as unknown as { body: readonly SyntaxNode[] };
  const nodes = body.flatMap((node) => [...walk(node)]);
  return { file, text, lines: text.split('\n').length - 1, body, nodes, imports: importsOf(file, nodes) };
}

/** A node and everything below it. */
export function* walk(node: SyntaxNode): Generator<SyntaxNode> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* walk(child);
  }
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

const IMPORTS: readonly string[] = [
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
];

function importsOf(file: string, nodes: readonly SyntaxNode[]): readonly Import[] {
  return nodes.flatMap((node) => {
    const from = IMPORTS.includes(node.type) ? literalOf(node.source) : undefined;
    if (from === undefined) return [];
    const isType = node.importKind === 'type' || node.exportKind === 'type';
    return [{ from, isType, file: from.startsWith('.') ? path.posix.join(path.posix.dirname(file), from) : null }];
  });
}

/** The text of a string literal, or of a template without expressions. */
export function literalOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node.type !== 'TemplateLiteral' || (node.expressions as unknown[]).length > 0) return undefined;
  const [quasi] = node.quasis as readonly { readonly value: { readonly cooked: string } }[];
  return quasi?.value.cooked;
}

/** `a.b` as text when both are plain names. */
export function memberOf(node: unknown): string | undefined {
  if (!isNode(node) || node.type !== 'MemberExpression' || node.computed === true) return undefined;
  const [object, property] = [node.object, node.property].map(nameOf);
  return object === undefined || property === undefined ? undefined : `${object}.${property}`;
}

export function nameOf(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Identifier' ? String(node.name) : undefined;
}

/** The value of a property of an object literal. */
export function propertyOf(node: unknown, name: string): SyntaxNode | undefined {
  if (!isNode(node) || node.type !== 'ObjectExpression') return undefined;
  const found = (node.properties as readonly SyntaxNode[]).find(
    (property) => nameOf(property.key) === name || literalOf(property.key) === name,
  );
  return isNode(found?.value) ? found.value : undefined;
}

/** The line a node begins in, counted from 1. */
export const lineOf = ({ text }: SourceFile, { start }: SyntaxNode): number => text.slice(0, start).split('\n').length;
