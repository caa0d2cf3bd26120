import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  addBusinessDays,
  addCalendarDays,
  type Calendar,
  createCalendar,
  nextAllowed,
  nextLocalTime,
  type QuietTimes,
} from '../../../core/model/calendar.ts';
import { addDays, weekdayOf } from '../../../core/model/calendar-date.ts';
import { HOUR_MS, MINUTE_MS } from '../../../core/model/zone.ts';

const tokyo = createCalendar({ timeZone: 'Asia/Tokyo', extraHolidays: ['2026-12-29', '2026-12-30'] });
const newYork = createCalendar({ timeZone: 'America/New_York' });
const quiet: QuietTimes = { quietHours: '21:00-09:00', quietDays: ['sunday', 'holiday'] };

/** `2026-09-19 21:00` in Tokyo as an instant, and back. */
const jst = (text: string): number => Date.parse(`${text.replace(' ', 'T')}+09:00`);
const shown = (ms: number): string => new Date(ms + 9 * HOUR_MS).toISOString().slice(0, 16).replace('T', ' ');

const processZone = process.env.TZ;
afterEach(() => {
  if (processZone === undefined) delete process.env.TZ;
  else process.env.TZ = processZone;
});

describe('holidays and business days', () => {
  it.each([
    ['2026-09-21', '敬老の日'],
    ['2026-09-22', '休日'],
    ['2026-09-23', '秋分の日'],
    ['2026-10-12', 'スポーツの日'],
    ['2026-11-03', '文化の日'],
    ['2026-11-23', '勤労感謝の日'],
    ['2027-01-01', '元日'],
  ])('%s is %s', (date, name) => {
    expect(tokyo.isHoliday(date)).toBe(true);
    expect(tokyo.holidayName(date)?.ja).toBe(name);
    expect(tokyo.isBusinessDay(date)).toBe(false);
  });

  it.each(['UTC', 'America/New_York', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'])(
    'a holiday is one from its first to its last second in Japan, with the process in %s',
    (zone) => {
      process.env.TZ = zone;
      for (const time of ['00:00:00', '08:59:59', '09:00:00', '23:59:59']) {
        const instant = jst(`2026-11-23 ${time}`);
        expect(tokyo.localDate(instant)).toBe('2026-11-23');
        expect(tokyo.isHoliday(tokyo.localDate(instant))).toBe(true);
      }
      expect(tokyo.isHoliday(tokyo.localDate(jst('2026-11-22 23:59:59')))).toBe(false);
      expect(tokyo.isHoliday(tokyo.localDate(jst('2026-11-24 00:00:00')))).toBe(false);
    },
  );

  it('extra holidays count, year-end days without them do not', () => {
    expect(tokyo.isHoliday('2026-12-29')).toBe(true);
    expect(tokyo.holidayName('2026-12-29')).toBeUndefined();
    expect(tokyo.isBusinessDay('2026-12-31')).toBe(true);
    expect(tokyo.isBusinessDay('2027-01-01')).toBe(false);
  });

  it.each([
    ['2026-09-18 09:00', true],
    ['2026-09-18 08:59', false],
    ['2026-09-18 17:59', true],
    ['2026-09-18 18:00', false],
    ['2026-09-19 10:00', false],
    ['2026-09-22 10:00', false],
    ['2026-09-24 10:00', true],
  ])('%s is in business hours: %s', (time, expected) => {
    expect(tokyo.isBusinessHours(jst(time))).toBe(expected);
  });

  it('a night shift belongs to the day it began', () => {
    const night = createCalendar({ timeZone: 'Asia/Tokyo', businessHours: '22:00-06:00' });
    expect(night.isBusinessHours(jst('2026-09-19 05:59'))).toBe(true);
    expect(night.isBusinessHours(jst('2026-09-19 22:30'))).toBe(false);
    expect(night.isBusinessHours(jst('2026-09-21 01:00'))).toBe(false);
  });
});

describe('business days later and earlier', () => {
  it.each([
    ['2026-09-18 10:30', 1, '2026-09-24 10:30'],
    ['2026-09-24 10:30', -1, '2026-09-18 10:30'],
    ['2026-10-09 16:00', 1, '2026-10-13 16:00'],
    ['2026-09-20 10:00', 1, '2026-09-24 10:00'],
    ['2026-12-28 18:00', 1, '2026-12-31 18:00'],
    ['2026-12-31 09:00', 1, '2027-01-04 09:00'],
    ['2027-01-04 09:00', -1, '2026-12-31 09:00'],
    ['2026-09-20 10:00', 0, '2026-09-20 10:00'],
    ['2026-11-20 12:00', 2, '2026-11-25 12:00'],
  ])('%s and %i is %s', (from, days, to) => {
    expect(shown(addBusinessDays(jst(from), days, tokyo))).toBe(to);
  });

  it('there and back is the same instant from any business day', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4000 }), fc.integer({ min: 1, max: 40 }), (offset, days) => {
        const start = tokyo.at(addDays('2020-01-01', offset), '10:15');
        fc.pre(tokyo.isBusinessDay(tokyo.localDate(start)));
        expect(addBusinessDays(addBusinessDays(start, days, tokyo), -days, tokyo)).toBe(start);
      }),
    );
  });

  it('a day later keeps the time of day over a change of clocks', () => {
    const friday = Date.parse('2026-03-06T10:00:00-05:00');
    expect(addBusinessDays(friday, 1, newYork)).toBe(Date.parse('2026-03-09T10:00:00-04:00'));
    expect(addCalendarDays(friday, 3, newYork)).toBe(Date.parse('2026-03-09T10:00:00-04:00'));
  });
});

