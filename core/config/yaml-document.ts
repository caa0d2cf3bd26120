import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import type { Path, Problem } from './problem.ts';
import { offsetInScalar } from './scalar-offset.ts';

/** An operator's file is far below all of them. */
export const YAML_LIMITS = { bytes: 256 * 1024, depth: 20, aliases: 20 } as const;

const PLAIN_TAG = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;

const REFUSED_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** One read YAML file that can say where each of its values stands. */
export interface YamlDocument {
  readonly file: string;
  /** Plain data; unchecked. */
  readonly value: unknown;
  /** A problem at a path; `at: 'key'` points at the key instead of its value; `offset` counts into a scalar's text. */
  readonly problem: (path: Path, message: string, more?: ProblemPlace) => Problem;
}

export interface ProblemPlace {
  readonly hint?: string | undefined;
  readonly at?: 'key' | 'value';
  readonly offset?: number;
}

export type YamlResult =
  | { readonly ok: true; readonly document: YamlDocument }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads one YAML 1.2 file. Syntax errors, warnings (an unknown tag), duplicate keys, too many aliases, cycles, deep nesting and
 * keys that reach a prototype are problems; a BOM and CRLF are fine.
 */
export function readYaml(file: string, text: string): YamlResult {
  const whole = (message: string): YamlResult => ({
    ok: false,
    problems: [{ file, line: 1, col: 1, path: '', message }],
  });
  if (Buffer.byteLength(text) > YAML_LIMITS.bytes)
    return whole(`the file is larger than ${YAML_LIMITS.bytes / 1024} kB`);
  const tooDeep = deepLine(text);
  if (tooDeep !== undefined) {
    return { ok: false, problems: [{ file, line: tooDeep, col: 1, path: '', message: DEPTH_MESSAGE }] };
  }
  const lines = new LineCounter();
  const doc = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
    // 'silent' would also hide a second document in the file.
    logLevel: 'error',
    version: '1.2',
    schema: 'core',
    merge: false,
  });
  const problemAt = (offset: number, path: Path, message: string, hint?: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), col: Math.max(1, col), path: path.join('.'), message, hint };
  };
  const faults = [...doc.errors, ...doc.warnings];
  if (faults.length > 0)
    return { ok: false, problems: faults.map(({ pos, message }) => problemAt(pos[0], [], message)) };
  const refused = refusedNodes(doc).map(({ offset, path, message }) => problemAt(offset, path, message));
  if (refused.length > 0) return { ok: false, problems: refused };
  const value = plainValue(doc);
  if (!value.ok) return whole(value.message);
  const problem: YamlDocument['problem'] = (path, message, more = {}) =>
    problemAt(offsetOf(doc, text, path, more), path, message, more.hint);
  return { ok: true, document: { file, value: value.value, problem } };
}

const DEPTH_MESSAGE = `nested deeper than ${YAML_LIMITS.depth} levels`;

/** The first line whose brackets or one-line lists alone go far too deep: stops before the parser recurses into them. */
function deepLine(text: string): number | undefined {
  const most = YAML_LIMITS.depth * 5;
  let open = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(?:[-?:][ \t]+){100}/.test(line)) return index + 1;
    const code = line.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '');
    for (const char of code) {
      if (char === '[' || char === '{') open += 1;
      if (char === ']' || char === '}') open = Math.max(0, open - 1);
      if (open > most) return index + 1;
    }
  }
  return undefined;
}

function plainValue(doc: Document.Parsed): { ok: true; value: unknown } | { ok: false; message: string } {
  try {
    return { ok: true, value: doc.toJS({ maxAliasCount: YAML_LIMITS.aliases }) };
  } catch (error) {
    // The library throws a ReferenceError once aliases expand too far.
    if (error instanceof ReferenceError) return { ok: false, message: `more than ${YAML_LIMITS.aliases} aliases` };
    throw error;
  }
}

interface RefusedNode {
  readonly offset: number;
  readonly path: Path;
  readonly message: string;
}

function refusedNodes(doc: Document.Parsed): readonly RefusedNode[] {
  const found: RefusedNode[] = [];
  let aliases = 0;
  const visit = (node: unknown, path: Path, above: readonly unknown[]): void => {
    if (!isNode(node)) return;
    const offset = startOf(node);
    if (above.length > YAML_LIMITS.depth) return void found.push({ offset, path, message: DEPTH_MESSAGE });
    const { tag } = node as { tag?: string };
    if (tag !== undefined && !PLAIN_TAG.test(tag))
      found.push({ offset, path, message: `the tag ${tag} is not allowed` });
    if (isAlias(node)) {
      aliases += 1;
      if (aliases > YAML_LIMITS.aliases)
        found.push({ offset, path, message: `more than ${YAML_LIMITS.aliases} aliases` });
      if (above.includes(node.resolve(doc)))
        found.push({ offset, path, message: 'an alias must not point at what it is part of' });
      return;
    }
    if (!isCollection(node)) return;
    const inside = [...above, node];
    for (const [index, item] of node.items.entries()) {
      if (!isPair(item)) {
        visit(item, [...path, index], inside);
        continue;
      }
      const problem = keyProblem(item.key);
      const key = isScalar(item.key) ? String(item.key.value) : '?';
      if (problem !== undefined) found.push({ offset: startOf(item.key), path: [...path, key], message: problem });
      else visit(item.value, [...path, key], inside);
    }
  };
  visit(doc.contents, [], []);
  return found.slice(0, 20);
}

function keyProblem(key: unknown): string | undefined {
  if (!isScalar(key) || key.value === null || typeof key.value === 'object') return 'a key must be plain text';
  return REFUSED_KEYS.includes(String(key.value)) ? `the key "${key.value}" is not allowed` : undefined;
}

function offsetOf(doc: Document.Parsed, text: string, path: Path, place: ProblemPlace): number {
  let node: unknown = doc.contents;
  let key: unknown;
  for (const step of path) {
    const next: { key?: unknown; value: unknown } | undefined = childOf(isAlias(node) ? node.resolve(doc) : node, step);
    if (!next) return startOf(key ?? node);
    key = next.key;
    node = next.value;
  }
  if (place.at === 'key' || !isNode(node)) return startOf(key ?? node);
  if (place.offset !== undefined && isScalar(node) && typeof node.value === 'string' && node.range) {
    return offsetInScalar(text, node.range[0], node.range[1], node.value, place.offset);
  }
  return startOf(node);
}

function childOf(node: unknown, step: string | number): { key?: unknown; value: unknown } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
    return pair && { key: pair.key, value: pair.value };
  }
  if (!isCollection(node)) return undefined;
  const item = node.items[Number(step)];
  return item === undefined ? undefined : { value: item };
}

const isNode = (node: unknown): node is Node => isScalar(node) || isCollection(node) || isAlias(node);

const startOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);
