import { z } from 'zod';
import type { JsonObject, JsonValue } from '#sdk';
import { SlackRefusal } from './arguments.ts';

// The numbers of https://docs.slack.dev/reference/block-kit/blocks and …/composition-objects/text-object
const BLOCKS_MAX = 50;
const MESSAGE_MAX = 13_200;

const words = (max: number) => z.string().min(1).max(max);
const plain = (max: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: words(max), emoji: z.boolean().optional() });
const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: words(max), verbatim: z.boolean().optional() });
const text = (max: number) => z.discriminatedUnion('type', [plain(max), mrkdwn(max)]);
const blockId = { block_id: words(255).optional() };

const button = z.strictObject({
  type: z.literal('button'),
  text: plain(75),
  action_id: words(255).optional(),
  value: words(2000).optional(),
  url: words(3000).optional(),
  style: z.enum(['primary', 'danger']).optional(),
  confirm: z.looseObject({}).optional(),
  accessibility_label: words(75).optional(),
});
const image = z.strictObject({
  type: z.literal('image'),
  image_url: words(3000),
  alt_text: words(2000),
  title: plain(2000).optional(),
  ...blockId,
});
// Elements and blocks the hub does not use itself are only checked for their kind.
const others = (types: readonly [string, ...string[]]) => z.looseObject({ type: z.enum(types) });
const otherElement = others([
  'checkboxes',
  'datepicker',
  'datetimepicker',
  'multi_static_select',
  'overflow',
  'radio_buttons',
  'static_select',
  'timepicker',
  'users_select',
  'channels_select',
  'conversations_select',
  'external_select',
]);
const element = z.discriminatedUnion('type', [button, otherElement]);

const section = z
  .strictObject({
    type: z.literal('section'),
    text: text(3000).optional(),
    fields: z.array(text(2000)).min(1).max(10).optional(),
    accessory: z.discriminatedUnion('type', [button, image, otherElement]).optional(),
    expand: z.boolean().optional(),
    ...blockId,
  })
  .refine((block) => block.text !== undefined || block.fields !== undefined, 'missing required field: text');

const block = z.discriminatedUnion('type', [
  section,
  z.strictObject({ type: z.literal('actions'), elements: z.array(element).min(1).max(25), ...blockId }),
  z.strictObject({ type: z.literal('divider'), ...blockId }),
  z.strictObject({ type: z.literal('header'), text: plain(150), ...blockId }),
  z.strictObject({
    type: z.literal('context'),
    elements: z
      .array(z.discriminatedUnion('type', [plain(3000), mrkdwn(3000), image]))
      .min(1)
      .max(10),
    ...blockId,
  }),
  image,
  z.strictObject({ type: z.literal('markdown'), text: words(12_000), ...blockId }),
  others(['rich_text', 'table', 'video', 'file', 'context_actions']),
]);

/**
 * The blocks of a message, checked as Slack checks them, each with a block id.
 * @throws SlackRefusal invalid_blocks_format, invalid_blocks, msg_blocks_too_long
 */
export function checkedBlocks(given: JsonValue | undefined, nextNumber: () => number): JsonObject[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) throw new SlackRefusal('invalid_blocks_format');
  const parsed = z.array(block).max(BLOCKS_MAX).safeParse(given);
  if (!parsed.success) throw invalidBlocks(parsed.error.issues.map(wordsOf));
  const repeated = repeatedActionId(parsed.data);
  if (repeated) throw invalidBlocks([`\`action_id\` \`${repeated}\` already exists [json-pointer:/blocks]`]);
  // Not documented: https://github.com/slackapi/bolt-js/issues/2509
  if (textLength(parsed.data) > MESSAGE_MAX) throw new SlackRefusal('msg_blocks_too_long');
  return parsed.data.map((one) => ({ block_id: `b${nextNumber()}`, ...(one as JsonObject) }));
}

function textLength(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value)
    .map(([key, inner]) => (key === 'text' && typeof inner === 'string' ? inner.length : textLength(inner)))
    .reduce((sum, length) => sum + length, 0);
}

function repeatedActionId(blocks: readonly z.infer<typeof block>[]): string | undefined {
  for (const one of blocks) {
    if (one.type !== 'actions' || !Array.isArray(one.elements)) continue;
    const ids = one.elements.flatMap((each) => (each.action_id === undefined ? [] : [String(each.action_id)]));
    const repeated = ids.find((id, at) => ids.indexOf(id) !== at);
    if (repeated) return repeated;
  }
  return undefined;
}

const invalidBlocks = (problems: readonly string[]) =>
  new SlackRefusal(
    'invalid_blocks',
    problems.map((problem) => `[ERROR] ${problem}`),
  );

function wordsOf(issue: z.core.$ZodIssue): string {
  const pointer = `[json-pointer:/${['blocks', ...issue.path].join('/')}]`;
  switch (issue.code) {
    case 'too_big':
      return issue.origin === 'string'
        ? `must be less than ${Number(issue.maximum) + 1} characters ${pointer}`
        : `no more than ${issue.maximum} items allowed ${pointer}`;
    case 'too_small':
      return issue.origin === 'string' ? `must be more than 0 characters ${pointer}` : `no items ${pointer}`;
    case 'unrecognized_keys':
      return `invalid additional property: ${issue.keys.join(', ')} ${pointer}`;
    case 'invalid_union':
      return `unsupported type ${pointer}`;
    default:
      return `${issue.message} ${pointer}`;
  }
}