describe('the next time of day', () => {
  it.each([
    ['2026-09-18 09:59', '10:00', 'any', '2026-09-18 10:00'],
    ['2026-09-18 10:00', '10:00', 'any', '2026-09-18 10:00'],
    ['2026-09-18 10:01', '10:00', 'any', '2026-09-19 10:00'],
    ['2026-09-18 10:01', '10:00', 'business', '2026-09-24 10:00'],
    ['2026-12-31 23:59', '00:00', 'any', '2027-01-01 00:00'],
  ] as const)('from %s to %s on %s days is %s', (from, time, days, to) => {
    expect(shown(nextLocalTime(jst(from), time, tokyo, { days }))).toBe(to);
  });

  it('a time the clock leaves out is taken as if it had not been put forward', () => {
    expect(nextLocalTime(Date.parse('2026-03-08T00:00:00-05:00'), '02:30', newYork)).toBe(
      Date.parse('2026-03-08T03:30:00-04:00'),
    );
  });

  it('a time the clock shows twice comes twice', () => {
    const first = Date.parse('2026-11-01T01:30:00-04:00');
    expect(nextLocalTime(first, '01:30', newYork)).toBe(first);
    expect(nextLocalTime(first + 1, '01:30', newYork)).toBe(first + HOUR_MS);
  });
});

