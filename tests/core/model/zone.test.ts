import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, calendarDate, daysBetween, isCalendarDate, weekdayOf } from '../../../core/model/calendar-date.ts';
import { parseClockSpan, parseClockTime, spanHolds } from '../../../core/model/clock-time.ts';
import { formatDuration, parseDuration } from '../../../core/model/duration.ts';
import { instantOf, instantsOf, isTimeZone, localDate, localTime } from '../../../core/model/zone.ts';

const zones = [
  'Asia/Tokyo',
  'UTC',
  'America/New_York',
  'Europe/London',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'America/St_Johns',
];

describe('clocks on the wall', () => {
  it('an instant is among the instants of what its clock shows, in every zone', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(1975, 0), max: Date.UTC(2050, 0) }),
        (zone, ms) => {
          const { date, timeMs } = localTime(ms, zone);
          expect(instantsOf(date, timeMs, zone)).toContain(ms);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('midnight in Japan is the new date there', () => {
    const midnight = Date.parse('2027-01-01T00:00:00+09:00');
    expect(localDate(midnight - 1, 'Asia/Tokyo')).toBe('2026-12-31');
    expect(localDate(midnight, 'Asia/Tokyo')).toBe('2027-01-01');
    expect(localTime(midnight, 'UTC')).toEqual({ date: '2026-12-31', timeMs: 15 * 3_600_000 });
  });

  it('an hour shown twice has two instants, an hour left out one', () => {
    const half = 90 * 60_000;
    expect(instantsOf('2026-11-01', half, 'America/New_York')).toEqual([
      Date.parse('2026-11-01T05:30:00Z'),
      Date.parse('2026-11-01T06:30:00Z'),
    ]);
    expect(instantsOf('2026-03-08', half + 3_600_000, 'America/New_York')).toEqual([
      Date.parse('2026-03-08T07:30:00Z'),
    ]);
  });

  it('a date a zone skipped begins when the next one does', () => {
    expect(instantOf('2011-12-30', 0, 'Pacific/Apia')).toBe(instantOf('2011-12-31', 0, 'Pacific/Apia'));
  });

  it('knows its zones', () => {
    expect(isTimeZone('Asia/Tokyo')).toBe(true);
    expect(isTimeZone('Japan/Tokyo')).toBe(false);
    expect(() => localDate(0, 'Japan/Tokyo')).toThrow(RangeError);
  });
});

describe('calendar dates', () => {
  it('exist or do not', () => {
    expect(isCalendarDate('2024-02-29')).toBe(true);
    expect(['2026-02-29', '2026-13-01', '2026-1-1', '0000-01-01', '2026-01-01T00:00', ''].some(isCalendarDate)).toBe(
      false,
    );
    expect(calendarDate(2026, 9, 1)).toBe('2026-09-01');
    expect(calendarDate(2026, 9, 31)).toBeUndefined();
  });

  it('step over years and leap days', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2024-03-01', -1)).toBe('2024-02-29');
    expect(daysBetween('2026-09-01', '2027-09-01')).toBe(365);
    expect(daysBetween('2026-09-02', '2026-09-01')).toBe(-1);
    expect(weekdayOf('2026-11-23')).toBe('monday');
  });
});

describe('what operators write', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['30m', 1_800_000],
    ['48h', 172_800_000],
    ['14d', 1_209_600_000],
    ['2w', 1_209_600_000],
    ['0s', 0],
    [' 5m ', 300_000],
  ])('%s is %i ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '5', 'm', '1.5h', '-5m', '5 m', '1h30m', '5M', '999999999999999w', null, 5])(
    '%s is no duration',
    (text) => expect(parseDuration(text)).toBeUndefined(),
  );

  it('a duration is written so that it reads back', () => {
    expect(formatDuration(172_800_000)).toBe('2d');
    expect(formatDuration(0)).toBe('0ms');
    fc.assert(
      fc.property(fc.nat(), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });

  it('times and spans of the day', () => {
    expect(parseClockTime('09:00')).toBe(32_400_000);
    expect(parseClockTime('24:00')).toBe(86_400_000);
    for (const wrong of ['24:01', '9', '09:60', '', null]) expect(parseClockTime(wrong)).toBeUndefined();
    for (const wrong of ['09:00', '09:00-09:00', '09:00-10:00-11:00', '24:00-01:00', 'x-y', null]) {
      expect(parseClockSpan(wrong)).toBeUndefined();
    }
    const night = parseClockSpan('21:00-09:00');
    expect(night && [20, 21, 23, 0, 8, 9].map((hour) => spanHolds(night, hour * 3_600_000))).toEqual([
      false,
      true,
      true,
      true,
      true,
      false,
    ]);
  });
});
