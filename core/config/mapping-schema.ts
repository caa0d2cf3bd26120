import { z } from 'zod';
import { entityTypes } from '../model/entities.ts';

/** How a raw value becomes a canonical one; the default is the canonical field's own type. */
export const CONVERSIONS = [
  'text',
  'email',
  'phone',
  'kana',
  'name',
  'postalCode',
  'date',
  'datetime',
  'int',
  'decimal',
  'money',
  'bool',
  'url',
  'enum',
  'enumSet',
  'json',
] as const;

export type Conversion = (typeof CONVERSIONS)[number];

const path = z.string().min(1).describe('Where the value stands in the record, e.g. properties.email');
const code = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const field = z
  .strictObject({
    at: path.optional(),
    cel: z.string().min(1).optional(),
    const: z.json().optional(),
    to: path.optional(),
    as: z.enum(CONVERSIONS).optional(),
    write: z.boolean().optional(),
    values: z.record(z.string(), code).optional(),
    onUnknown: z.enum(['keep_raw', 'skip', 'error']).optional(),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'expected a currency code such as JPY')
      .optional(),
  })
  .superRefine((written, context) => {
    const sources = [written.at, written.cel, written.const].filter((source) => source !== undefined).length;
    const say = (message: string): void => void context.addIssue({ code: 'custom', message });
    if (sources > 1) say('needs only one of at, cel and const');
    if (sources === 0 && written.to === undefined) say('needs one of at, cel, const and to');
    if (written.write === true && written.at === undefined && written.to === undefined)
      say('write: true needs at or to');
    if (written.const !== undefined && (written.to !== undefined || written.write))
      say('a const is never written to the tool');
    if (written.onUnknown !== undefined && written.values === undefined) say('onUnknown needs values');
  });

const personReference = z
  .strictObject({
    object: z.string().min(1).optional(),
    key: z.enum(['email', 'phone', 'memberNumber']).optional(),
    at: path,
  })
  .refine(({ object, key }) => (object === undefined) !== (key === undefined), 'needs one of object and key');

const address = z.strictObject({
  channel: z.string().min(1),
  scope: path,
  id: path,
  displayName: path.optional(),
  pictureUrl: path.optional(),
  state: path.optional(),
});

const test = z.strictObject({
  id: z.string().optional(),
  given: z.record(z.string(), z.json()),
  expect: z.record(z.string(), z.json()),
});

/** mappings/<connector>/<object>.yaml */
export const mappingSchema = z
  .strictObject({
    object: z.string().min(1),
    entity: z.enum(entityTypes),
    identify: z.array(z.string()).default([]),
    create: z.enum(['never', 'when_matched_nowhere']).default('never'),
    address: address.optional(),
    person: z.array(personReference).default([]),
    fields: z.record(z.string(), field).default({}),
    links: z.record(z.string(), z.strictObject({ object: z.string().min(1), at: path })).default({}),
    tests: z.array(test).default([]),
  })
  .superRefine((written, context) => {
    const isPerson = written.entity === 'person';
    const say = (at: string, message: string): void => void context.addIssue({ code: 'custom', message, path: [at] });
    if (!isPerson && written.identify.length > 0) say('identify', 'only a person is identified');
    if (!isPerson && written.address) say('address', 'only a person has an address; use person: to say whose it is');
    if (isPerson && written.person.some(({ key }) => key !== undefined)) {
      say(
        'person',
        'the record is itself the person: its keys stand under identify:, here only links to other identities of it',
      );
    }
  });

export type MappingDefinition = z.infer<typeof mappingSchema>;
export type FieldMapping = MappingDefinition['fields'][string];
export type MappingTest = MappingDefinition['tests'][number];
