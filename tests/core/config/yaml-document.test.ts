import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../core/config/problem.ts';
import { readYaml, YAML_LIMITS } from '../../../core/config/yaml-document.ts';

const read = (text: string) => readYaml('mappings/crm/contacts.yaml', text);

function problemsOf(text: string): readonly string[] {
  const result = read(text);
  return result.ok ? [] : result.problems.map(formatProblem);
}

const repeat = (text: string, times: number) => text.repeat(times);
const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** What must be refused, by what it is. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'a syntax error': [
    'a: [1, 2',
    'a: {b: 1',
    'a: "open',
    "a: 'open",
    'a: b: c',
    'a: 1\n b: 2',
    '- a\nb: c',
    'a: [1,, 2]',
    'a: }',
    'a: ]',
    'a: @b',
    'a: `b`',
    'a: %b\n%c',
    'a: "\\q"',
    'a: "\\u12"',
    'a: |x\n  b',
    'a: >99\n  b',
    'a:\n  - b\n c: d',
    '? [a]\n: b\n? {c: d}',
    'a: 1\n---\nb: 2',
    'a: 1\n...\nb: 2\n...\nc',
    '%YAML 9.9.9\n---\na: 1',
    'a: &x\n  b: *y',
    '*a : b',
    'a: !<tag b',
  ],
  'a key that stands twice': [
    'a: 1\na: 2',
    'a: { b: 1, b: 2 }',
    'fields:\n  email: { at: a }\n  email: { at: b }',
    'a: 1\n"a": 2',
    '- { x: 1, x: 1 }',
  ],
  'a tab where blanks belong': ['a:\n\tb: 1', 'fields:\n\t\temail: {}', '\t- a', 'a:\n  b:\n\t  c: 1'],
  'a tag of its own': [
    'a: !!js/function "x"',
    'a: !evil x',
    '!!python/object a: 1',
    'a: !!binary x y',
    '- !secret [1]',
    'a: !include other.yaml',
    'a: !env HOME',
  ],
  'a key that reaches a prototype': [
    '__proto__: { polluted: true }',
    'a: { __proto__: { polluted: true } }',
    'a: { constructor: { prototype: { polluted: true } } }',
    'prototype: 1',
    '- - __proto__: 1',
    '"__proto__": 1',
    "'constructor': 1",
    '"\\u005f_proto__": 1',
    '? __proto__\n: 1',
  ],
  'a key that is no text': [
    '? [a, b]\n: c',
    '? { a: b }\n: c',
    '? |\n  x\n: y\n? null\n: z',
    '~: a',
    'null: a',
    '{[1]: 2}',
  ],
  'a cycle': ['a: &a [*a]', 'a: &a { b: *a }', '&a { b: { c: [ *a ] } }', 'a: &a\n  - b: &b\n      - *a'],
  'an anchor bomb': [
    `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${lines(8, (i) => `a${i + 1}: &a${i + 1} [${repeat(`*a${i},`, 9).slice(0, -1)}]`)}`,
    `a: &a {x: 1}\nb: [${repeat('*a, ', 21)}*a]`,
    `a: &a [1]\n${lines(25, (i) => `b${i}: *a`)}`,
  ],
  'deep nesting': [
    repeat('[', 5_000) + repeat(']', 5_000),
    repeat('{a: ', 5_000) + repeat('}', 5_000),
    `${repeat('- ', 5_000)}a`,
    `${repeat('? ', 5_000)}a`,
    lines(700, (i) => `${repeat(' ', i)}a:`),
    `a: ${repeat('[', 21)}${repeat(']', 21)}`,
    lines(22, (i) => `${repeat(' ', i)}a:`),
    repeat('[', 100_000),
    repeat('{', 100_000),
    `a: "x"\nb: ${repeat('[{a: ', 60)}1`,
  ],
  'too large a file': [
    `a: ${repeat('x', 5_000_000)}`,
    lines(60_000, (i) => `key${i}: value`),
    repeat('#', YAML_LIMITS.bytes + 1),
    `a: ${repeat('あ', 90_000)}`,
  ],
};

