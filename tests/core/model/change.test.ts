import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differs, stableJson } from '../../../core/model/change.ts';
import { company } from '../../../core/model/entities/company.ts';
import { entities } from '../../../core/model/entities.ts';
import type { EntityType, FieldSpec } from '../../../core/model/field-spec.ts';
import { anyRaw } from './arbitraries.ts';

const spec = (entity: EntityType, field: string): FieldSpec => {
  const found = entities[entity][field];
  if (!found) throw new Error(`no field ${entity}.${field}`);
  return found;
};

describe('equal is equal (P3)', () => {
  it.each([
    ['person', 'lastName', '山崎', '山﨑'],
    ['person', 'lastName', '髙橋', ' 高橋 '],
    ['person', 'fullName', '山﨑　太郎', '山崎 太郎'],
    ['person', 'lastNameKana', 'ﾀﾅｶ', 'たなか'],
    ['person', 'email', 'Taro.Yamazaki@Sample.Example.co.jp ', 'taro.yamazaki@sample.example.co.jp'],
    ['person', 'phone', '０３－１２３４－５６７８', '03-1234-5678'],
    ['person', 'phone', '(03) 2222-2222', '03-2222-2222'],
    ['person', 'phone', '+81312345678', '03-1234-5678'],
    ['person', 'companyName', '㈱サンプル', '株式会社サンプル'],
    ['company', 'name', 'サンプル㈱', '株式会社サンプル'],
    ['person', 'memberNumber', 'Ａ－００１２', 'A-0012'],
    ['person', 'jobTitle', 'ﾏﾈｰｼﾞｬｰ', 'マネージャー'],
    ['person', 'jobTitle', '部長　代理', '部長 代理'],
    ['person', 'birthday', '昭和60年12月31日', '1985-12-31'],
    ['person', 'postalCode', '〒1000005', '100-0005'],
    ['person', 'prefecture', '東京', '東京都'],
    ['person', 'street', '丸の内１丁目２番３号', '丸の内1-2-3'],
    ['person', 'country', 'Japan', 'JP'],
    ['person', 'doNotContact', 'true', true],
    ['person', 'score', '20.0', 20],
    ['person', 'tags', 'b;a', ['a', 'b']],
    ['person', 'utm', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }],
    ['deal', 'amount', '￥1,200', { amount: '1200', currency: 'JPY' }],
    ['deal', 'closedAt', '2026-09-01T01:00:00.000+0000', Date.parse('2026-09-01T10:00:00+09:00')],
    ['deal', 'ownerRef', 'Tanaka@Example.co.jp', 'tanaka@example.co.jp'],
    ['activity', 'body', 'こんにちは\r\n', 'こんにちは'],
    ['person', 'phone', null, ''],
    ['person', 'tags', [], undefined],
  ] as const)('%s.%s: %o is %o', (entity, field, left, right) => {
    expect(differs(left, right, spec(entity, field))).toBe(false);
    expect(differs(right, left, spec(entity, field))).toBe(false);
  });

  it.each([
    ['person', 'lastName', '山崎', '山際'],
    ['person', 'lastName', '坂本', '阪本'],
    ['person', 'firstName', 'さくら', 'サクラ'],
    ['person', 'phone', '03-0000-0000', '03-1111-1111'],
    ['person', 'phone', '03-1234-5678', null],
    ['person', 'phone', 'なし', '不明'],
    ['person', 'email', 'taro@example.jp', 'taro+news@example.jp'],
    ['company', 'name', '株式会社山田', '有限会社山田'],
    ['person', 'jobTitle', '課長', '部長'],
    ['person', 'jobTitle', 'IoT', 'iot'],
    ['person', 'memberNumber', 'A-1', 'A-10'],
    ['person', 'doNotContact', false, null],
    ['person', 'score', 0, null],
    ['deal', 'amount', '1200', '$1200'],
    ['person', 'utm', { a: 1 }, { a: 2 }],
  ] as const)('%s.%s: %o is not %o', (entity, field, left, right) => {
    expect(differs(left, right, spec(entity, field))).toBe(true);
    expect(differs(right, left, spec(entity, field))).toBe(true);
  });

  it('a company with no 法人格 equals both that have one', () => {
    expect(differs('山田', '株式会社山田', company.name as FieldSpec)).toBe(false);
    expect(differs('山田', '有限会社山田', company.name as FieldSpec)).toBe(false);
  });

  it('a date is read in the zone of the connection', () => {
    expect(differs('2026-09-01T20:00:00Z', '2026-09-01', spec('person', 'birthday'), { timeZone: 'UTC' })).toBe(false);
    expect(differs('2026-09-01T20:00:00Z', '2026-09-01', spec('person', 'birthday'))).toBe(true);
  });
});

it('nothing differs from itself, and which side is which does not matter', () => {
  const specs = Object.values(entities).flatMap((fields) => Object.values(fields));
  fc.assert(
    fc.property(fc.constantFrom(...specs), anyRaw, anyRaw, (each, left, right) => {
      expect(differs(left, left, each)).toBe(false);
      expect(differs(left, right, each)).toBe(differs(right, left, each));
    }),
    { numRuns: 3000 },
  );
});

it('JSON is compared without the order of its keys, but with the order of its lists', () => {
  expect(stableJson({ b: 1, a: [{ d: 1, c: 2 }] })).toBe('{"a":[{"c":2,"d":1}],"b":1}');
  expect(stableJson([1, 2])).not.toBe(stableJson([2, 1]));
});
