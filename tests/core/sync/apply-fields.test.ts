import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../../core/config/workspace.ts';
import { differs } from '../../../core/model/change.ts';
import { entities } from '../../../core/model/entities.ts';
import type { FieldSpec } from '../../../core/model/field-spec.ts';
import type { JsonValue } from '../../../core/sdk/json.ts';
import type { EntityRow } from '../../../core/store/entities.ts';
import { type ApplySource, applyFields, type FieldRules } from '../../../core/sync/apply-fields.ts';

const blank: EntityRow = {
  type: 'person',
  id: '019a0000-0000-7000-8000-000000000001',
  version: 1,
  createdAtMs: 0,
  updatedAtMs: 0,
  fields: {},
  custom: {},
  fieldMeta: {},
  mergedInto: null,
  deletedAtMs: null,
};

const ranks: Readonly<Record<string, number>> = { salesforce: 0, hubspot: 1, site: 2 };

const rulesOf = (policy: Partial<PolicyRule> & Pick<PolicyRule, 'rule'>): FieldRules => ({
  specOf: (field) => entities.person[field] ?? (field === 'plan' ? { ...spec('jobTitle') } : undefined),
  isCustom: (field) => field === 'plan',
  policyOf: () => ({ onBlank: 'keep', ...policy }),
  rankOf: (connection) => ranks[connection] ?? 99,
});

const spec = (field: string): FieldSpec => entities.person[field] as FieldSpec;

const from = (connection: string, sourceAtMs: number): ApplySource => ({
  connection,
  rank: ranks[connection] ?? 99,
  sourceAtMs,
  nowMs: 1_000,
  mappingVersion: 'v1',
});

type Said = readonly [connection: string, atMs: number, values: Record<string, JsonValue>];

/** What a person is after the tools said these things in this order. */
function after(policy: Partial<PolicyRule> & Pick<PolicyRule, 'rule'>, said: readonly Said[]): EntityRow {
  const rules = rulesOf(policy);
  return said.reduce(
    (row, [connection, atMs, values]) => applyFields(row, values, from(connection, atMs), rules).row,
    blank,
  );
}

describe('absent, null and empty', () => {
  const start: Said = ['hubspot', 1, { jobTitle: '課長', department: '営業' }];

  it('leaves a field alone that the record does not name', () => {
    expect(after({ rule: 'newest' }, [start, ['hubspot', 2, { jobTitle: '部長' }]]).fields).toEqual({
      jobTitle: '部長',
      department: '営業',
    });
  });

  it.each([null, ''])('keeps the value against a blank (%j), which is kept as a loser', (given) => {
    const row = after({ rule: 'newest' }, [start]);
    const result = applyFields(row, { jobTitle: given }, from('hubspot', 2), rulesOf({ rule: 'newest' }));
    expect(result.row).toBe(row);
    expect(result.outcomes).toMatchObject([{ field: 'jobTitle', before: '課長', after: null, outcome: 'lost' }]);
  });

  it.each([null, ''])('clears with a blank (%j) where the policy says so', (given) => {
    const row = after({ rule: 'newest', onBlank: 'clear' }, [start, ['hubspot', 2, { jobTitle: given }]]);
    expect(row.fields).toEqual({ department: '営業' });
  });

  it('says nothing about a blank where nothing was', () => {
    const result = applyFields(blank, { jobTitle: null, department: '' }, from('hubspot', 1), rulesOf({ rule: 'newest' }));
    expect(result).toEqual({ row: blank, outcomes: [] });
  });

  it('passes over a field nobody knows', () => {
    expect(after({ rule: 'newest' }, [['hubspot', 1, { noSuchField: 'x' }]])).toBe(blank);
  });

  it('keeps a custom field beside the canonical ones, with where it came from', () => {
    const row = after({ rule: 'newest' }, [['hubspot', 7, { plan: 'gold' }]]);
    expect(row).toMatchObject({
      fields: {},
      custom: { plan: 'gold' },
      version: 2,
      fieldMeta: { plan: { source: 'hubspot', sourceAtMs: 7, observedAtMs: 1_000, mappingVersion: 'v1' } },
    });
  });
});

