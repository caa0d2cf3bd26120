import { expect, it } from 'vitest';
import { keyOfAddress, normaliseAddress } from '../../../../core/model/normalise/address.ts';
import { normaliseBool } from '../../../../core/model/normalise/bool.ts';
import { normaliseEnum, normaliseEnumSet } from '../../../../core/model/normalise/code.ts';
import { normaliseCountry } from '../../../../core/model/normalise/country.ts';
import { normaliseJson } from '../../../../core/model/normalise/json.ts';
import { normaliseKana } from '../../../../core/model/normalise/kana.ts';
import { readLostReason } from '../../../../core/model/normalise/lost-reason.ts';
import { normalisePostalCode } from '../../../../core/model/normalise/postal-code.ts';
import {
  normalisePrefecture,
  prefectureCode,
  prefectures,
  splitPrefecture,
} from '../../../../core/model/normalise/prefecture.ts';
import { clean, normaliseCode, normaliseLine, normaliseText } from '../../../../core/model/normalise/text.ts';
import { normaliseDomain, normaliseUrl } from '../../../../core/model/normalise/url.ts';
import { isBlank } from '../../../../core/model/normalise/value.ts';

it('a text keeps its lines and emoji and loses what no store holds', () => {
  expect(normaliseText('こんにちは\r\n👍🏽👨‍👩‍👧\u0000\uD800  \n')).toBe('こんにちは\n👍🏽👨‍👩‍👧');
  expect(clean('a\tb\u0007\u202Ec')).toBe('a\tbc');
  expect(normaliseLine('　部長\n代理　')).toBe('部長 代理');
  expect(normaliseLine('①ＡＢＣ㈱')).toBe('①ＡＢＣ㈱');
  expect(normaliseLine('ー')).toBe('ー');
});

it('a member number is typed in many widths and hyphens', () => {
  expect(normaliseCode(' Ａ－００１２ ')).toBe('A-0012');
  expect(normaliseCode('A−0012')).toBe('A-0012');
  expect(normaliseCode('A ー 0012')).toBe('A-0012');
  expect(normaliseCode('ゴールドー1')).toBe('ゴールドー1');
  expect(normaliseCode(1001)).toBe('1001');
});

it.each([
  ['ﾀﾅｶ ﾀﾛｳ', 'タナカ タロウ'],
  ['たなか　たろう', 'タナカ タロウ'],
  ['ｶﾞｷﾞﾊﾟ', 'ガギパ'],
  ['か゛', 'ガ'],
  ['サ-ビス', 'サービス'],
  ['サ−ビス', 'サービス'],
  ['ｻｰﾋﾞｽ', 'サービス'],
  ['ゔぁいおりん', 'ヴァイオリン'],
])('the reading %s is %s', (raw, expected) => {
  expect(normaliseKana(raw)).toBe(expected);
});

it.each([
  ['〒100-0005', '100-0005'],
  ['１００－０００５', '100-0005'],
  ['100ー0005', '100-0005'],
  ['1000005', '100-0005'],
  [1000005, '100-0005'],
  ['94105', '94105'],
  ['sw1a 1aa', 'SW1A 1AA'],
  ['100-000', '100-000'],
  ['東京', undefined],
  ['', undefined],
])('the postal code %s is %s', (raw, expected) => {
  expect(normalisePostalCode(raw)).toBe(expected);
});

it('a prefecture is known by name, short name, Latin letters and code', () => {
  for (const raw of ['東京都', '東京', 'Tokyo', 'TOKYO-TO', '13', 13, 'JP-13', '東 京 都']) {
    expect(normalisePrefecture(raw)).toBe('東京都');
  }
  expect(normalisePrefecture('京都')).toBe('京都府');
  expect(normalisePrefecture('Hyogo Prefecture')).toBe('兵庫県');
  expect(normalisePrefecture('California')).toBe('California');
  expect(prefectures).toHaveLength(47);
  expect(prefectures.map(prefectureCode)).toEqual(prefectures.map((_, index) => String(index + 1).padStart(2, '0')));
  expect(prefectureCode('California')).toBeUndefined();
  expect(splitPrefecture('京都府京都市中京区1-1')).toEqual({ prefecture: '京都府', rest: '京都市中京区1-1' });
  expect(splitPrefecture('千代田区1-1')).toBeUndefined();
});

it('a country is held as its ISO code', () => {
  for (const raw of ['JP', 'jpn', 'Japan', '日本', '日本国']) expect(normaliseCountry(raw)).toBe('JP');
  expect(normaliseCountry('The United States of America')).toBe('US');
  expect(normaliseCountry('U.S.A.')).toBe('US');
  expect(normaliseCountry('fi')).toBe('FI');
  expect(normaliseCountry('ナウル')).toBe('ナウル');
});

