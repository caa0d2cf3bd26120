import { z } from 'zod';
import { isCalendarDate } from '../model/calendar-date.ts';
import { parseClockSpan, parseClockTime } from '../model/clock-time.ts';
import { parseDuration } from '../model/duration.ts';
import { isTimeZone } from '../model/zone.ts';

/** A duration as operators write it (`10s`, `30m`, `48h`, `14d`, `2w`), in milliseconds. */
export const duration = () =>
  z
    .string()
    .refine((text) => parseDuration(text) !== undefined, 'expected a duration such as 30m, 48h or 14d')
    .transform((text) => parseDuration(text) ?? 0);

/** A time of day, `10:00`. */
export const timeOfDay = () =>
  z.string().refine((text) => parseClockTime(text) !== undefined, 'expected a time such as "10:00", in quotes');

/** A span of the day, `09:00-18:00`; it may go over midnight. */
export const timeRange = () =>
  z.string().refine((text) => parseClockSpan(text) !== undefined, 'expected a span such as "09:00-18:00", in quotes');

/** A calendar day without a zone. */
export const calendarDate = () => z.string().refine(isCalendarDate, 'expected a date such as 2026-12-29');

/** The name of a time zone this machine knows, e.g. `Asia/Tokyo`. */
export const timeZoneName = () => z.string().refine(isTimeZone, 'not a time zone name such as Asia/Tokyo');

/** Connection, rule and channel names. */
export const kebabName = () =>
  z.string().regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'expected lower-case words joined by -');

/** Codes stored in data: activity kinds, segments. */
export const snakeName = () =>
  z.string().regex(/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/, 'expected lower-case words joined by _');

/** Names of fields and properties. */
export const fieldName = () => z.string().regex(/^[a-z][A-Za-z0-9]*$/, 'expected a camelCase name');

export const bilingual = () => z.strictObject({ ja: z.string().min(1), en: z.string().min(1) });
