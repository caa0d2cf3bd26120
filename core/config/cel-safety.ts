import type { ASTNode } from '@marcbachmann/cel-js';
import type { FieldSpecs } from '../model/entities.ts';
import { FUNCTION_NAMES } from './cel-functions.ts';
import { listAllowed, suggest } from './suggest.ts';

/** Something wrong inside an expression or a template; `offset` counts characters from its beginning. */
export interface Fault {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string | undefined;
}

export const MACROS: readonly string[] = ['all', 'exists', 'exists_one', 'filter', 'map'];

/** Named one by one: what is not here cannot be reached, also when the library grows (bytes, JSON, time zones, bind). */
const METHODS: readonly string[] = [
  ...MACROS,
  'contains',
  'startsWith',
  'endsWith',
  'lowerAscii',
  'upperAscii',
  'trim',
  'indexOf',
  'lastIndexOf',
  'substring',
  'size',
  'join',
  'or',
  'orValue',
  'hasValue',
  'value',
];

const CALLS: readonly string[] = [
  ...FUNCTION_NAMES,
  'has',
  'size',
  'string',
  'int',
  'double',
  'bool',
  'dyn',
  'timestamp',
  'duration',
];

export interface SafetyScope {
  /** Variables with declared fields. */
  readonly records: Readonly<Record<string, FieldSpecs>>;
  readonly variables: readonly string[];
}

export interface SafetyResult {
  readonly faults: readonly Fault[];
  /** True when it walks lists, so that they must be capped before. */
  readonly isWalkingLists: boolean;
}

/** The rules the type check does not know: no `matches`, no macro inside another, only known functions, no misspelt codes. */
export function checkSafety(root: ASTNode, scope: SafetyScope): SafetyResult {
  const faults: Fault[] = [];
  let isWalkingLists = false;
  const say = (node: ASTNode, message: string, hint?: string): void =>
    void faults.push({ offset: node.start, message, hint });

  const visit = (node: ASTNode, isInMacro: boolean): void => {
    if (node.op === 'call') visitCall(node, isInMacro);
    else if (node.op === 'rcall') visitMethod(node, isInMacro);
    else {
      if (node.op === '.' || node.op === '.?') checkField(node);
      if (node.op === '==' || node.op === '!=') checkCode(node.args[0], node.args[1]);
      if (node.op === 'in') visitMembership(node, isInMacro);
      for (const child of childrenOf(node)) visit(child, isInMacro);
    }
  };
  const visitCall = (node: Extract<ASTNode, { op: 'call' }>, isInMacro: boolean): void => {
    const [name, args] = node.args;
    if (!CALLS.includes(name))
      say(node, `there is no function "${name}"; allowed: ${listAllowed(CALLS)}`, hintFor(name, CALLS));
    if (name === 'has') checkHas(args);
    if (name === 'join' || name === 'size') isWalkingLists = true;
    for (const arg of args) visit(arg, isInMacro);
  };
  const visitMethod = (node: Extract<ASTNode, { op: 'rcall' }>, isInMacro: boolean): void => {
    const [name, receiver, args] = node.args;
    if (!METHODS.includes(name))
      say(node, `there is no method "${name}"; allowed: ${listAllowed(METHODS)}`, hintFor(name, METHODS));
    const isMacro = MACROS.includes(name);
    if (isMacro) isWalkingLists = true;
    if (isMacro && isInMacro)
      say(node, `${name} must not stand inside another of ${MACROS.join(', ')}: its cost has no limit`);
    visit(receiver, isInMacro);
    const variable = isMacro ? args[0] : undefined;
    if (variable?.op === 'id' && scope.variables.includes(variable.args)) {
      say(variable, `"${variable.args}" is already the name of something: choose another`);
    }
    for (const arg of args) visit(arg, isInMacro || isMacro);
  };
  const visitMembership = (node: ASTNode, isInMacro: boolean): void => {
    isWalkingLists = true;
    const list = (node.args as [ASTNode, ASTNode])[1];
    if (isInMacro && list.op !== 'list')
      say(node, `inside ${MACROS.join(', ')}, "in" needs a list written out, such as ['a', 'b']`);
  };
  const checkHas = (args: readonly ASTNode[]): void => {
    const [node] = args;
    if (node?.op === '.' && node.args[0].op === 'id' && node.args[0].args in scope.records) {
      say(node, 'has() is for the data of a tool; here write', `!is_blank(${node.args[0].args}.${node.args[1]})`);
    }
  };
  const checkField = (node: Extract<ASTNode, { op: '.' | '.?' }>): void => {
    const [record, name] = node.args;
    const fields = record.op === 'id' ? scope.records[record.args] : undefined;
    if (!fields || record.op !== 'id' || Object.hasOwn(fields, name)) return;
    const end = Math.max(node.start, node.end - name.length);
    const known = Object.keys(fields);
    faults.push({
      offset: end,
      message: `${record.args} has no field "${name}"; allowed: ${listAllowed(known)}`,
      hint: suggest(name, known),
    });
  };
  const checkCode = (left: ASTNode, right: ASTNode): void => {
    const [path, literal] = left.op === 'value' ? [right, left] : [left, right];
    if (path.op !== '.' || path.args[0].op !== 'id' || literal.op !== 'value' || typeof literal.args !== 'string')
      return;
    const values = scope.records[path.args[0].args]?.[path.args[1]]?.values;
    if (!values || values.includes(literal.args)) return;
    say(
      literal,
      `${path.args[0].args}.${path.args[1]} is never "${literal.args}"; allowed: ${listAllowed(values)}`,
      suggest(literal.args, values),
    );
  };
  visit(root, false);
  return { faults, isWalkingLists };
}

function hintFor(name: string, allowed: readonly string[]): string | undefined {
  return name === 'matches' ? "write re(text, 'pattern')" : suggest(name, allowed);
}

function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
    case 'call':
    case 'rcall':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case '!_':
    case '-_':
      return [node.args];
    case 'map':
      return node.args.flat();
    default:
      return node.args as readonly ASTNode[];
  }
}
