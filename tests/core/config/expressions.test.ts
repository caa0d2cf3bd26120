// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts as operators write them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExpressionCompiler, EXPRESSION_LIMITS, type RuleScope } from '../../../core/config/expressions.ts';
import { createCalendar } from '../../../core/model/calendar.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';

const label = { ja: '商品', en: 'Product' };
const compiler = createExpressionCompiler({
  customFields: { person: { favouriteProduct: { type: 'string', label } } },
  events: { demo_view: { properties: {} } },
});
const calendar = createCalendar({ timeZone: 'Asia/Tokyo' });
/** Wednesday 10:00 in Tokyo. */
const context = { nowMs: Date.parse('2026-09-02T10:00:00+09:00'), calendar };

const scope: RuleScope = {
  activity: {
    kind: 'page_view',
    occurredAt: context.nowMs - 3_600_000,
    body: 'りょうきん、ＰＲＩＣＥについて',
    metadata: { path: '/pricing', plan: 'pro' },
  },
  person: {
    score: '12.5',
    email: 'taro@example.co.jp',
    birthday: '1990-04-01',
    tags: ['vip', 'osaka'],
    favouriteProduct: '茶',
  },
  deal: {
    status: 'lost',
    closedAt: Date.parse('2026-06-01T00:00:00+09:00'),
    amount: { amount: '1200000', currency: 'JPY' },
    nextStepDate: '2026-09-01',
  },
  points: 6,
  runs: { 'hand-over': { id: 'run-1' } },
};

function test(source: string, given: RuleScope = scope, at = context) {
  const compiled = compiler.condition(source, 'deal');
  if (!compiled.ok) throw new Error(compiled.faults.map(({ message }) => message).join('\n'));
  return compiled.expression.test(given, at);
}

function map(source: string, r: JsonObject) {
  const compiled = compiler.mapping(source);
  if (!compiled.ok) throw new Error(compiled.faults.map(({ message }) => message).join('\n'));
  return compiled.expression.run({ r }, context);
}

function faultsOf(source: string): readonly string[] {
  const compiled = compiler.condition(source, 'deal');
  return compiled.ok
    ? []
    : compiled.faults.map(({ offset, message, hint }) => `${offset}: ${message}${hint ? ` (${hint})` : ''}`);
}

describe('a condition', () => {
  it.each([
    "deal.status == 'lost' && days_since(deal.closedAt) >= 60 && points >= 6",
    "activity.path == '/pricing'",
    "activity.metadata.plan == 'pro'",
    'deal.amount >= 1000000 && deal.amount + 1 > 1200000.5',
    'person.score > 12 && person.score == 12.5',
    "person.favouriteProduct == '茶'",
    "has_keyword(activity.body, '料金') == false && has_keyword(activity.body, 'リョウキン')",
    "has_keyword(activity.body, ['価格', 'price'])",
    "re(activity.body, '(?i)ＰＲＩＣＥ|price')",
    'days_since(deal.nextStepDate) == 1',
    'hours_since(activity.occurredAt) == 1',
    "date(activity.occurredAt) == '2026-09-02'",
    'business_hours()',
    "coalesce(person.lastName, 'x') == 'x'",
    'is_blank(person.lastName) && !is_blank(person.email)',
    'is_blank(activity.metadata.nothing.at.all)',
    "'vip' in person.tags && person.tags.exists(t, t == 'osaka')",
    "'hand-over' in runs && runs['hand-over'].id == 'run-1'",
    "normalize('ｶﾅ  Ａ') == 'カナ A'",
    '!person.doNotContact',
    'person.lastName == null',
    'now > activity.occurredAt',
    "activity.kind == 'demo_view' || true",
  ])('holds: %s', (source) => {
    expect(test(source)).toEqual({ value: true });
  });

  it.each([
    'person.lastActivityAt > 5',
    'days_since(person.lastActivityAt) > 3',
    "activity.metadata.nothing == 'a'",
    'person.doNotContact',
    "runs.other.id == 'x'",
    '!(person.lastActivityAt > 5)',
  ])('is false with a reason when a value is not known: %s', (source) => {
    const { value, reason } = test(source);
    expect(value).toBe(false);
    expect(reason).toMatch(/\S/);
  });

  it('is not decided by what another part of it already decides', () => {
    expect(test('person.lastActivityAt > 5 || points >= 6')).toEqual({ value: true });
  });

  it('looks only at the clock and calendar it is given', () => {
    const night = { nowMs: Date.parse('2026-09-02T20:00:00+09:00'), calendar };
    const holiday = { nowMs: Date.parse('2026-11-23T10:00:00+09:00'), calendar };
    expect(test('business_hours()', scope, night).value).toBe(false);
    expect(test('business_hours()', scope, holiday).value).toBe(false);
  });

  it('runs in some microseconds', () => {
    const compiled = compiler.condition(
      "deal.status == 'lost' && days_since(deal.closedAt) >= 60 && points >= 6",
      'deal',
    );
    if (!compiled.ok) throw new Error('must compile');
    const startMs = performance.now();
    for (let run = 0; run < 5_000; run++) compiled.expression.test(scope, context);
    expect((performance.now() - startMs) / 5_000).toBeLessThan(0.2);
  });
});

