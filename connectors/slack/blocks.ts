import { z } from 'zod';
import type { JsonObject } from '#sdk';
import { actionIdOf, BUTTON_NAME } from './action-id.ts';
import { clip, splitText } from './mrkdwn.ts';
import { BUTTON_LABELS, inLocale, type Locale, localText } from './wording.ts';

// https://docs.slack.dev/reference/block-kit/blocks/section-block and …/block-elements/button-element
const SECTION_TEXT_MAX = 3000;
const FIELDS_MAX = 10;
const BUTTON_TEXT_MAX = 75;
const BUTTONS_MAX = 25;
// No number is published for a whole message; about 13,200 characters were refused (https://github.com/slackapi/bolt-js/issues/2509).
// So a message of ours has at most 12,000: 8,000 of text and ten fields of 400 (Slack would take 2,000 each).
export const TEXT_MAX = 8_000;
const FIELD_TEXT_MAX = 400;
// https://docs.slack.dev/reference/methods/chat.update: more than 4,000 is msg_too_long. The text is only the fallback.
const FALLBACK_MAX = 3_900;

const fieldSchema = z.strictObject({ label: localText, value: localText });
export const fieldsSchema = z.array(fieldSchema).min(1).max(FIELDS_MAX);
type Field = z.infer<typeof fieldSchema>;

const buttonName = z.string().regex(BUTTON_NAME, 'a name like claim or call-back');
const buttonSchema = z.union([
  buttonName,
  z.strictObject({ name: buttonName, label: localText.optional(), style: z.enum(['primary', 'danger']).optional() }),
]);
export const buttonsSchema = z.array(buttonSchema).min(1).max(BUTTONS_MAX);
type Button = z.infer<typeof buttonSchema>;

/** Block Kit as Slack documents it, passed on as it is; Slack checks it. At most 50: …/reference/block-kit/blocks */
export const rawBlocks = z.array(z.record(z.string(), z.json())).min(1).max(50);

export interface MessageContent {
  readonly notice?: string | undefined;
  readonly text: string;
  readonly fields?: readonly Field[] | undefined;
  readonly locale: Locale;
}

/** The body of a message: notice, text in as many sections as it needs (the rest beyond `textMax` is left out), fields. */
export function contentBlocks({ notice, text, fields, locale }: MessageContent, textMax = TEXT_MAX): JsonObject[] {
  const parts = [...(notice ? [notice] : []), ...splitText(clip(text, textMax), SECTION_TEXT_MAX)];
  const fieldTexts = fields?.map(({ label, value }) =>
    mrkdwn(clip(`*${inLocale(label, locale)}*\n${inLocale(value, locale) || '—'}`, FIELD_TEXT_MAX)),
  );
  return [
    ...parts.map((part) => ({ type: 'section', text: mrkdwn(part) })),
    ...(fieldTexts ? [{ type: 'section', fields: fieldTexts }] : []),
  ];
}

/** One row of buttons. Each carries the opaque id of the effect, nothing else (a press is authorised when it arrives). */
export function buttonBlock(buttons: readonly Button[], effectId: string, locale: Locale): JsonObject {
  return { type: 'actions', elements: buttons.map((button) => buttonElement(button, effectId, locale)) };
}

/** What notifications and screen readers show in place of the blocks. */
export function fallbackText(parts: readonly MessageContent[]): string {
  const lines = parts.flatMap(({ notice, text }) => (notice ? [notice, text] : [text]));
  return clip(lines.join('\n'), FALLBACK_MAX);
}

function buttonElement(button: Button, effectId: string, locale: Locale): JsonObject {
  const { name, label, style } = typeof button === 'string' ? { name: button } : button;
  const builtIn = Object.hasOwn(BUTTON_LABELS, name) ? BUTTON_LABELS[name] : undefined;
  const shown = label ?? builtIn ?? name;
  const emphasis = style ?? (name === 'claim' ? 'primary' : undefined);
  return {
    type: 'button',
    action_id: actionIdOf(name),
    text: { type: 'plain_text', text: clip(inLocale(shown, locale), BUTTON_TEXT_MAX) },
    value: effectId,
    ...(emphasis && { style: emphasis }),
  };
}

/** `verbatim` keeps Slack from turning bare URLs and names that stand in the data into links. */
const mrkdwn = (text: string): JsonObject => ({ type: 'mrkdwn', text, verbatim: true });
