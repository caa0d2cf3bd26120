import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { templateFields } from '../../../core/config/template-scope.ts';
import { compileTemplate, createTemplateCompiler, TEMPLATE_LIMITS } from '../../../core/config/templates.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';

const fields = templateFields({ customFields: {}, events: {} }, 'deal');
const options = { timeZone: 'Asia/Tokyo', locale: 'ja', fields } as const;
const compiler = createTemplateCompiler(options);

const scope: JsonObject = {
  activity: { kind: 'page_view', body: 'x'.repeat(20_000), metadata: { path: '/pricing' } },
  person: { lastName: '田中', firstName: null, email: '', tags: ['vip', '大阪'], utm: { source: 'ads' }, score: '0' },
  deal: {
    closedAt: Date.parse('2026-06-01T09:05:00+09:00'),
    amount: { amount: '1200000', currency: 'JPY' },
    nextStepDate: '2026-01-05',
  },
  owner: { name: '佐藤' },
  manager: null,
  staff_by: null,
  signs: [{ text: '料金ページ' }, { text: '事例ページ' }],
  history: [],
  run: { id: 'run-1' },
  runs: { 'hand-over': { id: 'run-2' } },
  points: 6,
  workspace: { name: 'sakura' },
};

function render(source: string, given: JsonObject = scope) {
  const compiled = compiler.compile(source);
  if (!compiled.ok) throw new Error(compiled.faults.map(({ message }) => message).join('\n'));
  return compiled.template.render(given);
}

function faultsOf(source: string): string {
  const compiled = compiler.compile(source);
  return compiled.ok
    ? ''
    : compiled.faults.map(({ offset, message, hint }) => `${offset}: ${message}${hint ? ` (${hint})` : ''}`).join('\n');
}

