import { z } from 'zod';

/**
 * Ids of LINE (users, groups, messages, events) are short words. Anything else in their place is not taken as an id, so
 * that no key of ours ever holds a NUL or a megabyte.
 */
export const isLineId = (value: string): boolean => /^[\w-]{1,64}$/.test(value);

const id = z.string().refine(isLineId).optional().catch(undefined);
const text = z.string().optional().catch(undefined);
const number = z.number().optional().catch(undefined);
const object = <S extends z.ZodRawShape>(shape: S) => z.object(shape).optional().catch(undefined);

/**
 * The parts of a webhook event that are read. Only `type` is needed: LINE adds types and properties without notice, so
 * whatever has another shape counts as absent.
 * @see https://developers.line.biz/en/reference/messaging-api/#webhook-event-objects
 */
export const eventSchema = z.object({
  type: z.string(),
  mode: text,
  webhookEventId: id,
  replyToken: text,
  source: object({ type: text, userId: id, groupId: id, roomId: id }),
  message: object({
    id,
    type: text,
    text,
    quoteToken: text,
    quotedMessageId: text,
    packageId: text,
    stickerId: text,
    keywords: z.array(z.string()).optional().catch(undefined),
    title: text,
    address: text,
    latitude: number,
    longitude: number,
    fileName: text,
    fileSize: number,
    duration: number,
  }),
  unsend: object({ messageId: id }),
  follow: object({ isUnblocked: z.boolean().optional().catch(undefined) }),
  postback: object({ data: text, params: z.record(z.string(), z.string()).optional().catch(undefined) }),
  videoPlayComplete: object({ trackingId: text }),
  link: object({ result: text, nonce: text }),
});

export type LineEvent = z.infer<typeof eventSchema>;
