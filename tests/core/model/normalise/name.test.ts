import { describe, expect, it } from 'vitest';
import { foldKanjiVariants, variantPairs } from '../../../../core/model/normalise/kanji-variants.ts';
import {
  compareNames,
  joinName,
  keyOfName,
  normaliseName,
  splitFullName,
} from '../../../../core/model/normalise/name.ts';
import { corpus } from '../corpus.ts';

describe('names of the labelled pairs', () => {
  it.each(corpus('names'))('%s: %s / %s', (label = '', left = '', right = '') => {
    const match = compareNames(splitFullName(left), splitFullName(right));
    const reverse = compareNames(splitFullName(right), splitFullName(left));
    const expected = { same: ['same', 'variant'], kana: ['kana'], swapped: ['swapped'], different: [undefined] }[label];
    expect(expected).toContain(match);
    expect(reverse).toBe(match);
    expect(keyOfName(left) === keyOfName(right)).toBe(label === 'same');
  });
});

it('every surname in an old form is the one in the common form, and no other surname of the list', () => {
  const surnames: readonly (readonly string[])[] = [
    ['高橋', '髙橋', '高槗', '髙𣘺'],
    ['山崎', '山﨑', '山嵜', '山㟢'],
    ['渡辺', '渡邉', '渡邊', '渡邉\u{E0101}'],
    ['斉藤', '斎藤', '齊藤', '齋藤'],
    ['沢田', '澤田'],
    ['浜口', '濱口', '濵口'],
    ['吉田', '𠮷田'],
    ['桜井', '櫻井'],
    ['広田', '廣田'],
    ['島津', '嶋津', '嶌津'],
    ['富田', '冨田'],
    ['佐々木', '佐佐木'],
    ['坂本'],
    ['阪本'],
    ['高梨'],
    ['山際'],
  ];
  const given = ['太郎', '花子', '健', '美咲', '翔太', '陽菜', '大輔', '愛', '誠', '直樹'];
  const everyone = surnames.flatMap((forms, group) =>
    forms.flatMap((surname) => given.map((first) => ({ who: `${group}-${first}`, name: `${surname}　${first}` }))),
  );
  for (const left of everyone) {
    for (const right of everyone) expect(keyOfName(left.name) === keyOfName(right.name)).toBe(left.who === right.who);
  }
});

it('a name is kept as its owner writes it', () => {
  expect(normaliseName(' 山﨑　　太郎 ')).toBe('山﨑 太郎');
  expect(normaliseName('髙橋\n\u0000')).toBe('髙橋');
  // U+FA19 is the legal form of 神 for some families; NFKC would change it.
  expect(normaliseName('\uFA19谷')).toBe('\uFA19谷');
  expect(normaliseName('ﾀﾅｶ ﾀﾛｳ')).toBe('タナカ タロウ');
});

it.each([
  ['山田　太郎', '山田', '太郎'],
  ['山田 太郎 様', '山田', '太郎'],
  ['山田太郎', '山田太郎', undefined],
  ['デ ラ クルス', 'デ', 'ラ クルス'],
  ['Taro Yamada', 'Yamada', 'Taro'],
  ['YAMADA Taro', 'YAMADA', 'Taro'],
  ['Yamada, Taro', 'Yamada', 'Taro'],
  ['Mary Jane Watson', 'Watson', 'Mary Jane'],
])('%s is split into family and given name', (full, lastName, firstName) => {
  expect(splitFullName(full)).toEqual(firstName === undefined ? { lastName } : { lastName, firstName });
});

it('a missing name has no parts and no key', () => {
  expect(splitFullName('　')).toEqual({});
  expect(splitFullName(null)).toEqual({});
  expect(joinName({})).toBeUndefined();
  expect(keyOfName('・')).toBeUndefined();
  expect(compareNames({}, {})).toBeUndefined();
});

it('a form filled in the wrong order, a full name and two parts compare alike', () => {
  const stored = { lastName: '山崎', firstName: '太郎' };
  expect(compareNames({ lastName: '山崎太郎' }, stored)).toBe('same');
  expect(compareNames({ lastName: '山﨑', firstName: '太郎' }, stored)).toBe('variant');
  expect(compareNames({ lastName: '太郎', firstName: '山﨑' }, stored)).toBe('swapped');
  expect(compareNames({ lastName: '太郎山崎' }, stored)).toBe('swapped');
  expect(compareNames({ lastName: '山崎' }, stored)).toBeUndefined();
});

it('tells which characters differ only as variants', () => {
  expect(variantPairs('山﨑', '山崎')).toEqual([['﨑', '崎']]);
  expect(variantPairs('髙﨑', '高崎')).toEqual([
    ['髙', '高'],
    ['﨑', '崎'],
  ]);
  expect(variantPairs('山崎', '山崎')).toEqual([]);
  expect(variantPairs('山田', '山崎')).toEqual([]);
});

it('no character stands for two kanji', () => {
  const forms = '崎﨑嵜碕高髙辺邉邊斉齋齊斎沢澤浜濱濵';
  expect(foldKanjiVariants(forms)).toBe('崎崎崎崎高高辺辺辺斉斉斉斉沢沢浜浜浜');
  for (let code = 0x3400; code < 0x30000; code++) {
    const common = foldKanjiVariants(String.fromCodePoint(code));
    expect(foldKanjiVariants(common)).toBe(common);
  }
});
