import { z } from 'zod';
import { isCalendarDate } from './calendar-date.ts';
import type { FieldSpec, FieldType } from './field-spec.ts';
import { normaliseEmail } from './normalise/email.ts';
import { normaliseText } from './normalise/text.ts';

/** A text PostgreSQL can hold: well-formed, no NUL or other controls. Blanks at the ends of a line are the normaliser's business. */
const text = z
  .string()
  .min(1)
  .refine(
    (value) => normaliseText(value) !== undefined && !/(?![\t\n])\p{Cc}|\p{Cs}/u.test(value),
    'holds control characters',
  );
const line = text.refine((value) => !/[\n\t]/.test(value), 'holds more than one line');
const decimal = z.string().regex(/^(?!-0$)-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?$/, 'is no plain decimal, e.g. "-12.5"');
const code = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'is no snake_case code');
/** What a Date can hold. https://tc39.es/ecma262/#sec-time-values-and-time-range */
const instant = z.int().min(-8.64e15).max(8.64e15);

/** The canonical form of each field type; what the normalisers of `normalise/` give. */
export const valueSchemas = {
  string: line,
  text,
  email: z.string().refine((value) => normaliseEmail(value) === value, 'is no normalised e-mail address'),
  /** E.164: at most 15 digits. https://www.itu.int/rec/T-REC-E.164 */
  phone: z.string().regex(/^\+[1-9]\d{4,14}$/, 'is no E.164 number'),
  url: z.url({ protocol: /^https?$/ }),
  int: z.int(),
  decimal,
  money: z.strictObject({ amount: decimal, currency: z.string().regex(/^[A-Z]{3}$/) }),
  bool: z.boolean(),
  date: z.string().refine(isCalendarDate, 'is no date YYYY-MM-DD'),
  datetime: instant,
  enum: code,
  enumSet: z.array(line).refine((codes) => new Set(codes).size === codes.length, 'holds an entry twice'),
  ref: line,
  json: z.json(),
} as const satisfies Record<FieldType, z.ZodType>;

/** The schema of one field's canonical value: its type, and its allowed codes where it has some. */
export function valueSchema({ type, values, ref }: FieldSpec): z.ZodType {
  if (type === 'ref' && ref === 'user') return valueSchemas.email;
  if (!values) return valueSchemas[type];
  return type === 'enumSet' ? z.array(z.enum(values)) : z.enum(values);
}
