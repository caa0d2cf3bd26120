import { z } from 'zod';
import type { JsonObject, JsonValue } from '#sdk';

/** What a message object must have, by type. LINE checks the rest; a new optional property needs no change here. */
// https://developers.line.biz/en/reference/messaging-api/#message-objects
const requiredByType = {
  text: ['text'],
  textV2: ['text'],
  sticker: ['packageId', 'stickerId'],
  image: ['originalContentUrl', 'previewImageUrl'],
  video: ['originalContentUrl', 'previewImageUrl'],
  audio: ['originalContentUrl', 'duration'],
  location: ['title', 'address', 'latitude', 'longitude'],
  imagemap: ['baseUrl', 'altText', 'baseSize', 'actions'],
  template: ['altText', 'template'],
  flex: ['altText', 'contents'],
  coupon: ['couponId'],
} as const;

type MessageType = keyof typeof requiredByType;
const messageTypes = Object.keys(requiredByType) as [MessageType, ...MessageType[]];

// Counted in UTF-16 code units: https://developers.line.biz/en/docs/messaging-api/text-character-count/
const TEXT_MAX = 5000;
// https://developers.line.biz/en/reference/messaging-api/#send-reply-message
const MESSAGES_MAX = 5;
// https://developers.line.biz/en/reference/messaging-api/#quick-reply
const BUTTONS_MAX = 13;

const readableText = z
  .string()
  .max(TEXT_MAX)
  .refine((text) => cleanText(text).trim() !== '', { message: 'nothing to read in it' });

const messageObject = z
  .object({ type: z.enum(messageTypes) })
  .catchall(z.json())
  .superRefine((message, context) => {
    for (const name of requiredByType[message.type]) {
      if (message[name] === undefined || message[name] === '') {
        context.addIssue({ code: 'custom', path: [name], message: `required in a ${message.type} message` });
      }
    }
    if (typeof message.text === 'string' && message.text.length > TEXT_MAX) {
      context.addIssue({ code: 'custom', path: ['text'], message: `longer than ${TEXT_MAX} UTF-16 code units` });
    }
  });

/** The inputs both actions share: one text, or up to five message objects as LINE defines them. */
export const contentFields = {
  text: readableText.optional(),
  messages: z.array(messageObject).min(1).max(MESSAGES_MAX).optional(),
  /** Buttons under the last message; LINE's own object. */
  quickReply: z
    .object({ items: z.array(z.json()).min(1).max(BUTTONS_MAX) })
    .catchall(z.json())
    .optional(),
  notificationDisabled: z.boolean().optional(),
};

const contentSchema = z.object(contentFields);
export type Content = z.infer<typeof contentSchema>;

/** For `refine`: exactly one of the two ways to say something. */
export const hasOneContent = (content: Pick<Content, 'text' | 'messages'>): boolean =>
  (content.text === undefined) !== (content.messages === undefined);

export const oneContent = { message: 'give either text or messages', path: ['text'] };

/** The message objects to send, every string in them cleaned. */
export function toMessages({ text, messages, quickReply }: Content): readonly JsonObject[] {
  const given: readonly JsonObject[] = messages ?? [{ type: 'text', text: text ?? '' }];
  return given.map((message, index) => {
    const isLast = index === given.length - 1;
    return cleanValues(quickReply && isLast ? { ...message, quickReply } : message) as JsonObject;
  });
}

/** The content part of an input, to be handed on to another action. */
export const contentOf = ({ text, messages, quickReply, notificationDisabled }: Content): JsonObject => ({
  ...(text !== undefined && { text }),
  ...(messages !== undefined && { messages }),
  ...(quickReply !== undefined && { quickReply }),
  ...(notificationDisabled !== undefined && { notificationDisabled }),
});

/**
 * Text as a customer may see it: values from outside must not hide or reverse what stands around them. Takes out control
 * characters (but line feed and tab), bidirectional embeddings, overrides and isolates, and halves of surrogate pairs.
 */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '');
}

function cleanValues(value: JsonValue): JsonValue {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanValues);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cleanValues(inner)]));
}

/** What a send looks like on the person's timeline: its words; what has none is named by its type. */
export function timelineOf(given: {
  readonly text?: string | undefined;
  readonly messages?: readonly JsonObject[] | undefined;
}) {
  const words = given.messages?.map(
    ({ type, text, altText, title }) => [text, altText, title].find(isText) ?? `(${String(type)})`,
  );
  return { kind: 'line_message', body: given.text ?? words?.join('\n') ?? null };
}

const isText = (value: JsonValue | undefined): value is string => typeof value === 'string' && value !== '';