describe('a YAML file that must not be used', () => {
  for (const [what, texts] of Object.entries(REFUSED)) {
    it.each(texts.map((text) => [text.slice(0, 60), text]))(
      `is refused with its place for ${what}: %s`,
      (_name, text) => {
        const startMs = performance.now();
        const problems = problemsOf(text);
        expect(performance.now() - startMs).toBeLessThan(500);
        expect(problems.length).toBeGreaterThan(0);
        for (const problem of problems) expect(problem).toMatch(/^mappings\/crm\/contacts\.yaml:\d+:\d+ \S/);
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      },
    );
  }

  it('shows every fault of the file in one run', () => {
    expect(problemsOf('a: 1\na: 2\nb: 1\nb: 2\nc: !x 1')).toHaveLength(3);
  });

  it('is refused or read but never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => void read(text)),
      { numRuns: 300 },
    );
    const fragments = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '&a ',
      '*a',
      '!x ',
      '|',
      '>',
      '#',
      '? ',
      '\t',
      ',',
      '---',
      '1',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.array(fragments, { maxLength: 60 }), (parts) => void read(parts.join(''))),
      { numRuns: 500 },
    );
  });
});

describe('a YAML file that is fine', () => {
  it.each([
    ['LF', 'a: 1\nb: [x, y]\n'],
    ['CRLF', 'a: 1\r\nb: [x, y]\r\n'],
    ['a byte order mark', '\uFEFFa: 1\nb: [x, y]\n'],
    ['comments and blank lines', '# head\n\na: 1 # one\n\nb: # list\n  - x\n  - y\n'],
    ['20 aliases at most', 'a: 1\nb: &l [x, y]\n'],
  ])('is read with %s', (_what, text) => {
    const result = read(text);
    expect(result).toMatchObject({ ok: true, document: { value: { a: 1, b: ['x', 'y'] } } });
  });

  it('keeps no, dates and leading zeros in quotes as they are', () => {
    const result = read('a: no\nb: 2026-09-01\nc: "0312345678"\nd: on');
    expect(result).toMatchObject({
      ok: true,
      document: { value: { a: 'no', b: '2026-09-01', c: '0312345678', d: 'on' } },
    });
  });

  it('reads brackets inside texts and conditions', () => {
    const text = `a: "${repeat('[{', 200)}"\nb: '${repeat('[', 200)}'`;
    expect(read(text).ok).toBe(true);
  });
});

describe('the place of a problem', () => {
  const place = (text: string, path: (string | number)[], more = {}) => {
    const result = read(text);
    if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
    const { line, col } = result.document.problem(path, 'x', more);
    return `${line}:${col}`;
  };

  it('is the value, the key where asked, and the nearest thing that exists', () => {
    const text = 'fields:\n  email: { at: properties.email }\n  list: [a, b]\n';
    expect(place(text, ['fields', 'email', 'at'])).toBe('2:16');
    expect(place(text, ['fields', 'email', 'at'], { at: 'key' })).toBe('2:12');
    expect(place(text, ['fields', 'list', 1])).toBe('3:13');
    expect(place(text, ['fields', 'email', 'nothing'])).toBe('2:3');
    expect(place(text, [])).toBe('1:1');
  });

  it.each([
    ['plain', 'a: one two three', '1:8'],
    ['double quotes', 'a: "one two three"', '1:9'],
    ['single quotes', "a: 'one two three'", '1:9'],
    ['double quotes over lines', 'a: "one\n  two three"', '2:3'],
    ['a literal block', 'a: |\n  one two three', '2:7'],
    ['a folded block', 'a: >-\n  one\n  two three', '3:3'],
    ['plain over lines', 'a: one\n   two three', '2:4'],
    ['CRLF', 'x: 1\r\na: one two three', '2:8'],
  ])('points into a text written in %s', (_form, text, expected) => {
    expect(place(text, ['a'], { offset: 4 })).toBe(expected);
  });

  it('counts what quotes double and escape', () => {
    expect(place("a: 'it''s two'", ['a'], { offset: 5 })).toBe('1:11');
    expect(place('a: "say \\"x\\" two"', ['a'], { offset: 8 })).toBe('1:15');
  });
});
