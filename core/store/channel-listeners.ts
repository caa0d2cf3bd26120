/** Who listens on which NOTIFY channel: the clients of the embedded store share one database session. */
export class ChannelListeners<T> {
  readonly #channels = new Map<string, Set<T>>();

  add(channel: string, listener: T): void {
    const listeners = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, listeners.add(listener));
  }

  /** Removes from one channel or from all (`*`); returns the channels on which nobody listens any more. */
  remove(channel: string, listener: T): string[] {
    const names = channel === '*' ? [...this.#channels.keys()] : [channel];
    return names.filter((name) => {
      const listeners = this.#channels.get(name);
      if (!listeners?.delete(listener) || listeners.size > 0) return false;
      return this.#channels.delete(name);
    });
  }

  on(channel: string): readonly T[] {
    return [...(this.#channels.get(channel) ?? [])];
  }
}

const LISTENED = /\blisten\s+("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)/giu;
const UNLISTEN = /^\s*unlisten\s+(\*|"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)\s*;?\s*$/iu;

/** Channels of the LISTEN statements in a text. */
export const listenedChannels = (text: string): string[] =>
  [...text.matchAll(LISTENED)].map(([, name]) => unquoted(name ?? ''));

/** The channel of a lone UNLISTEN statement (`*` for all); undefined for any other text. */
export function unlistenedChannel(text: string): string | undefined {
  const name = UNLISTEN.exec(text)?.[1];
  return name === undefined ? undefined : unquoted(name);
}

/** Identifiers fold to lower case unless quoted. */
const unquoted = (name: string) =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
