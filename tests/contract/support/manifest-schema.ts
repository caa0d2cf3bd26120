import { z } from 'zod';

/** Questions every connector answers; connectors/README.md says what `done` means for each. */
export const QUESTIONS = [
  'signature',
  'signed_time',
  'dedup',
  'hostile_bodies',
  'error_kinds',
  'effect_once',
  'secrets_hidden',
  'mappings',
  'read_by_id',
  'deletes_and_merges',
  'live_account',
] as const;

export type Question = (typeof QUESTIONS)[number];

const why = z.string().min(10, 'say why in a few words');
const answer = z.union([z.literal('done'), z.strictObject({ todo: why }), z.strictObject({ exempt: why })]);

/** A page of the vendor, or a file of the connector's own folder. */
const place = z.union([z.url({ protocol: /^https$/ }), z.string().regex(/^[\w./-]+\.(md|ts|json)$/)]);

const limit = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]*$/),
  number: z.number().positive(),
  unit: z.string().min(1),
  source: place,
  readOn: z.iso.date(),
});

/** manifest.yaml of a connector. */
export const manifestSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  names: z.strictObject({ ja: z.string().min(1), en: z.string().min(1) }),
  docs: place,
  auth: z.string().regex(/^[a-z][a-z0-9-]*$/),
  limits: z.array(limit).min(1),
  actions: z.record(
    z.string().regex(/^[a-z][a-z0-9-]*$/),
    z.strictObject({
      class: z.enum(['A', 'B', 'C', 'D']),
      kind: z.enum(['promotional', 'transactional', 'staff']),
    }),
  ),
  quality: z.record(z.enum(QUESTIONS), answer),
});

export type Manifest = z.infer<typeof manifestSchema>;
