import { z } from 'zod';
import { type ActionContext, defineAction, type JsonObject, RejectedError } from '#sdk';
import {
  buttonBlock,
  buttonsSchema,
  contentBlocks,
  fallbackText,
  fieldsSchema,
  type MessageContent,
  rawBlocks,
  TEXT_MAX,
} from '../blocks.ts';
import { callSlack } from '../client.ts';
import type { SlackConfig } from '../config.ts';
import { escapeText } from '../mrkdwn.ts';
import { AS_WRITTEN, confirmed, type MessageRef, messageRef } from '../post.ts';
import { localeSchema } from '../wording.ts';

const input = z.strictObject({
  /** The message to change; default the alert whose button was pressed. */
  channel: z
    .string()
    .regex(/^[CDG][A-Z0-9]{2,}$/, 'a conversation id')
    .optional(),
  ts: z.string().optional(),
  text: z.string().min(1).optional(),
  /** Keeps what the alert said and puts `text` below it; false replaces it. */
  keep: z.boolean().default(true),
  /** Buttons it shows from now on; default none. They answer for the alert, as the first ones did. */
  buttons: buttonsSchema.optional(),
  blocks: rawBlocks.optional(),
  // From here on added by `bind`.
  subject: z.string().default(''),
  locale: localeSchema,
});

type Update = z.infer<typeof input>;

/** What `alert` and `post-message` left behind. */
const answeredSchema = messageRef.extend({
  effectId: z.string().optional(),
  text: z.string().optional(),
  notice: z.string().optional(),
  fields: fieldsSchema.optional(),
});
type Answered = z.infer<typeof answeredSchema>;

/** Changes a message of ours. The same content again changes nothing, so a lost answer is simply sent again. */
export default defineAction<SlackConfig, Update>({
  input,
  texts: ['text', 'blocks'],
  escape: escapeText,
  bind: (given, scope) => {
    const subject = scope.person?.id ?? scope.activity?.id;
    return { ...given, locale: scope.locale, ...(typeof subject === 'string' && { subject }) };
  },
  // The pressed message is not known before the call; one person's updates in order is order enough.
  target: ({ channel, ts, subject }) => (channel && ts ? `${channel}/${ts}` : `update/${subject}`),
  perform: async (update, context) => {
    const answered = answeredSchema.safeParse(context.answered).data;
    const { channel, ts } = messageToChange(update, answered, context);
    const parts = partsOf(update, answered);
    const blocks = update.blocks ?? parts.flatMap((part) => contentBlocks(part, TEXT_MAX / parts.length));
    if (blocks.length === 0) throw emptyMessage(context);
    // https://docs.slack.dev/reference/methods/chat.update (its `parse` is `client` unless said otherwise)
    const changed = await callSlack(
      context,
      'chat.update',
      {
        channel,
        ts,
        text: fallbackText(parts.toReversed()),
        blocks: [...blocks, ...buttonsOf(update, answered)],
        ...AS_WRITTEN,
      },
      messageRef,
    );
    return confirmed({ channel: changed.channel, ts: changed.ts, text: update.text ?? answered?.text ?? '' });
  },
});

function messageToChange(
  update: Update,
  answered: Answered | undefined,
  context: ActionContext<SlackConfig>,
): MessageRef {
  if (update.channel && update.ts) return { channel: update.channel, ts: update.ts };
  if (answered) return answered;
  throw new RejectedError(
    `[${context.connection}] there is no message to change: use it under on:, or give channel and ts`,
    { code: 'no_message' },
  );
}

/** What the alert said, if it is kept, and the new text below it. */
function partsOf({ keep, text, locale }: Update, answered: Answered | undefined): MessageContent[] {
  const kept = keep && answered?.text !== undefined ? [{ ...answered, text: answered.text, locale }] : [];
  return text === undefined ? kept : [...kept, { text, locale }];
}

function buttonsOf({ buttons, locale }: Update, answered: Answered | undefined): JsonObject[] {
  return buttons && answered?.effectId ? [buttonBlock(buttons, answered.effectId, locale)] : [];
}

const emptyMessage = ({ connection }: ActionContext<SlackConfig>) =>
  new RejectedError(`[${connection}] the changed message would be empty: give it a text`, { code: 'no_message' });