describe('an expression of a mapping', () => {
  it('leaves absent what is absent and null what is null', () => {
    const name = "join([r.p.?last, r.p.?first], ' ')";
    expect(map(name, { p: { last: '田中', first: '一郎' } })).toEqual({ value: '田中 一郎' });
    expect(map(name, { p: { last: '田中', first: null } })).toEqual({ value: '田中' });
    expect(map(name, { p: { last: null } })).toEqual({ value: null });
    expect(map(name, { p: {} })).toEqual({ value: undefined });
    expect(map('r.p.x', { p: null })).toMatchObject({ value: undefined, reason: expect.any(String) });
    expect(map('r.x', { x: null })).toEqual({ value: null });
    expect(map('r.x > 1', { x: null })).toMatchObject({ value: false });
  });

  it('gives numbers JSON can hold', () => {
    expect(map('r.x + 1', { x: 1.5 })).toEqual({ value: 2.5 });
    expect(map('size(r.l)', { l: [1, 2] })).toEqual({ value: 2 });
    expect(map('9007199254740993', {})).toEqual({ value: '9007199254740993' });
    expect(map('1.0 / 0.0', {})).toMatchObject({ value: undefined, isFailed: true });
    expect(map('1 / 0', {})).toMatchObject({ value: undefined, isFailed: true });
  });

  it('builds groups of mixed values, without what is absent', () => {
    expect(map("{'a': 1, 'b': 'x', 'c': [1, 'y', null], 'd': r.?z}", {})).toEqual({
      value: { a: 1, b: 'x', c: [1, 'y', null] },
    });
  });

  it('looks at the newest thousand of a list and says so', () => {
    const l = Array.from({ length: 3_000 }, (_, index) => index);
    expect(map('r.l.filter(x, x < 2500)[0]', { l })).toEqual({
      value: 2000,
      reason: 'only the newest 1000 items were looked at',
    });
  });
});

describe('what is found when the expression is read', () => {
  it.each([
    ["person.emial == 'a'", /^7: person has no field "emial".*did you mean "email"/],
    ["person.?emial.orValue('a') == 'a'", /person has no field "emial"/],
    ["persn.email == 'a'", /^0: there is no "persn" here.*did you mean "person"/],
    ['person.email > 5', /no such overload: dyn<string> > int/],
    ["has_keywrd(activity.body, 'a')", /^0: there is no function "has_keywrd".*did you mean "has_keyword"/],
    ["person.email.contain('a')", /no method "contain".*did you mean "contains"/],
    ["person.email.matches('a')", /write re\(text, 'pattern'\)/],
    ['re(person.email, person.lastName)', /must be a literal text/],
    ["re(person.email, '(')", /^17: the pattern cannot be read/],
    [`re(person.email, '${'a'.repeat(501)}')`, /at most 500 characters/],
    ['person.tags.exists(a, person.tags.exists(b, a == b))', /exists must not stand inside another/],
    ['person.tags.map(a, person.tags.filter(b, a == b)) == []', /filter must not stand inside another/],
    ['person.tags.all(a, a in person.addresses)', /needs a list written out/],
    ["person.tags.exists(deal, deal == 'a')", /already the name of something/],
    ["activity.kind == 'page_veiw'", /^17: activity.kind is never "page_veiw".*did you mean "page_view"/],
    ["'lots' == deal.status", /^0: deal.status is never "lots"/],
    ['points', /a condition must be true or false; this is double/],
    ["'a'", /a condition must be true or false; this is string/],
    ['has(person.email)', /!is_blank\(person.email\)/],
    ['', /Unexpected token/],
    ['points >', /^8: Unexpected token/],
    ['points >= 6 points', /Expected EOF|Unexpected/],
    ['points >= 6 && (', /Unexpected token/],
  ])('%s', (source, fault) => {
    const faults = faultsOf(source);
    expect(faults.join('\n')).toMatch(fault);
  });

  it('does not know a deal where none is bound', () => {
    expect(compiler.condition("deal.status == 'lost'", 'person')).toMatchObject({ ok: false });
  });
});

