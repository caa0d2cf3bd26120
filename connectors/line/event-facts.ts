import type { JsonObject, JsonValue } from '#sdk';
import type { LineEvent } from './event-schema.ts';

/** Facts as they were found; an absent one stays absent in the record. */
export interface Facts {
  readonly [name: string]: Fact;
}
type Fact = JsonValue | undefined | Facts;

/** Without absent facts, at every depth. */
export function known(facts: Facts): JsonObject {
  const entries = Object.entries(facts).filter(([, fact]) => fact !== undefined);
  return Object.fromEntries(entries.map(([name, fact]) => [name, isFacts(fact) ? known(fact) : fact])) as JsonObject;
}

const isFacts = (fact: Fact): fact is Facts => typeof fact === 'object' && fact !== null && !Array.isArray(fact);

/** What an answer to the event needs: its token, where it was said, and whether we may speak at all. */
export function aboutSource({ replyToken, mode, source }: LineEvent): Facts {
  const isChat = source?.type === 'group' || source?.type === 'room';
  return {
    userId: source?.userId,
    replyToken,
    ...(mode === 'standby' && { standby: true }),
    // Absent in a one-to-one chat, which is the usual case.
    ...(isChat && { chatType: source.type, chatId: source.groupId ?? source.roomId }),
  };
}

/** Everything of a message but its text. */
export function aboutMessage({ message }: LineEvent): Facts {
  const { id, type, text: _text, title: _title, address: _address, ...rest } = message ?? {};
  return { messageType: type ?? 'unknown', messageId: id, ...rest };
}

/** What a person would read in the message; undefined for a picture, a sound or a sticker without words. */
export function bodyOfMessage({ message }: LineEvent): string | undefined {
  if (message?.type === 'location') {
    const lines = [message.title, message.address].filter((line) => line !== undefined && line !== '');
    return lines.length === 0 ? undefined : lines.join('\n');
  }
  return message?.text ?? message?.fileName;
}

/** At most this many pairs of a query string are read out of a postback; it has 300 characters at most. */
const PAIRS_MAX = 30;

/**
 * A postback's own data. Most bots write it as a query string: then its pairs are readable by name, and `action` (what
 * was asked for) has the name every tool uses.
 */
export function postbackFacts({ postback }: LineEvent): Facts {
  const { data, params } = postback ?? {};
  const pairs = data === undefined || !/^[\w.-]+=/.test(data) ? undefined : pairsOf(data);
  return { data, params, values: pairs, action: pairs?.action };
}

const pairsOf = (data: string): Record<string, string> =>
  Object.fromEntries([...new URLSearchParams(data)].slice(0, PAIRS_MAX));
