import { describe, expect, it } from 'vitest';
import {
  compareCompanies,
  keyOfCompany,
  normaliseCompanyName,
  splitCompanyName,
} from '../../../../core/model/normalise/company.ts';
import { normaliseCorporateNumber } from '../../../../core/model/normalise/corporate-number.ts';
import { corpus } from '../corpus.ts';

describe('companies of the labelled pairs', () => {
  it.each(corpus('companies'))('%s: %s / %s', (label, left, right) => {
    expect(compareCompanies(left, right) !== undefined).toBe(label === 'same');
    expect(compareCompanies(right, left)).toBe(compareCompanies(left, right));
  });
});

it('every way to write 株式会社 before and after a name is one company', () => {
  const before = ['株式会社', '㈱', '(株)', '（株）', '㍿', '株式會社', 'ｶ)', 'カ）', '株式会社　', '㈱ '];
  const after = ['株式会社', '㈱', '(株)', '（株）', '㍿', '(ｶ', '　株式会社', ' ㈱'];
  const names = ['サンプル', '髙橋商店', '山﨑・デザイン', 'ＡＢＣ', '2ndステップ'];
  for (const name of names) {
    const key = keyOfCompany(name);
    for (const form of before) expect(keyOfCompany(form + name)).toBe(key);
    for (const form of after) expect(keyOfCompany(name + form)).toBe(key);
  }
  expect(new Set(names.map(keyOfCompany)).size).toBe(names.length);
});

it('tells the name, the 法人格 and whether it stands before or after', () => {
  expect(splitCompanyName('㈱サンプル')).toEqual({ name: 'サンプル', legalForm: '株式会社', position: 'before' });
  expect(splitCompanyName('サンプル（有）')).toEqual({ name: 'サンプル', legalForm: '有限会社', position: 'after' });
  expect(splitCompanyName('一般社団法人みどり')).toMatchObject({ name: 'みどり', legalForm: '一般社団法人' });
  expect(splitCompanyName('医療法人社団さくら会')).toMatchObject({ name: 'さくら会', legalForm: '医療法人社団' });
  expect(splitCompanyName('Sample Co., Ltd.')).toEqual({ name: 'Sample' });
  expect(splitCompanyName('サンプル')).toEqual({ name: 'サンプル' });
  expect(splitCompanyName('株式会社')).toEqual({ name: '株式会社' });
  expect(splitCompanyName(' ')).toBeUndefined();
});

it('says how two names are alike', () => {
  expect(compareCompanies('株式会社 サンプル', '株式会社サンプル')).toBe('same');
  expect(compareCompanies('㈱サンプル', 'サンプル')).toBe('legal_form');
  expect(compareCompanies(null, null)).toBeUndefined();
});

it('the name itself stays as written', () => {
  expect(normaliseCompanyName('　㈱ｻﾝﾌﾟﾙ　東京 ')).toBe('㈱サンプル 東京');
});

it('a 法人番号 is taken with its check digit only', () => {
  expect(normaliseCorporateNumber('7000012050002')).toBe('7000012050002');
  expect(normaliseCorporateNumber('Ｔ７００００１２０５０００２')).toBe('7000012050002');
  expect(normaliseCorporateNumber('7-0000-1205-0002')).toBe('7000012050002');
  expect(normaliseCorporateNumber(7000012050002)).toBe('7000012050002');
  expect(normaliseCorporateNumber('8000012050002')).toBeUndefined();
  expect(normaliseCorporateNumber('700001205000')).toBeUndefined();
});
