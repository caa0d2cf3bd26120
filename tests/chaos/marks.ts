import type { JsonValue } from '../../core/sdk/json.ts';

/** `#e12#` in a text names the event that caused it. */
export const tagText = (tag: string) => `#${tag}#`;

/** The tag in a text; null when there is none. */
export const tagOf = (text: string | null): string | null => /#([a-z0-9-]+)#/i.exec(text ?? '')?.[1] ?? null;

/** `[order] … #e12#` anywhere in a message is the mark `order:e12`; null when nothing is marked. */
export function markOf(message: JsonValue): string | null {
  const [, rule, tag] = /\[([a-z-]+)\][^#]*#([a-z0-9-]+)#/i.exec(JSON.stringify(message)) ?? [];
  return rule === undefined || tag === undefined ? null : `${rule}:${tag}`;
}
