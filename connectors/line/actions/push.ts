import { z } from 'zod';
import { defineAction, RejectedError } from '#sdk';
import { lineClient } from '../client.ts';
import type { LineConfig } from '../config.ts';
import { contentFields, hasOneContent, oneContent, timelineOf, toMessages } from '../messages.ts';
import { lineUserOf, refuseStandby } from '../recipient.ts';

const input = z
  .strictObject({
    userId: z.string().min(1),
    ...contentFields,
    /** Name under which LINE counts opens and clicks of this send. */
    // https://developers.line.biz/en/docs/messaging-api/unit-based-statistics-aggregation/
    aggregationUnit: z
      .string()
      .regex(/^\w{1,30}$/)
      .optional(),
  })
  .refine(hasOneContent, oneContent);

type PushInput = z.infer<typeof input>;

/** Sends to one person at any time. Counts against the monthly quota; LINE answers 200 for a person who blocked us. */
export default defineAction<LineConfig, PushInput>({
  input,
  texts: ['text', 'messages', 'quickReply'],
  bind(given, scope, config) {
    refuseStandby(scope);
    const userId = lineUserOf(scope, config);
    if (userId === undefined && given.userId === undefined) {
      throw new RejectedError('[line] the person has no LINE address on this provider: link the account first', {
        code: 'no_line_address',
      });
    }
    return { ...(userId !== undefined && { userId }), ...given };
  },
  target: ({ userId }) => userId,
  activity: timelineOf,
  async perform(given, context) {
    const { userId, notificationDisabled, aggregationUnit } = given;
    const send = { messages: toMessages(given), notificationDisabled, aggregationUnit };
    return { status: 'confirmed', result: await lineClient(context).push(userId, send, context.retryKey) };
  },
});
