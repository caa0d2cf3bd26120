import { z } from 'zod';
import { defineAction } from '#sdk';
import { contentBlocks, fallbackText, rawBlocks } from '../blocks.ts';
import type { SlackConfig } from '../config.ts';
import { escapeText } from '../mrkdwn.ts';
import { confirmed, findPosted, messageRef, type OutgoingMessage, post } from '../post.ts';
import { addressed, recipientKey, recipientSchema } from '../recipient.ts';
import { localeSchema } from '../wording.ts';

const input = z.strictObject({
  /** A channel name of musubi.yaml, a Slack id, an e-mail address, `owner` or `manager`. */
  channel: z.string().min(1),
  text: z.string().min(1),
  /** Block Kit as Slack documents it; `text` is then the fallback. */
  blocks: rawBlocks.optional(),
  thread: messageRef.optional(),
  // From here on added by `bind`.
  recipient: recipientSchema,
  locale: localeSchema,
});

type Post = z.infer<typeof input>;

/** Posts a message nobody needs to answer: a report, a reply in a thread. */
export default defineAction<SlackConfig, Post>({
  input,
  texts: ['text', 'blocks'],
  escape: escapeText,
  bind: (given, scope) => {
    const { channel } = z.object({ channel: z.string() }).parse(given);
    const { recipient } = addressed(channel, undefined, scope);
    return { ...given, recipient, locale: scope.locale };
  },
  target: ({ recipient }) => recipientKey(recipient),
  perform: async (wanted, context) => {
    const { channel, ts } = await post(messageOf(wanted), context);
    return confirmed({ channel, ts, text: wanted.text });
  },
  probe: async (wanted, context) => {
    const found = await findPosted(messageOf(wanted), context);
    return found && confirmed({ channel: found.channel, ts: found.ts, text: wanted.text });
  },
});

const messageOf = (wanted: Post): OutgoingMessage => ({
  recipient: wanted.recipient,
  text: fallbackText([wanted]),
  blocks: wanted.blocks ?? contentBlocks(wanted),
  thread: wanted.thread,
});
