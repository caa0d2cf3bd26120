import fc from 'fast-check';
import { expect, it } from 'vitest';
import { matchKeyOf, matchKeys } from '../../../core/model/match-keys.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { anyRaw } from './arbitraries.ts';

it('a person is found by e-mail addresses, phones and member number', () => {
  expect(
    matchKeys({
      email: 'Taro+News@Example.jp ',
      emails: [{ value: 'taro@example.jp' }, { value: 'taro@personal.example.com', status: 'bounced' }],
      phone: '０３－１２３４－５６７８',
      mobile: '090-1234-5678',
      phones: [{ e164: '+81312345678', raw: '03-1234-5678' }],
      memberNumber: 'Ａ－１２',
      lastName: '山崎',
    }),
  ).toEqual([
    { kind: 'email', value: 'taro@example.jp' },
    { kind: 'email', value: 'taro@personal.example.com' },
    { kind: 'phone', value: '+81312345678' },
    { kind: 'phone', value: '+819012345678' },
    { kind: 'memberNumber', value: 'A-12' },
  ]);
});

it('shared addresses, placeholder numbers and empty fields are no keys', () => {
  expect(
    matchKeys({
      email: 'info@example.jp',
      emails: [{ value: 'sales-tokyo@example.jp' }, null, 'x'],
      phone: '03-0000-0000',
      mobile: 'なし',
      phones: 'none',
      memberNumber: '0000',
    }),
  ).toEqual([]);
  expect(matchKeys({})).toEqual([]);
});

it('a key found alone is the key found on the person', () => {
  expect(matchKeyOf('email', 'T.aro@gmail.com')).toEqual({ kind: 'email', value: 'taro@gmail.com' });
  expect(matchKeyOf('phone', '03-1234-5678 内線1')).toEqual({ kind: 'phone', value: '+81312345678' });
  expect(matchKeyOf('memberNumber', 12)).toEqual({ kind: 'memberNumber', value: '12' });
  expect(matchKeyOf('email', 'support@example.jp')).toBeUndefined();
});

it('keys are distinct and stay themselves, whatever the fields hold', () => {
  fc.assert(
    fc.property(
      fc.record({ email: anyRaw, emails: anyRaw, phone: anyRaw, phones: anyRaw, memberNumber: anyRaw }),
      (fields) => {
        const keys = matchKeys(fields as JsonObject);
        expect(new Set(keys.map((key) => JSON.stringify(key))).size).toBe(keys.length);
        for (const key of keys) expect(matchKeyOf(key.kind, key.value)).toEqual(key);
      },
    ),
    { numRuns: 1000 },
  );
});
