import { describe, expect, it } from 'vitest';
import * as codes from '../../../core/model/codes.ts';
import { entities, entityTypes } from '../../../core/model/entities.ts';
import { valueSchema, valueSchemas } from '../../../core/model/value.ts';

describe.each(entityTypes)('%s', (entity) => {
  const fields = Object.entries(entities[entity]);

  it('has fields that people of both languages can read', () => {
    expect(fields.length).toBeGreaterThan(0);
    for (const [name, { label }] of fields) {
      expect(name).toMatch(/^[a-z][A-Za-z0-9]*$/);
      expect(label.en).toMatch(/\S/);
      expect(label.ja).toMatch(/\S/);
    }
  });

  it('points only at entities there are, and names formats only for texts', () => {
    for (const [, spec] of fields) {
      expect(spec.type === 'ref').toBe(spec.ref !== undefined);
      if (spec.ref) expect(entityTypes).toContain(spec.ref);
      if (spec.format) expect(spec.type).toBe('string');
      if (spec.values) expect(['enum', 'enumSet']).toContain(spec.type);
    }
  });
});

it.each(Object.entries(codes).filter(([, list]) => Array.isArray(list)))(
  '%s are distinct snake_case codes with labels',
  (_, list) => {
    const found = (list as typeof codes.lostReasons).map(({ code, label }) => {
      expect(code).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(label.ja && label.en).toBeTruthy();
      return code;
    });
    expect(new Set(found).size).toBe(found.length);
  },
);

it('a person has the fields of a Japanese customer list', () => {
  expect(Object.keys(entities.person)).toEqual(
    expect.arrayContaining([
      'lastName',
      'firstName',
      'lastNameKana',
      'firstNameKana',
      'postalCode',
      'prefecture',
      'phone',
      'department',
      'jobTitle',
    ]),
  );
});

describe('values', () => {
  it.each([
    ['string', '部長', ['', '二\n行', 'a\u0000', '\uD800', 1, null]],
    ['text', '二\n行', ['', 'a\u0000', ' ', 1]],
    ['email', 'taro@example.jp', ['Taro@example.jp', 'taro', '']],
    ['phone', '+81312345678', ['03-1234-5678', '+0312345678', '+8131234567890123']],
    ['url', 'https://example.jp/', ['example.jp', 'ftp://example.jp/', 'javascript:alert(1)']],
    ['int', 12, [1.5, '12', Number.NaN, 2 ** 53]],
    ['decimal', '-12.5', ['012', '1.0', '-0', '1e3', '.5', 12]],
    [
      'money',
      { amount: '1200', currency: 'JPY' },
      [{ amount: 1200, currency: 'JPY' }, { amount: '1' }, { amount: '1', currency: 'yen' }],
    ],
    ['bool', false, ['false', 0]],
    ['date', '2026-09-01', ['2026-02-30', '2026/09/01', 0]],
    ['datetime', 1_788_220_800_000, [1.5, '2026-09-01', 9e15]],
    ['enum', 'page_view', ['Page View', '']],
    ['enumSet', ['a', 'b'], [['a', 'a'], 'a']],
    ['ref', 'x-1', ['']],
    ['json', { a: [1, null] }, [undefined, () => 1]],
  ] as const)('a %s is held like %o', (type, good, bad) => {
    expect(valueSchemas[type].safeParse(good).success).toBe(true);
    for (const value of bad) expect(valueSchemas[type].safeParse(value).success).toBe(false);
  });

  it('a field with codes takes only these, an owner is an e-mail address', () => {
    const { status, ownerRef } = entities.deal;
    expect(status && valueSchema(status).safeParse('lost').success).toBe(true);
    expect(status && valueSchema(status).safeParse('gone').success).toBe(false);
    expect(ownerRef && valueSchema(ownerRef).safeParse('tanaka@example.co.jp').success).toBe(true);
    expect(ownerRef && valueSchema(ownerRef).safeParse('005000000000001').success).toBe(false);
  });
});
