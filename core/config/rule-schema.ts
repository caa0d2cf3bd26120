import { z } from 'zod';
import { bilingual, duration, kebabName, snakeName, timeOfDay } from './written-values.ts';

const wait = z.union([
  duration().transform((forMs) => ({ forMs, at: null, days: 'any' as const })),
  z
    .strictObject({ for: duration(), at: timeOfDay().optional(), days: z.enum(['any', 'business']).default('any') })
    .transform((written) => ({ forMs: written.for, at: written.at ?? null, days: written.days })),
]);

/** The keys of a step that are ours; any other is `<connector>.<action>` with its input. */
export const STEP_KEYS = ['connection', 'kind', 'thread', 'if', 'then', 'else', 'wait'] as const;

export interface WrittenStep {
  readonly connection?: string | undefined;
  readonly kind?: 'promotional' | 'transactional' | 'staff' | undefined;
  readonly thread?: string | undefined;
  readonly if?: string | undefined;
  readonly then?: readonly WrittenStep[] | undefined;
  readonly else?: readonly WrittenStep[] | undefined;
  readonly wait?: z.output<typeof wait> | undefined;
  readonly [action: string]: unknown;
}

const step: z.ZodType<WrittenStep> = z
  .object({
    connection: z.string().min(1).optional(),
    kind: z.enum(['promotional', 'transactional', 'staff']).optional(),
    thread: z.string().min(1).optional(),
    if: z.string().min(1).optional(),
    // biome-ignore lint/suspicious/noThenProperty: the operators' own word.
    get then() {
      return z.array(step).min(1).optional();
    },
    get else() {
      return z.array(step).min(1).optional();
    },
    wait: wait.optional(),
  })
  .catchall(z.record(z.string(), z.json()).nullable())
  .superRefine((written, context) => {
    const say = (message: string): void => void context.addIssue({ code: 'custom', message });
    const actions = actionKeys(written);
    const forms = actions.length + (written.if === undefined ? 0 : 1) + (written.wait === undefined ? 0 : 1);
    if (forms !== 1) say('a step is exactly one of: an action such as slack.alert, if, wait');
    if (written.if !== undefined && !written.then) say('if needs then');
    if (written.if === undefined && (written.then || written.else)) say('then and else need if');
    const forActions = (['connection', 'kind', 'thread'] as const).filter((key) => written[key] !== undefined);
    if (actions.length === 0 && forActions.length > 0) say(`${forActions.join(', ')} belong beside an action`);
  });

/** The `<connector>.<action>` keys of a step. */
export function actionKeys(written: object): string[] {
  return Object.keys(written).filter((key) => !(STEP_KEYS as readonly string[]).includes(key));
}

const steps = z.array(step);

const scoring = z.union([
  z.number().transform((give) => ({ give, where: undefined, count: 1, within: undefined })),
  z.strictObject({
    give: z.number(),
    where: z.string().min(1).optional(),
    count: z.int().min(1).default(1),
    within: duration().optional(),
  }),
]);

const data = z.record(z.string(), z.json());

const test = z.strictObject({
  given: z.strictObject({
    activity: data.optional(),
    person: data.default({}),
    deal: data.optional(),
    history: z.array(data).default([]),
    runs: z.record(z.string(), z.strictObject({ id: z.string() })).default({}),
    now: z.iso.datetime({ offset: true }),
  }),
  expect: z.strictObject({ fires: z.boolean(), actions: z.array(z.string()).optional() }),
});

const oneOrMore = z.union([z.string().transform((one) => [one]), z.array(z.string()).min(1)]);

/** rules/<name>.yaml */
export const ruleSchema = z.strictObject({
  title: bilingual(),
  when: z.union([z.strictObject({ activity: oneOrMore }), z.strictObject({ change: oneOrMore })]),
  per: z.enum(['person', 'deal']).default('person'),
  if: z.string().min(1).optional(),
  points: z.record(z.string(), scoring).default({}),
  cooldown: duration().optional(),
  // biome-ignore lint/suspicious/noThenProperty: the operators' own word.
  then: steps.min(1),
  on: z.record(z.union([snakeName(), kebabName()]), steps).default({}),
  tests: z.array(test).default([]),
});

export type RuleDefinition = z.infer<typeof ruleSchema>;