/** Attempts on time, memory and everything outside the data. */
const ATTACKS: readonly string[] = [
  ...[
    'process',
    'process.env',
    'globalThis',
    'global',
    'require("fs")',
    'import("fs")',
    'this',
    'self',
    'window',
    'eval("1")',
    'Function("return 1")()',
    'constructor',
    '__proto__',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
  ],
  ...[
    'person',
    'activity',
    'deal',
    'runs',
    'activity.metadata',
    'person.tags',
    '"a"',
    '1',
    '[1]',
    '{"a": 1}',
    'null',
    'true',
    'now',
    'type(1)',
    'google',
    'optional',
    'cel',
    'int',
    'string',
  ].flatMap((root) => [
    `${root}.constructor`,
    `${root}.__proto__`,
    `${root}["constructor"]`,
    `${root}["__proto__"]["polluted"]`,
    `${root}.constructor.constructor("return process")()`,
    `${root}.?constructor`,
    `${root}[?"__proto__"]`,
    `${root}.toString()`,
    `${root}.valueOf()`,
    `${root}.hasOwnProperty("a")`,
    `${root}.raw`,
    `${root}.get("raw")`,
  ]),
  ...[
    'matches',
    'json',
    'bind',
    'repeat',
    'replace',
    'split',
    'getHours',
    'format',
    'charAt',
    'call',
    'apply',
    'then',
    'concat',
    'padEnd',
    'base64',
    'at',
  ].flatMap((name) => [`activity.body.${name}("(a+)+$")`, `"aaaa".${name}(1000000000)`, `b"abc".${name}()`]),
  ...['exists', 'all', 'exists_one', 'filter', 'map'].flatMap((outer) =>
    ['exists', 'all', 'exists_one', 'filter', 'map'].map(
      (inner) => `person.tags.${outer}(a, size(person.tags.${inner}(b, true)) > 0)`,
    ),
  ),
  ...[
    '(a+)+$',
    '(a|a)*$',
    '(a|aa)+$',
    '([a-zA-Z]+)*$',
    '(.*a){20}$',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(x+x+)+y',
    '((a*)*)*b',
    '(?:a?){30}a{30}',
  ].map((pattern) => `re(activity.body, '${pattern}')`),
  ...['(?=a)', '(?<=a)', '\\\\1', '(?>a)', 'a{1001}', '(a{999}){999}', '[', '*', '(?P<', '\\\\', 'a**'].map(
    (pattern) => `re(activity.body, '${pattern}')`,
  ),
  'cel.bind(a, "xx", cel.bind(b, a + a, cel.bind(c, b + b, c + c)))',
  'cel.bind(a, person, a.email)',
  '('.repeat(5_000),
  `${'('.repeat(3_000)}1${')'.repeat(3_000)} == 1`,
  `${'!'.repeat(3_000)}true`,
  `${'-'.repeat(3_000)}1 == 1`,
  `${'['.repeat(1_000)}${']'.repeat(1_000)} == []`,
  `${'true ? '.repeat(500)}true${' : false'.repeat(500)}`,
  `1${' + 1'.repeat(900)} == 901`,
  `"a"${' + "a"'.repeat(600)} == ""`,
  `[${'1,'.repeat(1_500)}1] == []`,
  `person${'.a'.repeat(1_500)} == 1`,
  `activity.metadata${'.a'.repeat(1_500)} == 1`,
  'x'.repeat(EXPRESSION_LIMITS.characters + 1),
  '9'.repeat(3_000),
  '1e999999 > 1.0',
  '9223372036854775807 + 1 == 0',
  '-9223372036854775808 - 1 == 0',
  '1 / 0 == 1',
  '1 % 0 == 1',
  'timestamp("2026-08-01") > timestamp("2026-07-01")',
  'timestamp("9999-12-31T23:59:59Z") + duration("999999h") > timestamp("2026-01-01T00:00:00Z")',
  `duration("${'1h'.repeat(1_000)}") > duration("1h")`,
  `int("${'9'.repeat(1_000)}") > 1`,
  'double("NaN") > 1.0',
  '"\\u0000" == "\\ud800"',
  '{{ person.email }}',
  '${process.env.HOME}',
  '`${1}`',
  'person.email; process.exit()',
  '(() => 1)()',
  'while(true){}',
  'for(;;){}',
  'function f() { return f() } f()',
];

