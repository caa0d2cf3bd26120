/**
 * Makes a value from data safe inside mrkdwn: no mention, link, date token or formatting comes of it.
 *
 * `& < >` become entities, which is Slack's own rule and ends every mention and link. For `* _ ~` and the backtick Slack
 * has no escape, and an invisible separator is worse than nothing: Slack takes a zero-width space for the end of a
 * word, so it can switch formatting on where there was none. So these are replaced by characters of the same look that
 * Slack does not read as markers; only at the edge of a word, where alone they act, so that `taro_yamada` stays what it
 * is when copied. Their full-width forms act too. A leading `>` (a quote even as an entity) and an emoji name get an
 * invisible soft hyphen in front. Control and bidirectional characters, which could hide or turn the text around them, go.
 * @see https://docs.slack.dev/messaging/formatting-message-text#escaping
 * @see https://github.com/yhatt/jsx-slack/blob/main/docs/about-escape-and-exact-mode.md (what Slack's clients were seen to do)
 */
export function escapeText(value: string): string {
  return value
    .replace(UNPRINTABLE, '')
    .replace(/[`｀]/g, 'ˋ')
    .replace(/[*_~＊＿]+/g, (run, at: number, whole: string) => (isInsideWord(run, at, whole) ? run : lookAlike(run)))
    .replace(EMOJI_NAME, `:${SOFT_HYPHEN}$1:`)
    .replace(/^([^\S\n]*)([>＞])/gm, `$1${SOFT_HYPHEN}$2`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

const SOFT_HYPHEN = '\u00AD';
const LOOK_ALIKES: Readonly<Record<string, string>> = { '*': '∗', '＊': '﹡', _: 'ˍ', '＿': 'ˍ', '~': '∼' };
// Everything in Cc but tab and newline, the bidirectional controls, and lone surrogates, which no JSON reader must take.
const UNPRINTABLE = /[^\P{Cc}\t\n]|[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\u2028\u2029]|\p{Cs}/gu;
// Not after a digit or letter, so that 10:30:00 stays a time.
const EMOJI_NAME = /(?<![\p{L}\p{N}]):([\p{L}\p{N}_+'ˍ-]+):/gu;

const lookAlike = (run: string) => Array.from(run, (marker) => LOOK_ALIKES[marker] ?? marker).join('');

// Two units on each side, for letters outside the basic plane.
const isInsideWord = (run: string, at: number, whole: string) =>
  /[\p{L}\p{N}]$/u.test(whole.slice(Math.max(0, at - 2), at)) &&
  /^[\p{L}\p{N}]/u.test(whole.slice(at + run.length, at + run.length + 2));

/** At most `max` characters, the end marked with `…`; never cut inside an entity, a `<…>` token or a surrogate pair. */
export function clip(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, cutBefore(text, max - 1))}…`;
}

/** Pieces of at most `max` characters, cut at line ends where there are any. Blank pieces are left out. */
export function splitText(text: string, max: number): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > max) {
    const line = rest.lastIndexOf('\n', max);
    const cut = line > max / 2 ? line : cutBefore(rest, max);
    pieces.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  return [...pieces, rest].map((piece) => piece.trim()).filter((piece) => piece !== '');
}

function cutBefore(text: string, max: number): number {
  const head = text.slice(0, max);
  const token = head.lastIndexOf('<');
  if (token > head.lastIndexOf('>') && token > max / 2) return token;
  const entity = head.match(/&[a-z]{0,3}$/)?.index;
  if (entity) return entity;
  const isInsidePair = /[\uD800-\uDBFF]$/.test(head);
  return isInsidePair ? max - 1 : max;
}
