import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../../core/config/workspace.ts';
import { differs } from '../../../core/model/change.ts';
import { entities } from '../../../core/model/entities.ts';
import type { JsonValue } from '../../../core/sdk/json.ts';
import type { EntityRow } from '../../../core/store/entities.ts';
import { applyFields } from '../../../core/sync/apply-fields.ts';
import { after, blank, from, rulesOf, type Said, spec } from './said.ts';

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
    const result = applyFields(
      blank,
      { jobTitle: null, department: '' },
      from('hubspot', 1),
      rulesOf({ rule: 'newest' }),
    );
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
  rule: fc.constantFrom(
    'owner',
    'priority',
    'newest',
    'fill_blank',
    'first',
    'strictest',
    'union',
    'max',
    'min',
    'ask',
  ),
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
      fc.property(
        policyArb,
        fc.array(saidArb, { maxLength: 5 }),
        saidArb,
        (policy, before, [connection, atMs, given]) => {
          const rules = rulesOf(policy);
          const once = applyFields(after(policy, before), given, from(connection, atMs), rules).row;
          const twice = applyFields(once, given, from(connection, atMs), rules);
          expect(twice.row.fields).toEqual(once.fields);
          expect(twice.row.version).toBe(once.version);
          expect(twice.outcomes.filter((one) => one.outcome === 'applied')).toEqual([]);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('a new version means that something was applied, and nothing else does', () => {
    fc.assert(
      fc.property(
        policyArb,
        fc.array(saidArb, { maxLength: 5 }),
        saidArb,
        (policy, before, [connection, atMs, given]) => {
          const row = after(policy, before);
          const result = applyFields(row, given, from(connection, atMs), rulesOf(policy));
          const applied = result.outcomes.filter((one) => one.outcome === 'applied');
          expect(result.row.version).toBe(row.version + (applied.length > 0 ? 1 : 0));
          for (const { field, after: value } of applied) expect(result.row.fields[field] ?? null).toEqual(value);
        },
      ),
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
