import { describe, expect, it } from 'vitest';
import { normaliseDate, normaliseDateTime } from '../../../../core/model/normalise/date.ts';

it.each([
  '2026-09-01',
  '2026/9/1',
  '2026.09.01',
  '20260901',
  20260901,
  '2026年9月1日',
  '２０２６年９月１日',
  '2026年9月1日（火）',
  '2026年9月1日 火曜日',
  '2026/09/01(火)',
  '令和8年9月1日',
  '令和８年９月１日',
  '㋿8年9月1日',
  'R8.9.1',
  'r8/9/1',
  '令和八年九月一日',
  '二〇二六年九月一日',
  '平成38年9月1日',
  '2026-09-01 10:00',
  '2026-09-01T10:00:00',
  '2026-09-01T10:00:00+09:00',
  '2026-08-31T15:00:00Z',
  '2026-08-31T15:00:00.000+0000',
  Date.parse('2026-09-01T00:00:00+09:00'),
  String(Date.parse('2026-09-01T23:59:59+09:00')),
  new Date('2026-08-31T15:00:00Z'),
])('%s is 2026-09-01 in Japan', (raw) => {
  expect(normaliseDate(raw)).toBe('2026-09-01');
});

it.each([
  ['令和元年5月1日', '2019-05-01'],
  ['平成元年1月8日', '1989-01-08'],
  ['昭和60年12月31日', '1985-12-31'],
  ['昭和六十年十二月三十一日', '1985-12-31'],
  ['S39.10.10', '1964-10-10'],
  ['大正12年9月1日', '1923-09-01'],
  ['明治45年7月30日', '1912-07-30'],
  ['2024-02-29', '2024-02-29'],
])('%s is %s', (raw, expected) => {
  expect(normaliseDate(raw)).toBe(expected);
});

it.each([
  '2026-02-29',
  '2026-13-01',
  '2026-00-10',
  '9/1/2026',
  '1.9.2026',
  '2026-9',
  '2026年9月',
  '令和0年1月1日',
  '20261301',
  '2026-09-01-05',
  '2026-09-01 25:00',
  '未定',
  '',
  null,
  {},
  Number.NaN,
  '2026/9-1',
])('%s is no date', (raw) => {
  expect(normaliseDate(raw)).toBeUndefined();
  expect(normaliseDateTime(raw)).toBeUndefined();
});

it('an instant becomes the date people see in the zone of the connection', () => {
  const lateInUtc = '2026-09-01T23:30:00Z';
  expect(normaliseDate(lateInUtc)).toBe('2026-09-02');
  expect(normaliseDate(lateInUtc, { timeZone: 'UTC' })).toBe('2026-09-01');
  expect(normaliseDate(lateInUtc, { timeZone: 'America/New_York' })).toBe('2026-09-01');
});

describe('instants', () => {
  const tenInTokyo = Date.parse('2026-09-01T10:00:00+09:00');

  it.each([
    '2026-09-01T10:00:00+09:00',
    '2026-09-01T01:00:00Z',
    '2026-09-01T01:00:00.000+0000',
    '2026-09-01 10:00',
    '2026/9/1 10:00:00',
    '2026年9月1日 10時00分',
    '2026年9月1日(火) 午前10時',
    '2026/9/1 10:00 AM',
    '2026-09-01 10:00 JST',
    '20260901T10:00',
    tenInTokyo,
    String(tenInTokyo),
    new Date(tenInTokyo),
  ])('%s is ten in the morning in Tokyo', (raw) => {
    expect(normaliseDateTime(raw)).toBe(tenInTokyo);
  });

  it('reads afternoons and noon', () => {
    expect(normaliseDateTime('2026-09-01 午後3時5分')).toBe(Date.parse('2026-09-01T15:05:00+09:00'));
    expect(normaliseDateTime('2026-09-01 12:00 PM')).toBe(Date.parse('2026-09-01T12:00:00+09:00'));
    expect(normaliseDateTime('2026-09-01 12:00 AM')).toBe(Date.parse('2026-09-01T00:00:00+09:00'));
    expect(normaliseDateTime('2026-09-01 13:00 PM')).toBeUndefined();
  });

  it('a time without an offset is one of the zone, a date alone its first instant there', () => {
    expect(normaliseDateTime('2026-03-08 10:00', { timeZone: 'America/New_York' })).toBe(
      Date.parse('2026-03-08T14:00:00Z'),
    );
    expect(normaliseDateTime('2026-09-01')).toBe(Date.parse('2026-08-31T15:00:00Z'));
  });

  it('milliseconds are kept, finer is cut', () => {
    expect(normaliseDateTime('2026-09-01T01:00:00.1234567Z')).toBe(tenInTokyo + 123);
    expect(normaliseDateTime(tenInTokyo + 0.9)).toBe(tenInTokyo);
  });
});
