import { z } from 'zod';
import { weekdays } from '../model/calendar-date.ts';
import { type EntityType, entityTypes, type FieldSpecs, type FieldType } from '../model/entities.ts';
import { DAY_MS } from '../model/zone.ts';
import {
  bilingual,
  calendarDate,
  duration,
  fieldName,
  kebabName,
  snakeName,
  timeRange,
  timeZoneName,
} from './written-values.ts';

const FIELD_TYPES = [
  'string',
  'text',
  'email',
  'phone',
  'url',
  'int',
  'decimal',
  'money',
  'bool',
  'date',
  'datetime',
  'enum',
  'enumSet',
  'json',
] as const satisfies readonly FieldType[];

const POLICY_RULES = ['newest', 'fill_blank', 'first', 'strictest', 'union', 'max', 'min', 'ask'] as const;

const ON_BLANK = ['keep', 'clear', 'ask'] as const;

export interface PolicyRule {
  readonly rule: 'owner' | 'priority' | (typeof POLICY_RULES)[number];
  /** A connection, or `musubi`. */
  readonly owner?: string | undefined;
  /** Connections, first wins. */
  readonly priority?: readonly string[] | undefined;
  readonly onBlank: (typeof ON_BLANK)[number];
}

const policyRule = z
  .union([
    z.enum(POLICY_RULES),
    z.strictObject({
      rule: z.enum(POLICY_RULES).optional(),
      owner: z.string().optional(),
      priority: z.array(z.string()).min(1).optional(),
      onBlank: z.enum(ON_BLANK).optional(),
    }),
  ])
  .transform((written): PolicyRule => {
    if (typeof written === 'string') return { rule: written, onBlank: 'keep' };
    const { owner, priority, onBlank = 'keep' } = written;
    const named = owner === undefined ? (priority === undefined ? 'newest' : 'priority') : 'owner';
    return { rule: written.rule ?? named, owner, priority, onBlank };
  });

const customField = z.strictObject({
  type: z.enum(FIELD_TYPES),
  label: bilingual().optional(),
  values: z.array(z.string().min(1)).min(1).optional(),
});

const customFields = z.partialRecord(z.enum(entityTypes), z.record(fieldName(), customField)).transform((written) => {
  const rows = Object.entries(written).map(([entity, fields]) => [entity, specsOf(fields)]);
  return Object.fromEntries(rows) as Partial<Record<EntityType, FieldSpecs>>;
});

function specsOf(fields: Record<string, z.infer<typeof customField>>): FieldSpecs {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { label, ...spec }]) => [
      name,
      { ...spec, label: label ?? { ja: name, en: name } },
    ]),
  );
}

const staffMember = z.strictObject({
  name: z.string().min(1),
  email: z.email().transform((email) => email.toLowerCase()),
  slack: z.string().min(1).optional(),
  manager: z
    .email()
    .transform((email) => email.toLowerCase())
    .optional(),
  active: z.boolean().default(true),
});

/** Promotional messages per person over all channels. */
const DEFAULT_CAP = { count: 3, per: 7 * DAY_MS };

const property = z.enum(['string', 'number', 'bool', 'date', 'datetime', 'json']);

/** A connection's own settings beside these are checked by its connector. */
const connection = z.looseObject({
  connector: z.string().min(1),
  poll: z.union([z.literal('never'), duration()]).optional(),
});

/** musubi.yaml, after `${NAME}` was replaced. */
export const workspaceSchema = z.strictObject({
  workspace: z.strictObject({
    name: kebabName(),
    timeZone: timeZoneName().default('Asia/Tokyo'),
    locale: z.enum(['ja', 'en']).default('ja'),
    publicUrl: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .default('http://127.0.0.1:7070'),
  }),
  connections: z.record(kebabName(), connection).default({}),
  policy: z.record(z.string(), policyRule).default({}),
  customFields: customFields.default({}),
  events: z
    .record(snakeName(), z.strictObject({ properties: z.record(z.string().min(1), property).default({}) }))
    .default({}),
  staff: z.array(staffMember).default([]),
  channels: z.record(z.string().min(1), z.string().min(1)).default({}),
  calendar: z
    .strictObject({
      businessHours: timeRange().default('09:00-18:00'),
      extraHolidays: z.array(calendarDate()).default([]),
    })
    .prefault({}),
  gate: z
    .strictObject({
      quietHours: z.union([z.literal('off'), timeRange()]).default('21:00-09:00'),
      quietDays: z
        .array(z.enum([...weekdays, 'holiday']))
        .refine(
          (days) => !weekdays.every((day) => days.includes(day)),
          'every day is quiet: leave at least one day free',
        )
        .default(['sunday', 'holiday']),
      cap: z.union([z.literal('off'), z.strictObject({ count: z.int().min(1), per: duration() })]).default(DEFAULT_CAP),
    })
    .prefault({}),
  segments: z.record(snakeName(), z.string().min(1)).default({}),
  intake: z
    .strictObject({ maxPending: z.int().min(1).optional(), maxAgeSeconds: z.int().min(1).optional() })
    .prefault({}),
  /** Shipped rules that are switched on. */
  use: z.array(z.string()).default([]),
});

export type WorkspaceFile = z.infer<typeof workspaceSchema>;
