import { createHash, randomBytes } from 'node:crypto';

/** Makes the next id for an instant (epoch ms). */
export type IdSource = (nowMs: number) => string;

/** 12 bits of `rand_a` count within a millisecond; they start in the lower half so that half of them is room to count. */
const COUNTER_LIMIT = 0x1000;
const COUNTER_START_MASK = 0x7ff;
const RANDOM_BYTES = 10;
const POOL_BYTES = 4_000;

/**
 * Makes a source of UUIDv7: sortable by time as text and strictly ascending within this source, also within one millisecond and when
 * the clock is set back (the time part then waits where it was). Across processes the order is by millisecond.
 * `random(size)` gives random bytes; default from node:crypto.
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.7 and #section-6.2, method 1
 */
export function createIdSource(random: (size: number) => Uint8Array = randomBytes): IdSource {
  let lastMs = -1;
  let counter = 0;
  let pool: Uint8Array = new Uint8Array(0);
  let used = 0;
  /** Asking the system for each id's bytes costs more than making the id. */
  const take = (size: number): Uint8Array => {
    if (used + size > pool.length) {
      pool = random(POOL_BYTES);
      used = 0;
    }
    used += size;
    return pool.subarray(used - size, used);
  };
  return (nowMs) => {
    const bytes = take(RANDOM_BYTES);
    const ms = Math.max(Math.trunc(nowMs), lastMs);
    counter = ms > lastMs ? seed(bytes) : counter + 1;
    const isFull = counter >= COUNTER_LIMIT;
    lastMs = isFull ? ms + 1 : ms;
    if (isFull) counter = seed(bytes);
    return uuidv7(lastMs, counter, bytes.subarray(2));
  };
}

/**
 * The UUIDv5 of a name in a namespace (a UUID): the same for the same name everywhere, so keys can be derived instead of stored.
 * @throws RangeError when the namespace is no UUID.
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.5
 */
export function uuidv5(namespace: string, name: string): string {
  if (!isUuid(namespace)) throw new RangeError('the namespace of a UUIDv5 must be a UUID');
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name, 'utf8')
    .digest();
  return format(bytes.subarray(0, 16), 5);
}

/** True for a UUID in the usual writing, any version. */
export const isUuid = (text: unknown): text is string =>
  typeof text === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);

/** The instant (epoch ms) in a UUIDv7; undefined for other texts. */
export const timeOfId = (id: string): number | undefined =>
  isUuid(id) && id[14] === '7' ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;

function uuidv7(ms: number, counter: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(ms / 2 ** 32));
  view.setUint32(2, ms % 2 ** 32);
  view.setUint16(6, counter);
  bytes.set(random.subarray(0, 8), 8);
  return format(bytes, 7);
}

const seed = (bytes: Uint8Array): number => (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) & COUNTER_START_MASK;

function format(bytes: Uint8Array, version: number): string {
  const marked = Uint8Array.from(bytes);
  marked[6] = (version << 4) | ((marked[6] ?? 0) & 0x0f);
  marked[8] = 0x80 | ((marked[8] ?? 0) & 0x3f);
  const hex = Buffer.from(marked.buffer).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
