import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hmacSha256, isWithinWindow, safeEqual } from '#sdk';

describe('hmacSha256', () => {
  // https://www.rfc-editor.org/rfc/rfc4231#section-4.3 (test case 2)
  it('gives the value of the standard', () => {
    const wanted = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
    expect(hmacSha256('Jefe', 'what do ya want for nothing?', 'hex')).toBe(wanted);
    expect(hmacSha256('Jefe', 'what do ya want for nothing?', 'base64')).toBe(
      Buffer.from(wanted, 'hex').toString('base64'),
    );
  });

  it('signs bytes as they are, also those that are no text', () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80]);
    expect(hmacSha256('key', bytes, 'hex')).not.toBe(hmacSha256('key', bytes.toString('utf8'), 'hex'));
  });

  it('signs a text and its UTF-8 bytes alike', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(hmacSha256('key', text, 'hex')).toBe(hmacSha256('key', Buffer.from(text), 'hex'));
      }),
    );
  });
});

describe('safeEqual', () => {
  it('is true for equal texts and for no others', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (left, right) => {
        expect(safeEqual(left, left)).toBe(true);
        expect(safeEqual(left, right)).toBe(left === right);
      }),
    );
  });

  it('takes texts of different lengths without a throw', () => {
    expect(safeEqual('', 'secret')).toBe(false);
    expect(safeEqual('secret', 'secret and more')).toBe(false);
    expect(safeEqual('x'.repeat(1_000_000), 'x')).toBe(false);
  });
});

describe('isWithinWindow', () => {
  const nowMs = 1_788_224_400_000;
  const nowSeconds = nowMs / 1000;

  it.each([
    [-301, false],
    [-300, true],
    [-299, true],
    [0, true],
    [299, true],
    [300, true],
    [301, false],
    [3600, false],
  ])('judges a time %i s from now', (offset, isWithin) => {
    expect(isWithinWindow(nowSeconds + offset, nowMs)).toBe(isWithin);
  });

  it('keeps a window of another width', () => {
    expect(isWithinWindow(nowSeconds - 11, nowMs, 10)).toBe(false);
    expect(isWithinWindow(nowSeconds - 10, nowMs, 10)).toBe(true);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %d, which is no time', (time) => {
    expect(isWithinWindow(time, nowMs)).toBe(false);
  });
});