describe('an attempt to break out, burn time or fill memory', () => {
  const body = `${'a'.repeat(4_999)}!`.repeat(4);
  const many = Array.from({ length: 3_000 }, (_, index) => `tag${index}`);
  const hostile: RuleScope = {
    ...scope,
    activity: { ...scope.activity, body },
    person: { ...scope.person, tags: many },
  };

  it.each(ATTACKS.map((source) => [source.slice(0, 70), source]))('is refused or ends: %s', (_name, source) => {
    const compiled = compiler.rule(source, 'deal');
    if (compiled.ok) {
      const startMs = performance.now();
      const { value } = compiled.expression.run(hostile, context);
      expect(performance.now() - startMs).toBeLessThan(400);
      expect(['function', 'symbol', 'bigint']).not.toContain(typeof value);
      expect(JSON.stringify(value) ?? '').not.toMatch(/native code|\[object/);
      expect((JSON.stringify(value) ?? '').length).toBeLessThan(400_000);
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('stops functions that look at too much text together', () => {
    const long: RuleScope = {
      ...scope,
      activity: { ...scope.activity, body: 'あ'.repeat(10_000) },
      person: { tags: many },
    };
    const startMs = performance.now();
    const { value, reason } = test("person.tags.exists(t, has_keyword(activity.body, 'い'))", long);
    expect({ value, reason }).toEqual({ value: false, reason: 'the expression looks at too much text' });
    expect(performance.now() - startMs).toBeLessThan(400);
  });

  it('never throws, whatever the expression and the data', () => {
    const words = fc.constantFrom(
      'person',
      'activity',
      'r',
      'deal',
      '.',
      'email',
      'tags',
      '==',
      '>',
      '&&',
      '||',
      '!',
      '(',
      ')',
      '[',
      ']',
      '0',
      '1.5',
      "'a'",
      'null',
      '+',
      '-',
      'exists',
      'is_blank',
      'join',
      'coalesce',
      ',',
      '?',
      ':',
      '.?',
      'in',
      'size',
      '{',
      '}',
      't',
      'days_since',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 25 }), fc.jsonValue(), (parts, data) => {
        const compiled = compiler.rule(parts.join(' '), 'deal');
        if (compiled.ok)
          compiled.expression.run({ ...scope, person: { tags: data as never, email: data as never } }, context);
      }),
      { numRuns: 1_000 },
    );
    const sources = [
      "join([r.a, r.?b], ' ')",
      'r.a > r.b',
      'r.a + r.b',
      'r.map(k, k)',
      'r.a.exists(x, x == 1)',
      'coalesce(r.a, r.b)',
      'days_since(r.a)',
      "split(r.a, '')",
      'r',
      'normalize(r.a)',
      "re(r.a, 'x')",
      'date(r.a)',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...sources), fc.record({ a: fc.jsonValue(), b: fc.jsonValue() }), (source, r) => {
        const compiled = compiler.mapping(source);
        if (compiled.ok) compiled.expression.run({ r: r as JsonObject }, context);
        else throw new Error(source);
      }),
      { numRuns: 1_000 },
    );
  });
});