describe('equal is equal (P3)', () => {
  it.each<[string, JsonValue, JsonValue]>([
    ['phone', '+81312345678', '03-1234-5678'],
    ['email', 'taro@example.co.jp', ' Taro@Example.co.jp'],
    ['lastName', '山崎', '山﨑'],
    ['companyName', '株式会社サンプル', '㈱サンプル'],
    ['jobTitle', '課長', '課長 '],
    ['tags', ['a', 'b'], ['b', 'a']],
  ])('%s: %j and %j are no change', (field, before, given) => {
    const row = after({ rule: 'newest' }, [['hubspot', 1, { [field]: before }]]);
    const result = applyFields(row, { [field]: given }, from('salesforce', 2), rulesOf({ rule: 'newest' }));
    expect(result.outcomes).toEqual([]);
    expect(result.row.fields).toEqual(row.fields);
    expect(result.row.version).toBe(row.version);
  });
});

describe('who wins', () => {
  const old: Said = ['hubspot', 10, { jobTitle: '課長' }];
  const newer: Said = ['salesforce', 20, { jobTitle: '部長' }];
  const older: Said = ['salesforce', 5, { jobTitle: '部長' }];
  const cases: [string, Partial<PolicyRule> & Pick<PolicyRule, 'rule'>, readonly Said[], JsonValue][] = [
    ['newest: the later instant', { rule: 'newest' }, [old, newer], '部長'],
    ['newest: not the earlier one that arrives later', { rule: 'newest' }, [old, older], '課長'],
    [
      'newest: at one instant the tool that stands first in musubi.yaml',
      { rule: 'newest' },
      [old, ['salesforce', 10, { jobTitle: '部長' }]],
      '部長',
    ],
    [
      'newest: at one instant not the tool that stands later',
      { rule: 'newest' },
      [old, ['site', 10, { jobTitle: '部長' }]],
      '課長',
    ],
    ['owner: only the owner', { rule: 'owner', owner: 'hubspot' }, [old, newer], '課長'],
    ['owner: the owner, whatever the time', { rule: 'owner', owner: 'salesforce' }, [old, older], '部長'],
    ['owner: anybody fills a blank', { rule: 'owner', owner: 'hubspot' }, [newer], '部長'],
    ['priority: the first of the list', { rule: 'priority', priority: ['salesforce', 'hubspot'] }, [old, older], '部長'],
    ['priority: not a later one of the list', { rule: 'priority', priority: ['hubspot', 'salesforce'] }, [old, newer], '課長'],
    ['priority: not one that is not listed', { rule: 'priority', priority: ['hubspot'] }, [old, newer], '課長'],
    [
      'priority: the same tool may change its mind',
      { rule: 'priority', priority: ['hubspot'] },
      [old, ['hubspot', 20, { jobTitle: '部長' }]],
      '部長',
    ],
    [
      'priority: the same tool’s older word does not count',
      { rule: 'priority', priority: ['hubspot'] },
      [old, ['hubspot', 5, { jobTitle: '部長' }]],
      '課長',
    ],
    ['first: once', { rule: 'first' }, [old, newer], '課長'],
    ['fill_blank: only a blank', { rule: 'fill_blank' }, [old, newer], '課長'],
    ['fill_blank: a blank', { rule: 'fill_blank' }, [newer], '部長'],
    ['ask: a person decides', { rule: 'ask' }, [old, newer], '課長'],
    ['union: both', { rule: 'union' }, [['hubspot', 1, { tags: ['b', 'a'] }], ['site', 0, { tags: ['c', 'b'] }]], ['a', 'b', 'c']],
    ['max: the greater', { rule: 'max' }, [['hubspot', 2, { score: '9.5' }], ['site', 1, { score: '10' }]], '10'],
    ['max: not the smaller', { rule: 'max' }, [['hubspot', 1, { score: '10' }], ['site', 2, { score: '9.5' }]], '10'],
    ['min: the smaller', { rule: 'min' }, [['hubspot', 2, { score: '10' }], ['site', 1, { score: '9.5' }]], '9.5'],
    [
      'min of dates: the earlier',
      { rule: 'min' },
      [['hubspot', 2, { birthday: '1990-02-01' }], ['site', 1, { birthday: '1990-01-31' }]],
      '1990-01-31',
    ],
    [
      'strictest: a person who must not be contacted stays so',
      { rule: 'strictest' },
      [['hubspot', 1, { doNotContact: true }], ['salesforce', 2, { doNotContact: false }]],
      true,
    ],
    [
      'strictest: an older prohibition counts against a newer permission',
      { rule: 'strictest' },
      [['hubspot', 2, { doNotContact: false }], ['salesforce', 1, { doNotContact: true }]],
      true,
    ],
    [
      'max: a blank is less than anything, also where blanks clear',
      { rule: 'max', onBlank: 'clear' },
      [['hubspot', 1, { birthday: '1990-01-31' }], ['site', 2, { birthday: null }]],
      '1990-01-31',
    ],
  ];
  it.each(cases)('%s', (_, policy, said, expected) => {
    const row = after(policy, said);
    expect(Object.values(row.fields)).toEqual([expected]);
  });

  it('keeps the loser with both values and the policy line', () => {
    const row = after({ rule: 'newest' }, [old]);
    const { outcomes } = applyFields(row, { jobTitle: '部長' }, from('salesforce', 5), rulesOf({ rule: 'newest' }));
    expect(outcomes).toEqual([
      { field: 'jobTitle', before: '課長', after: '部長', outcome: 'lost', policy: 'person.jobTitle: newest' },
    ]);
  });
});

