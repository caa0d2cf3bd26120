import { describe, expect, it } from 'vitest';
import { displayPhone, isPlannedPhone, normalisePhone } from '../../../../core/model/normalise/phone.ts';
import { corpus } from '../corpus.ts';

describe('phones of the labelled list', () => {
  it.each(corpus('phones'))('%s → %s', (written, expected) => {
    expect(normalisePhone(written)).toBe(expected === '-' ? undefined : expected);
  });
});

it('reads a number without a country as one of the country given', () => {
  expect(normalisePhone('(415) 555-2671', 'US')).toBe('+14155552671');
  expect(normalisePhone('03-1234-5678', 'XX')).toBeUndefined();
});

it('placeholders are numbers but prove nobody', () => {
  expect(isPlannedPhone('03-1234-5678')).toBe(true);
  expect(isPlannedPhone('03-0000-0000')).toBe(false);
  expect(isPlannedPhone('090-0000-0000')).toBe(false);
  expect(isPlannedPhone('090-1111-1111')).toBe(false);
  expect(isPlannedPhone('なし')).toBe(false);
});

it('is shown as people of its country write it', () => {
  expect(displayPhone('+81312345678')).toBe('03-1234-5678');
  expect(displayPhone('+14155552671')).toBe('+1 415 555 2671');
  expect(displayPhone('なし')).toBeUndefined();
});
