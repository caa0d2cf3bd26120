import { z } from 'zod';
import { type ActionContext, type ActionOutcome, defineAction, RejectedError } from '#sdk';
import { lineClient } from '../client.ts';
import type { LineConfig } from '../config.ts';
import { contentFields, contentOf, hasOneContent, oneContent, timelineOf, toMessages } from '../messages.ts';
import { causeOf, lineUserOf, refuseStandby } from '../recipient.ts';

/** https://developers.line.biz/en/reference/messaging-api/#send-reply-message: once, within one minute. */
const TOKEN_LIFE_MS = 60_000;

const input = z
  .strictObject({
    replyToken: z.string().min(1),
    /** Who is pushed to when the token is dead; absent in group chats, where a push would reach somebody else. */
    userId: z.string().min(1).optional(),
    ...contentFields,
    fallback: z.enum(['push', 'none']).default('push'),
    /** What to do when nobody can tell any more whether the reply was sent: list it for a person, or push as well. */
    onUnknown: z.enum(['list', 'resend']).default('list'),
  })
  .refine(hasOneContent, oneContent);

type ReplyInput = z.infer<typeof input>;

/**
 * Answers the person's own event, free of quota. The one-use token is the key of the effect: a resend of the same token
 * cannot send twice. A token found dead before anything was sent is replaced by a push.
 */
export default defineAction<LineConfig, ReplyInput>({
  input,
  texts: ['text', 'messages', 'quickReply'],
  bind(given, scope, config) {
    refuseStandby(scope);
    const { replyToken, chatType } = causeOf(scope);
    if (typeof replyToken !== 'string' && given.replyToken === undefined) {
      throw new RejectedError('[line] the cause carries no reply token: use line.push for it', {
        code: 'reply_token_missing',
      });
    }
    const userId = chatType === undefined ? lineUserOf(scope, config) : undefined;
    return {
      ...(typeof replyToken === 'string' && { replyToken }),
      ...(userId !== undefined && { userId }),
      ...given,
    };
  },
  target: ({ userId, replyToken }) => userId ?? replyToken,
  activity: timelineOf,
  async perform(given, context) {
    const send = { messages: toMessages(given), notificationDisabled: given.notificationDisabled };
    try {
      return { status: 'confirmed', result: await lineClient(context).reply(given.replyToken, send) };
    } catch (error) {
      if (!(error instanceof RejectedError) || error.code !== 'reply_token_dead') throw error;
      return context.isAfterUnknown ? afterUnknown(given, context, error) : byPush(given, given.fallback, error);
    }
  },
});

/** LINE says "dead" for a used and for an old token alike. While it was young, it can only be our own earlier reply. */
function afterUnknown(given: ReplyInput, context: ActionContext<LineConfig>, error: RejectedError): ActionOutcome {
  const isYoung = context.nowMs - context.plannedAtMs <= TOKEN_LIFE_MS;
  if (isYoung) return { status: 'confirmed', result: { requestId: null, sentMessages: [], foundUsed: true } };
  if (given.onUnknown === 'resend') return byPush(given, 'push', error);
  throw new RejectedError(
    `[${context.connection}] an answer was lost and the reply token has expired since: look at the chat and answer there`,
    { code: 'reply_outcome_unknown', cause: error },
  );
}

function byPush(given: ReplyInput, fallback: ReplyInput['fallback'], error: RejectedError): ActionOutcome {
  if (fallback === 'none' || given.userId === undefined) throw error;
  const pushed = { userId: given.userId, ...contentOf(given) };
  return { status: 'replaced', by: 'push', input: pushed, reason: 'reply_token_dead' };
}
