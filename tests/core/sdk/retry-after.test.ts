import fc from 'fast-check';
import { expect, it } from 'vitest';
import { retryAfterMs } from '#sdk';

const NOW_MS = Date.parse('2026-09-01T01:00:00Z');

it.each([
  ['7', 7000],
  ['0', 0],
  ['1.5', 1500],
  [' 30 ', 30_000],
  ['-5', 0],
  ['Tue, 01 Sep 2026 01:00:20 GMT', 20_000],
  ['Tue, 01 Sep 2026 00:59:00 GMT', 0],
])('reads %j', (header, ms) => {
  expect(retryAfterMs(header, NOW_MS)).toBe(ms);
});

it.each([undefined, null, '', '   ', 'soon', '７', 'Infinity', 'NaN'])('does not guess from %j', (header) => {
  expect(retryAfterMs(header, NOW_MS)).toBeUndefined();
});

it('never asks for a negative or endless wait', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.date().map(String)), (header) => {
      const ms = retryAfterMs(header, NOW_MS);
      if (ms !== undefined) expect(Number.isFinite(ms) && ms >= 0).toBe(true);
    }),
  );
});