const values = fc.record(
  {
    jobTitle: fc.constantFrom('課長', '部長', '課長 ', '', null),
    phone: fc.constantFrom('+81312345678', '+81398765432', null),
    companyName: fc.constantFrom('株式会社サンプル', '㈱サンプル', '別会社'),
    tags: fc.subarray(['a', 'b', 'c']),
    score: fc.constantFrom('1', '2.5', '10', null),
    doNotContact: fc.boolean(),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Record<string, JsonValue>>;

const policyArb: fc.Arbitrary<PolicyRule> = fc.record({
  rule: fc.constantFrom('owner', 'priority', 'newest', 'fill_blank', 'first', 'strictest', 'union', 'max', 'min', 'ask'),
  owner: fc.constantFrom('salesforce', 'hubspot'),
  priority: fc.constant(['hubspot', 'salesforce']),
  onBlank: fc.constantFrom('keep', 'clear', 'ask'),
}) as fc.Arbitrary<PolicyRule>;

const saidArb: fc.Arbitrary<Said> = fc.tuple(
  fc.constantFrom('salesforce', 'hubspot', 'site'),
  fc.integer({ min: 1, max: 100 }),
  values,
);

describe('for any policy', () => {
  it('applying a record twice changes nothing the second time', () => {
    fc.assert(
      fc.property(policyArb, fc.array(saidArb, { maxLength: 5 }), saidArb, (policy, before, [connection, atMs, given]) => {
        const rules = rulesOf(policy);
        const once = applyFields(after(policy, before), given, from(connection, atMs), rules).row;
        const twice = applyFields(once, given, from(connection, atMs), rules);
        expect(twice.row.fields).toEqual(once.fields);
        expect(twice.row.version).toBe(once.version);
        expect(twice.outcomes.filter((one) => one.outcome === 'applied')).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('a new version means that something was applied, and nothing else does', () => {
    fc.assert(
      fc.property(policyArb, fc.array(saidArb, { maxLength: 5 }), saidArb, (policy, before, [connection, atMs, given]) => {
        const row = after(policy, before);
        const result = applyFields(row, given, from(connection, atMs), rulesOf(policy));
        const applied = result.outcomes.filter((one) => one.outcome === 'applied');
        expect(result.row.version).toBe(row.version + (applied.length > 0 ? 1 : 0));
        for (const { field, after: value } of applied) expect(result.row.fields[field] ?? null).toEqual(value);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('newest does not depend on the order in which tools are read', () => {
  const distinct = fc
    .uniqueArray(saidArb, { selector: ([, atMs]) => atMs, minLength: 2, maxLength: 5 })
    .chain((said) => fc.tuple(fc.constant(said), fc.shuffledSubarray(said, { minLength: said.length })));

  const isSame = (left: EntityRow, right: EntityRow) =>
    Object.keys(entities.person).every((field) => !differs(left.fields[field], right.fields[field], spec(field)));

  it.each(['keep', 'clear'] as const)('with distinct instants and onBlank: %s', (onBlank) => {
    fc.assert(
      fc.property(distinct, ([said, shuffled]) => {
        const policy = { rule: 'newest', onBlank } as const;
        expect(isSame(after(policy, said), after(policy, shuffled))).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('a later word that repeats the value is later all the same', () => {
    const [first, between, again]: readonly Said[] = [
      ['hubspot', 10, { jobTitle: '課長' }],
      ['site', 15, { jobTitle: '部長' }],
      ['salesforce', 20, { jobTitle: '課長' }],
    ];
    expect(after({ rule: 'newest' }, [first, between, again] as Said[]).fields.jobTitle).toBe('課長');
    expect(after({ rule: 'newest' }, [first, again, between] as Said[]).fields.jobTitle).toBe('課長');
  });
});
