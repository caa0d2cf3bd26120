import { z } from 'zod';
import { defineAction } from '#sdk';
import { buttonBlock, buttonsSchema, contentBlocks, fallbackText, fieldsSchema } from '../blocks.ts';
import type { SlackConfig } from '../config.ts';
import { escapeText } from '../mrkdwn.ts';
import { confirmed, findPosted, type MessageRef, messageRef, type OutgoingMessage, post } from '../post.ts';
import { addressed, recipientKey, recipientSchema } from '../recipient.ts';
import { localeSchema } from '../wording.ts';

const input = z.strictObject({
  /** `owner`, `manager`, a channel name of musubi.yaml, an e-mail address or a Slack id. */
  to: z.string().min(1),
  /** The same forms: used when `to` is nobody or inactive. */
  else: z.string().min(1).optional(),
  text: z.string().min(1),
  fields: fieldsSchema.optional(),
  buttons: buttonsSchema.optional(),
  thread: messageRef.optional(),
  // From here on added by `bind`.
  recipient: recipientSchema,
  notice: z.string().optional(),
  locale: localeSchema,
});

type Alert = z.infer<typeof input>;

/** Tells a colleague, and lets them answer with buttons. */
export default defineAction<SlackConfig, Alert>({
  input,
  texts: ['text', 'fields'],
  escape: escapeText,
  bind: (given, scope) => {
    const { to, else: instead } = z.object({ to: z.string(), else: z.string().optional() }).parse(given);
    return { ...given, ...addressed(to, instead, scope), locale: scope.locale };
  },
  target: ({ recipient }) => recipientKey(recipient),
  perform: async (alert, context) =>
    confirmed(resultOf(alert, context.effectId, await post(messageOf(alert, context.effectId), context))),
  probe: async (alert, context) => {
    const found = await findPosted(messageOf(alert, context.effectId), context);
    return found && confirmed(resultOf(alert, context.effectId, found));
  },
});

function messageOf(alert: Alert, effectId: string): OutgoingMessage {
  const blocks = contentBlocks(alert);
  const buttons = alert.buttons ? [buttonBlock(alert.buttons, effectId, alert.locale)] : [];
  return {
    recipient: alert.recipient,
    text: fallbackText([alert]),
    blocks: [...blocks, ...buttons],
    thread: alert.thread,
  };
}

/** Keeps what `update-message` needs to show the alert again with a line below it. */
function resultOf(alert: Alert, effectId: string, { channel, ts }: MessageRef) {
  const { text, notice, fields } = alert;
  return { channel, ts, effectId, text, ...(notice && { notice }), ...(fields && { fields }) };
}
