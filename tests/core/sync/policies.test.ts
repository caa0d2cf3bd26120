import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../core/sdk/json.ts';
import { applyFields } from '../../../core/sync/apply-fields.ts';
import { after, from, type Policy, rulesOf, type Said } from './said.ts';

describe('who wins', () => {
  const old: Said = ['hubspot', 10, { jobTitle: '課長' }];
  const newer: Said = ['salesforce', 20, { jobTitle: '部長' }];
  const older: Said = ['salesforce', 5, { jobTitle: '部長' }];
  const cases: [string, Policy, readonly Said[], JsonValue][] = [
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
    [
      'priority: the first of the list',
      { rule: 'priority', priority: ['salesforce', 'hubspot'] },
      [old, older],
      '部長',
    ],
    [
      'priority: not a later one of the list',
      { rule: 'priority', priority: ['hubspot', 'salesforce'] },
      [old, newer],
      '課長',
    ],
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
    [
      'union: both',
      { rule: 'union' },
      [
        ['hubspot', 1, { tags: ['b', 'a'] }],
        ['site', 0, { tags: ['c', 'b'] }],
      ],
      ['a', 'b', 'c'],
    ],
    [
      'max: the greater',
      { rule: 'max' },
      [
        ['hubspot', 2, { score: '9.5' }],
        ['site', 1, { score: '10' }],
      ],
      '10',
    ],
    [
      'max: not the smaller',
      { rule: 'max' },
      [
        ['hubspot', 1, { score: '10' }],
        ['site', 2, { score: '9.5' }],
      ],
      '10',
    ],
    [
      'min: the smaller',
      { rule: 'min' },
      [
        ['hubspot', 2, { score: '10' }],
        ['site', 1, { score: '9.5' }],
      ],
      '9.5',
    ],
    [
      'min of dates: the earlier',
      { rule: 'min' },
      [
        ['hubspot', 2, { birthday: '1990-02-01' }],
        ['site', 1, { birthday: '1990-01-31' }],
      ],
      '1990-01-31',
    ],
    [
      'strictest: a person who must not be contacted stays so',
      { rule: 'strictest' },
      [
        ['hubspot', 1, { doNotContact: true }],
        ['salesforce', 2, { doNotContact: false }],
      ],
      true,
    ],
    [
      'strictest: an older prohibition counts against a newer permission',
      { rule: 'strictest' },
      [
        ['hubspot', 2, { doNotContact: false }],
        ['salesforce', 1, { doNotContact: true }],
      ],
      true,
    ],
    [
      'max: a blank is less than anything, also where blanks clear',
      { rule: 'max', onBlank: 'clear' },
      [
        ['hubspot', 1, { birthday: '1990-01-31' }],
        ['site', 2, { birthday: null }],
      ],
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
