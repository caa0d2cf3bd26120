import { z } from 'zod';

/** A text as operators write it: one for all, or one per language. */
export const localText = z.union([z.string(), z.strictObject({ ja: z.string(), en: z.string() })]);
export type LocalText = z.infer<typeof localText>;

export const localeSchema = z.enum(['ja', 'en']).default('ja');
export type Locale = z.infer<typeof localeSchema>;

export const inLocale = (text: LocalText, locale: Locale): string => (typeof text === 'string' ? text : text[locale]);

/** Labels of the buttons that need none written. */
export const BUTTON_LABELS: Readonly<Record<string, LocalText>> = {
  claim: { ja: '担当する', en: 'Claim' },
  snooze: { ja: 'あとで', en: 'Later' },
  dismiss: { ja: '不要', en: 'Dismiss' },
};

/** Heads an alert that could not go to whom it was meant for. `who` is already escaped and short. */
export function inactiveNotice(who: string, locale: Locale): string {
  return locale === 'ja'
    ? `:warning: 担当の ${who} さんが無効になっているため、代わりにこちらへお知らせします。`
    : `:warning: ${who} is inactive, so this comes to you instead.`;
}

export const unownedNotice = (locale: Locale): string =>
  locale === 'ja'
    ? ':warning: 担当者が決まっていないため、こちらへお知らせします。'
    : ':warning: Nobody owns this, so it comes to you.';

/** The immediate answer to a slash command; its sender's language is not in the request, so both. */
export const commandReceived = (command: string): string => `${command} を受け付けました。 / Received: ${command}`;