it.each([
  ['千代田区丸の内１丁目２番３号', '千代田区丸の内1-2-3'],
  ['千代田区丸の内一丁目2-3', '千代田区丸の内１ー２ー３'],
  ['千代田区丸の内1丁目2番地の3', '千代田区 丸の内 1−2−3'],
  ['龍ケ崎市1番地', '竜ヶ﨑市1'],
  ['青葉町十二番三号 サンプルビル5F', '青葉町12-3サンプルビル５Ｆ'],
])('%s and %s are one address', (left, right) => {
  expect(keyOfAddress(left)).toBe(keyOfAddress(right));
});

it('different houses are different addresses', () => {
  expect(keyOfAddress('丸の内1-2-3')).not.toBe(keyOfAddress('丸の内1-23'));
  expect(keyOfAddress('丸の内1-2-3')).not.toBe(keyOfAddress('丸の内1-2-4'));
  expect(normaliseAddress('丸の内１ー２－３　サンプルタワー')).toBe('丸の内1-2-3 サンプルタワー');
});

it('URLs are absolute, domains bare', () => {
  expect(normaliseUrl('Example.CO.JP/a b')).toBe('https://example.co.jp/ab');
  expect(normaliseUrl('http://例え.jp')).toBe('http://xn--r8jz45g.jp/');
  expect(normaliseUrl('https://example.jp:8443/x?y=1#z')).toBe('https://example.jp:8443/x?y=1#z');
  expect(normaliseUrl('javascript:alert(1)')).toBeUndefined();
  expect(normaliseUrl('なし')).toBeUndefined();
  expect(normaliseDomain('https://www.Example.co.jp/about')).toBe('example.co.jp');
  expect(normaliseDomain('Taro@Example.co.jp')).toBe('example.co.jp');
  expect(normaliseDomain('ｅｘａｍｐｌｅ．ｊｐ')).toBe('example.jp');
  expect(normaliseDomain('localhost')).toBeUndefined();
});

it('yes and no as forms say them', () => {
  for (const raw of [true, 'true', 'TRUE', 1, '1', 'はい', 'あり', '○', '〇', '同意する'])
    expect(normaliseBool(raw)).toBe(true);
  for (const raw of [false, 'false', 0, 'No', 'いいえ', '不可', '×', '同意しない'])
    expect(normaliseBool(raw)).toBe(false);
  for (const raw of ['', null, '多分', 2, {}]) expect(normaliseBool(raw)).toBeUndefined();
});

it('codes are found whatever case and hyphens they come in', () => {
  expect(normaliseEnum('Closed Won', ['closed_won', 'open'])).toBe('closed_won');
  expect(normaliseEnum('受注', ['受注', '失注'])).toBe('受注');
  expect(normaliseEnum('other', ['open'])).toBeUndefined();
  expect(normaliseEnum('Page View')).toBe('page_view');
  expect(normaliseEnum('資料請求')).toBeUndefined();
  expect(normaliseEnumSet('b; a;;b')).toEqual(['a', 'b']);
  expect(normaliseEnumSet(['優良', ' VIP '])).toEqual(['VIP', '優良']);
  expect(normaliseEnumSet(['a', 'z'], ['a'])).toEqual(['a']);
  expect(normaliseEnumSet([])).toBeUndefined();
});

it('JSON of a vendor is made storable', () => {
  expect(normaliseJson({ 'a\u0000': ['x\uD800', undefined, Number.NaN], b: undefined })).toEqual({
    a: ['x', null, null],
  });
  expect(normaliseJson(JSON.parse('{"__proto__": {"x": 1}}'))).toEqual(JSON.parse('{"__proto__": {"x": 1}}'));
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  expect(() => normaliseJson(circular)).not.toThrow();
});

it.each([
  ['price', 'price', undefined],
  ['価格', 'price', '価格'],
  ['他社のほうが安かった', 'competitor', '他社のほうが安かった'],
  ['予算が取れなかった', 'no_budget', '予算が取れなかった'],
  ['価格が高い', 'price', '価格が高い'],
  ['導入時期が合わない', 'timing', '導入時期が合わない'],
  ['必要な機能がない', 'feature_gap', '必要な機能がない'],
  ['連絡がつかない', 'no_response', '連絡がつかない'],
  ['今回は見送り', 'no_decision', '今回は見送り'],
  ['検討中止', 'no_decision', '検討中止'],
  ['ニーズなし', 'no_need', 'ニーズなし'],
  ['Too expensive', 'price', 'Too expensive'],
  ['Went with a competitor', 'competitor', 'Went with a competitor'],
  ['重複', 'duplicate', '重複'],
  ['引っ越したため', 'other', '引っ越したため'],
])('the lost reason %s is %s, its text is kept', (raw, lostReason, lostReasonText) => {
  expect(readLostReason(raw)).toEqual(lostReasonText === undefined ? { lostReason } : { lostReason, lostReasonText });
});

it('a blank is no lost reason and a blank value', () => {
  expect(readLostReason('　')).toBeUndefined();
  for (const blank of [null, undefined, '', '　\n', [], {}]) expect(isBlank(blank)).toBe(true);
  for (const value of [0, false, 'x', [null], { a: null }, new Date(0)]) expect(isBlank(value)).toBe(false);
});