describe('quiet hours', () => {
  it.each([
    ['2026-09-18 12:00', '2026-09-18 12:00'],
    ['2026-09-18 20:59', '2026-09-18 20:59'],
    ['2026-09-18 21:00', '2026-09-19 09:00'],
    ['2026-09-18 23:59', '2026-09-19 09:00'],
    ['2026-09-19 08:59', '2026-09-19 09:00'],
    ['2026-09-19 09:00', '2026-09-19 09:00'],
    ['2026-09-19 21:00', '2026-09-24 09:00'],
    ['2026-09-20 12:00', '2026-09-24 09:00'],
    ['2026-10-10 21:30', '2026-10-13 09:00'],
    ['2026-11-02 21:00', '2026-11-04 09:00'],
    ['2026-12-28 21:00', '2026-12-31 09:00'],
    ['2026-12-31 22:00', '2027-01-02 09:00'],
  ])('a promotion planned for %s leaves at %s', (planned, leaves) => {
    expect(shown(nextAllowed(jst(planned), quiet, tokyo))).toBe(leaves);
  });

  it('the last second of the evening is allowed, the last of the night is not', () => {
    expect(nextAllowed(jst('2026-09-18 20:59:59'), quiet, tokyo)).toBe(jst('2026-09-18 20:59:59'));
    expect(nextAllowed(jst('2026-09-18 08:59:59'), quiet, tokyo)).toBe(jst('2026-09-18 09:00:00'));
  });

  it('nothing quiet allows every instant', () => {
    expect(nextAllowed(jst('2026-09-20 03:00'), {}, tokyo)).toBe(jst('2026-09-20 03:00'));
  });

  it('settings that leave no time are refused', () => {
    const everyDay = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
    expect(() => nextAllowed(0, { quietDays: everyDay }, tokyo)).toThrow(/no allowed time/);
    expect(() => nextAllowed(0, { quietHours: '00:00-24:00' }, tokyo)).toThrow(/no allowed time/);
    expect(() => nextAllowed(0, { quietHours: '9-21' }, tokyo)).toThrow(/no span of the day/);
  });

  it.each([
    ['Asia/Tokyo', '2026-09-18T00:00:00Z'],
    ['America/New_York', '2026-03-06T00:00:00Z'],
    ['America/New_York', '2026-10-30T00:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-03T00:00:00Z'],
    ['America/Havana', '2026-03-06T00:00:00Z'],
    ['Asia/Kathmandu', '2026-12-30T00:00:00Z'],
  ])('in %s from %s the instant is the earliest minute that is allowed', (timeZone, from) => {
    const calendar = createCalendar({ timeZone });
    const times: readonly QuietTimes[] = [
      quiet,
      { quietHours: '21:00-01:30' },
      { quietHours: '01:15-02:45', quietDays: ['sunday'] },
    ];
    for (const each of times) expectEarliest(calendar, each, Date.parse(from));
  });
});

/** Walks five days back minute by minute and compares with a judgement that knows no arithmetic but the clock on the wall. */
function expectEarliest(calendar: Calendar, times: QuietTimes, from: number): void {
  const wall = new Intl.DateTimeFormat('en-CA', {
    timeZone: calendar.timeZone,
    dateStyle: 'short',
    timeStyle: 'short',
    hourCycle: 'h23',
  });
  let earliest: number | undefined;
  for (let ms = from + 7 * 24 * HOUR_MS; ms >= from; ms -= MINUTE_MS) {
    const [date = '', time = ''] = wall.format(ms).split(', ');
    const [start = '', end = ''] = times.quietHours?.split('-') ?? [];
    const isQuietHour = start < end ? time >= start && time < end : time >= start || time < end;
    const isQuietDay =
      times.quietDays?.includes(weekdayOf(date)) || (times.quietDays?.includes('holiday') && calendar.isHoliday(date));
    if (!isQuietHour && !isQuietDay) earliest = ms;
    if (earliest === undefined) continue;
    const found = nextAllowed(ms, times, calendar);
    if (found !== earliest)
      expect.fail(
        `${new Date(ms).toISOString()} gives ${new Date(found).toISOString()}, not ${new Date(earliest).toISOString()}`,
      );
  }
}

it('settings that cannot be read are refused with what is allowed', () => {
  expect(() => createCalendar({ timeZone: 'Asia/Edo' })).toThrow(/unknown time zone "Asia\/Edo"/);
  expect(() => createCalendar({ timeZone: 'Asia/Tokyo', businessHours: '9 to 6' })).toThrow(/09:00-18:00/);
  expect(() => createCalendar({ timeZone: 'Asia/Tokyo', extraHolidays: ['12/29'] })).toThrow(/2026-12-29/);
});
