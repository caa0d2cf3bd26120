import { createHmac } from 'node:crypto';
import type { AckedEvent, Expected } from './checker.ts';
import { tagText } from './marks.ts';
import { lineConfig, type Tools } from './tools.ts';

export interface HttpPost {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One event of a sender: what follows from it, and how it is posted first and again. */
export interface SentEvent extends AckedEvent {
  readonly first: HttpPost;
  readonly again: HttpPost;
}

export type EventKind = 'reply' | 'push' | 'handover' | 'order' | 'profile';
export const EVENT_KINDS: readonly EventKind[] = ['reply', 'push', 'handover', 'order', 'profile'];

const RECORDS = 6;
const PEOPLE = 20;

/** Makes events, each with a tag of its own. */
export function createEvents(tools: Tools, random: () => number) {
  let count = 0;
  const versions = new Map<string, number>();
  const pick = (limit: number) => Math.floor(random() * limit);

  const line = async (word: string, tag: string, userId: string, expects: readonly Expected[]): Promise<SentEvent> => {
    const webhook = await tools.act({ do: 'message', userId, text: `${word} ${tagText(tag)}` });
    const body = JSON.parse(webhook.body) as { events: [{ webhookEventId: string; deliveryContext: object }] };
    body.events[0].deliveryContext = { isRedelivery: true };
    const first = { path: '/webhooks/line-main', headers: webhook.headers, body: webhook.body };
    const [{ webhookEventId }] = body.events;
    return {
      connection: 'line-main',
      key: webhookEventId,
      tag,
      expects,
      sets: null,
      first,
      again: linePost(JSON.stringify(body)),
    };
  };
  const site = (event: Record<string, unknown>, rest: Pick<AckedEvent, 'tag' | 'expects' | 'sets'>): SentEvent => {
    const post = sitePost(JSON.stringify({ events: [event] }));
    return { connection: 'site', key: String(event.id), ...rest, first: post, again: post };
  };

  const make: Record<EventKind, (tag: string) => Promise<SentEvent>> = {
    reply: (tag) => line('返信', tag, userId(pick(PEOPLE)), [{ mark: `reply:${tag}`, class: 'D' }]),
    push: (tag) => line('通知', tag, userId(pick(PEOPLE)), [{ mark: `push:${tag}`, class: 'B' }]),
    // A person of one's own each: while a run of the rule waits, no second one starts.
    handover: (tag) =>
      line('担当者', tag, userId(1_000 + count), [
        { mark: `hand-over:${tag}`, class: 'D' },
        { mark: `hand-over-open:${tag}`, class: 'C' },
        { mark: `hand-over-close:${tag}`, class: 'C' },
      ]),
    async order(tag) {
      const properties = { body: `注文 ${tagText(tag)}`, channel_name: `chaos-${pick(4)}` };
      const event = {
        id: tag,
        kind: 'order_placed',
        at: new Date().toISOString(),
        anonymousId: `v-P${pick(RECORDS)}`,
        properties,
      };
      return site(event, { tag, expects: [{ mark: `order:${tag}`, class: 'C' }], sets: null });
    },
    async profile(tag) {
      const record = `P${count % RECORDS}`;
      const version = (versions.get(record) ?? 0) + 1;
      versions.set(record, version);
      // One instant per version: the guard decides by the time of the event, not by its arrival.
      const at = new Date(Date.UTC(2026, 0, 1) + version * 1_000).toISOString();
      const event = {
        id: tag,
        kind: 'identify',
        at,
        anonymousId: `v-${record}`,
        memberNumber: record,
        properties: { jobTitle: `v${version}` },
      };
      return site(event, { tag: null, expects: [], sets: { record, version } });
    },
  };
  return {
    make: (kind: EventKind): Promise<SentEvent> => {
      count += 1;
      return make[kind](`e${count}`);
    },
    any: (): EventKind => EVENT_KINDS[pick(EVENT_KINDS.length)] ?? 'order',
    /** Gives every visitor a name, so that no order stays without a person. */
    introductions: (): Promise<SentEvent[]> =>
      Promise.all(
        Array.from({ length: RECORDS }, () => {
          count += 1;
          return make.profile(`e${count}`);
        }),
      ),
  };
}

export type Events = ReturnType<typeof createEvents>;

const userId = (number: number) => `U${number.toString(16).padStart(32, '0')}`;

/** A body signed as LINE signs it. */
export const linePost = (body: string): HttpPost => ({
  path: '/webhooks/line-main',
  headers: {
    'content-type': 'application/json; charset=utf-8',
    'x-line-signature': createHmac('sha256', lineConfig.channelSecret).update(body).digest('base64'),
  },
  body,
});

export const sitePost = (body: string): HttpPost => ({
  path: '/events',
  headers: { 'content-type': 'application/json', authorization: 'Bearer chaos-site-token' },
  body,
});