describe('a text', () => {
  it.each([
    ['{{ person.lastName }}様', '田中様'],
    ['{{ activity.path }}', '/pricing'],
    ['{{ person.tags }}', 'vip, 大阪'],
    ['{{ points }}点、スコア{{ person.score }}', '6点、スコア0'],
    ['{{ person.firstName | default: "お客様" }}', 'お客様'],
    ['{{ person.firstName | default: "" }}。', '。'],
    ['{% if person.firstName %}{{ person.firstName }}{% else %}お客様{% endif %}', 'お客様'],
    ['{% assign name = person.firstName %}{% if name %}{{ name }}{% else %}なし{% endif %}', 'なし'],
    ['{% for sign in signs %}・{{ sign.text }}\n{% endfor %}', '・料金ページ\n・事例ページ\n'],
    ['{{ runs["hand-over"].id }}/{{ run.id }}', 'run-2/run-1'],
    ['{{ deal.closedAt | jdate: "M月d日(E) H:mm" }}', '6月1日(月) 9:05'],
    ['{{ deal.closedAt | jdate: "%Y/%-m/%d %H:%M" }}', '2026/6/01 09:05'],
    ['{{ deal.closedAt | jdate }} {{ deal.nextStepDate | jdate }}', '2026/06/01 09:05 2026/01/05'],
    ['{{ deal.nextStepDate | jdate: "M月d日(E)" }}', '1月5日(月)'],
    ['{{ deal.amount | yen }}', '1,200,000円'],
    ['no template at all, { } included', 'no template at all, { } included'],
  ])('%s', (source, expected) => {
    expect(render(source)).toEqual({ ok: expected });
  });

  it('speaks English where it is written in English', () => {
    const compiled = compileTemplate('{{ deal.amount | yen }} {{ deal.closedAt | jdate: "E d" }}', {
      ...options,
      locale: 'en',
    });
    expect(compiled.ok && compiled.template.render(scope)).toEqual({ ok: '¥1,200,000 Mon 1' });
  });

  it.each([
    ['{{ person.firstName }}さん、{{ manager.name }}', ['person.firstName', 'manager.name']],
    ['{{ person.email }}', ['person.email']],
    ['{{ person.firstName | append: "様" }}', ['person.firstName']],
    ['{{ "様" | prepend: person.firstName }}', ['person.firstName']],
    ['{% assign name = person.firstName | append: "様" %}{{ name }}', ['person.firstName']],
    ['{{ person.firstName | default: person.email }}', ['person.firstName']],
    ['{% for one in signs %}{{ one.nothing }}{% endfor %}', ['one.nothing']],
    ['{{ person.utm.medium }}', ['person.utm.medium']],
    ['{{ history }}', ['history']],
    ['{{ deal.lostReason | jdate }}', ['deal.lostReason']],
    ['{{ person.lastName | jdate }}', ['person.lastName']],
  ])('is held when a value is missing: %s', (source, missing) => {
    expect(render(source)).toEqual({ missing });
  });

  it('never shows a gap, whatever is missing', () => {
    const values = fc.constantFrom(null, undefined, '', '  ', '値', 0, false);
    const filters = fc.constantFrom(
      '',
      ' | append: "様"',
      ' | upcase',
      ' | truncate: 3',
      ' | strip',
      ' | default: "代"',
      ' | size',
      ' | jdate',
      ' | yen',
      ' | first',
      ' | join: ","',
    );
    fc.assert(
      fc.property(values, filters, (value, filter) => {
        const person: JsonObject = value === undefined ? {} : { lastName: value };
        const result = render(`[{{ person.lastName${filter} }}]`, { ...scope, person });
        if ('ok' in result) expect(result.ok).not.toMatch(/\[\s*\]|undefined|null|NaN|\[object|\[様\]/);
      }),
      { numRuns: 300 },
    );
  });

  it('escapes what is inserted and leaves its own words alone', () => {
    const escapeValue = (value: string) => value.replaceAll('<', '&lt;').replaceAll('@', '＠');
    const compiled = compileTemplate(
      '<b>{{ person.lastName | append: "<i>" }}</b>{% for t in person.tags %}<u>{{ t }}</u>{% endfor %}',
      { ...options, escape: escapeValue },
    );
    const hostile = { ...scope, person: { lastName: '<!channel>', tags: ['<@U1>'] } };
    expect(compiled.ok && compiled.template.render(hostile)).toEqual({
      ok: '<b>&lt;!channel>&lt;i></b><u>&lt;＠U1></u>',
    });
  });
});

describe('what is found when the text is read', () => {
  it.each([
    ['{{ person.lastNmae }}', /^3: person has no "lastNmae".*did you mean "lastName"/],
    ['様\n{{ person.lastName }}\n {{ persn.a }}', /^28: there is no "persn" here.*did you mean "person"/],
    ['{% if perso.a %}{% endif %}', /there is no "perso" here/],
    ['{{ "a" | append: owner.nmae }}', /owner has no "nmae".*did you mean "name"/],
    ['{{ person.lastName | upcas }}', /undefined filter: upcas.*did you mean "upcase"/],
    ['{{ person.lastName', /not closed/],
    ['{% if %}x{% endif %}', /invalid value/],
    ['{% for %}', /./],
    ['{% if person.email %}', /not closed/],
    ['{{ deal.closedAt }}', /deal.closedAt needs a form to be read in \(write deal.closedAt \| jdate\)/],
    ['{% if points %}{{ deal.amount }}{% endif %}', /write deal.amount \| yen/],
    ['{{ "now" | date: "%Y" }}', /undefined filter: date/],
    ['x'.repeat(TEMPLATE_LIMITS.source + 1), /limit/],
  ])('%s', (source, fault) => {
    expect(faultsOf(source)).toMatch(fault);
  });
});

const ATTACKS: readonly string[] = [
  ...[
    'include "x"',
    'render "x"',
    'layout "x"',
    'block x',
    'increment a',
    'decrement a',
    'echo person.email',
    'liquid echo "a"',
    'capture a',
    'tablerow a in signs',
    'cycle "a"',
  ].map((tag) => `{% ${tag} %}{% end${tag.split(' ')[0]} %}`),
  ...[
    'raw',
    'json',
    'inspect',
    'escape',
    'url_decode',
    'strip_html',
    'base64_decode',
    'where_exp: "a", "b"',
    'find_exp: "a", "b"',
    'sha256',
    'push: 1',
    'sample',
    'slugify',
  ].map((filter) => `{{ person.lastName | ${filter} }}`),
  ...['person', 'activity', 'signs', 'runs', 'points', 'workspace', 'person.tags', 'person.utm'].flatMap((root) => [
    `{{ ${root}.constructor }}`,
    `{{ ${root}.__proto__ }}`,
    `{{ ${root}["constructor"]["constructor"] }}`,
    `{{ ${root}.constructor.constructor }}`,
    `{{ ${root}.toString }}`,
  ]),
  '{% for i in (1..1000000000) %}x{% endfor %}',
  '{% for i in (1..100000) %}{% for j in (1..100000) %}x{% endfor %}{% endfor %}',
  '{% assign a = "xxxxxxxxxx" %}{% for i in (1..100) %}{% assign a = a | append: a %}{% endfor %}{{ a }}',
  '{% assign a = "x" %}{% for i in (1..100) %}{% assign a = a | replace: "x", "xx" %}{% endfor %}{{ a }}',
  '{% for i in (1..1000) %}{{ activity.body }}{% endfor %}',
  `{% for i in (1..100000) %}${'x'.repeat(9_000)}{% endfor %}`,
  '{% assign l = activity.body | split: "" %}{% for a in l %}{% for b in l %}x{% endfor %}{% endfor %}',
  '{% assign l = signs | concat: signs %}{% for i in (1..100) %}{% assign l = l | concat: l %}{% endfor %}{{ l | size }}',
  `${'{% if true %}'.repeat(600)}x${'{% endif %}'.repeat(200)}`,
  `{{ ${'person.'.repeat(1_000)}a }}`,
  '{{ process.env.HOME }}',
  '{{ global }}',
  '{{ this }}',
  '{{ require }}',
  '{{ "a" | times: 999999999999 }}',
  '{{ 1 | divided_by: 0 }}',
  '{{ person[person] }}',
];

describe('an attempt to break out, burn time or fill memory', () => {
  it.each(ATTACKS.map((source) => [source.slice(0, 70), source]))('is refused or ends: %s', (_name, source) => {
    const startMs = performance.now();
    const compiled = compiler.compile(source);
    const result = compiled.ok ? compiled.template.render(scope) : undefined;
    expect(performance.now() - startMs).toBeLessThan(500);
    if (result && 'ok' in result) {
      expect(result.ok).not.toMatch(/native code|\[object|function/);
      expect(result.ok.length).toBeLessThanOrEqual(TEMPLATE_LIMITS.result);
    }
  });

  it('never throws, whatever is written', () => {
    const parts = fc.constantFrom(
      '{{',
      '}}',
      '{%',
      '%}',
      ' person',
      '.lastName',
      ' | ',
      'default',
      ': ',
      '"a"',
      ' if ',
      ' endif ',
      ' for a in signs ',
      ' endfor ',
      ' assign a = 1 ',
      'x',
      '\n',
      '[0]',
      '-',
      '"',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 30 }), (words) => {
        const compiled = compiler.compile(words.join(''));
        if (compiled.ok) compiled.template.render(scope);
      }),
      { numRuns: 1_000 },
    );
  });
});
