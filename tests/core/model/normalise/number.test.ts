import { expect, it } from 'vitest';
import { normaliseDecimal, normaliseInt, normaliseMoney } from '../../../../core/model/normalise/number.ts';

it.each([
  ['1200', '1200'],
  ['1,200', '1200'],
  ['￥１，２００', '1200'],
  ['1,200円', '1200'],
  ['¥1,200-', undefined],
  ['120万円', '1200000'],
  ['1.5億', '150000000'],
  ['1億2,000万円', '120000000'],
  ['1億2千万', '120000000'],
  ['3千万円', '30000000'],
  ['△1,000', '-1000'],
  ['▲1,000円', '-1000'],
  ['(1,500)', '-1500'],
  ['−5.50', '-5.5'],
  ['-0', '0'],
  ['007', '7'],
  ['50%', '50'],
  ['５０％', '50'],
  ['.5', '0.5'],
  ['12.', '12'],
  ['1.0E7', '10000000'],
  [1e21, '1000000000000000000000'],
  [1e-7, '0.0000001'],
  [0.1, '0.1'],
  [-0, '0'],
  [12n, '12'],
  ['1,2,3', undefined],
  ['12,34', undefined],
  ['1.2.3', undefined],
  ['--5', undefined],
  ['万', undefined],
  ['', undefined],
  ['-', undefined],
  ['約100', undefined],
  ['9'.repeat(100), undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [true, undefined],
  [null, undefined],
])('%s is the decimal %s', (raw, expected) => {
  expect(normaliseDecimal(raw)).toBe(expected);
});

it('whole numbers only, in the safe range', () => {
  expect(normaliseInt('１，２００')).toBe(1200);
  expect(normaliseInt('1200.0')).toBe(1200);
  expect(normaliseInt('1200.5')).toBeUndefined();
  expect(normaliseInt('9007199254740993')).toBeUndefined();
});

it('an amount has the currency it names, else the one of the connection', () => {
  expect(normaliseMoney('¥1,200')).toEqual({ amount: '1200', currency: 'JPY' });
  expect(normaliseMoney('$12.50')).toEqual({ amount: '12.5', currency: 'USD' });
  expect(normaliseMoney(1200, 'USD')).toEqual({ amount: '1200', currency: 'USD' });
  expect(normaliseMoney({ amount: '1,200', currency: 'usd' })).toEqual({ amount: '1200', currency: 'USD' });
  expect(normaliseMoney({ amount: 1200 })).toEqual({ amount: '1200', currency: 'JPY' });
  expect(normaliseMoney({ currency: 'JPY' })).toBeUndefined();
  expect(normaliseMoney({ amount: { amount: 1 } })).toBeUndefined();
  expect(normaliseMoney('未定')).toBeUndefined();
});
