import { z } from 'zod';
import type { Detail } from './answers.ts';

/**
 * The message objects as LINE takes them: unknown properties and wrong values are refused. Inner parts of Flex, template
 * and imagemap messages are checked by kind only.
 * @see https://developers.line.biz/en/reference/messaging-api/#message-objects
 */
const url = z
  .string()
  .max(2000)
  .regex(/^https:\/\//, 'Must be a valid HTTPS URL');
const altText = z.string().min(1).max(1500);

const action = z.looseObject({
  type: z.enum([
    'postback',
    'message',
    'uri',
    'datetimepicker',
    'camera',
    'cameraRoll',
    'location',
    'richmenuswitch',
    'clipboard',
  ]),
  label: z.string().min(1).max(20),
});

const common = {
  quickReply: z
    .strictObject({
      items: z
        .array(z.strictObject({ type: z.literal('action'), imageUrl: url.optional(), action }))
        .min(1)
        .max(13),
    })
    .optional(),
  sender: z.strictObject({ name: z.string().max(20).optional(), iconUrl: url.optional() }).optional(),
};

const text = z.string().min(1).max(5000);
const quoteToken = z.string().optional();
const emoji = z.strictObject({ index: z.int().min(0), productId: z.string(), emojiId: z.string() });

const message = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text, emojis: z.array(emoji).max(20).optional(), quoteToken, ...common }),
  z.strictObject({
    type: z.literal('textV2'),
    text,
    substitution: z.record(z.string(), z.looseObject({ type: z.enum(['mention', 'emoji']) })).optional(),
    quoteToken,
    ...common,
  }),
  z.strictObject({
    type: z.literal('sticker'),
    packageId: z.string().min(1),
    stickerId: z.string().min(1),
    quoteToken,
    ...common,
  }),
  z.strictObject({ type: z.literal('image'), originalContentUrl: url, previewImageUrl: url, ...common }),
  z.strictObject({
    type: z.literal('video'),
    originalContentUrl: url,
    previewImageUrl: url,
    trackingId: z.string().max(100).optional(),
    ...common,
  }),
  z.strictObject({ type: z.literal('audio'), originalContentUrl: url, duration: z.number().positive(), ...common }),
  z.strictObject({
    type: z.literal('location'),
    title: z.string().min(1).max(100),
    address: z.string().min(1).max(100),
    latitude: z.number(),
    longitude: z.number(),
    ...common,
  }),
  z.strictObject({
    type: z.literal('imagemap'),
    baseUrl: url,
    altText,
    baseSize: z.strictObject({ width: z.int(), height: z.int() }),
    actions: z.array(z.looseObject({ type: z.enum(['uri', 'message', 'clipboard']) })).max(50),
    video: z.looseObject({}).optional(),
    ...common,
  }),
  z.strictObject({
    type: z.literal('template'),
    altText,
    template: z.looseObject({ type: z.enum(['buttons', 'confirm', 'carousel', 'image_carousel']) }),
    ...common,
  }),
  z.strictObject({
    type: z.literal('flex'),
    altText,
    contents: z.looseObject({ type: z.enum(['bubble', 'carousel']) }),
    ...common,
  }),
  z.strictObject({
    type: z.literal('coupon'),
    couponId: z.string().min(1),
    deliveryTag: z.string().max(30).optional(),
    ...common,
  }),
]);

const types = message.options.map((option) => option.shape.type.value);

const messages = z.array(message).min(1).max(5);
const notificationDisabled = z.boolean().optional();
const customAggregationUnits = z
  .array(z.string().regex(/^\w{1,30}$/))
  .max(1)
  .optional();

/** Request bodies by endpoint. */
export const requestSchemas = {
  reply: z.strictObject({ replyToken: z.string().min(1), messages, notificationDisabled }),
  push: z.strictObject({ to: z.string().min(1), messages, notificationDisabled, customAggregationUnits }),
  // https://developers.line.biz/en/reference/messaging-api/#send-multicast-message
  multicast: z.strictObject({
    to: z.array(z.string()).min(1).max(500),
    messages,
    notificationDisabled,
    customAggregationUnits,
  }),
  broadcast: z.strictObject({ messages, notificationDisabled }),
  validate: z.strictObject({ messages }),
};

/** What is wrong with a body, in LINE's words where they are documented. */
export const detailsOf = (error: z.ZodError): readonly Detail[] => error.issues.flatMap(detailsOfIssue);

function detailsOfIssue(issue: z.core.$ZodIssue): readonly Detail[] {
  const property = pathOf(issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ message: 'unknown field', property: pathOf([...issue.path, key]) }));
    case 'invalid_union':
      return [{ message: `Must be one of the following values: [${types.join(', ')}]`, property }];
    case 'invalid_value':
      return [{ message: `Must be one of the following values: [${issue.values.map(String).join(', ')}]`, property }];
    case 'invalid_type':
      return [{ message: issue.input === undefined ? 'May not be null' : `Must be a ${issue.expected}`, property }];
    case 'too_small':
      if (issue.origin === 'array') return [{ message: 'Size must be between 1 and 5', property }];
      return [{ message: issue.origin === 'string' ? 'May not be empty' : issue.message, property }];
    case 'too_big':
      if (issue.origin === 'array') return [{ message: `Size must be between 1 and ${issue.maximum}`, property }];
      if (issue.origin === 'string') return [{ message: `Length must be between 0 and ${issue.maximum}`, property }];
      return [{ message: issue.message, property }];
    default:
      return [{ message: issue.message, property }];
  }
}

/** `messages[0].text`, as LINE writes it. */
const pathOf = (path: readonly PropertyKey[]) =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
