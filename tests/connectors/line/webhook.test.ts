import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { config, type LineConfig } from '../../../connectors/line/config.ts';
import webhook from '../../../connectors/line/webhook.ts';
import {
  hmacSha256,
  type JsonObject,
  type ParsedEvent,
  RejectedError,
  type WebhookRequest,
} from '../../../core/sdk/index.ts';
import { HANAKO, settings } from './support.ts';

const NOW_MS = Date.parse('2026-10-07T22:00:00+09:00');
const BOT = 'Uf1e2d3c4b5a697887766554433221100';
const line = config.parse(settings);

const requestOf = (raw: Buffer, signature?: string): WebhookRequest => ({
  method: 'POST',
  url: '/webhooks/line-main',
  publicUrl: 'https://hub.example.jp',
  headers: { 'content-type': 'application/json', ...(signature !== undefined && { 'x-line-signature': signature }) },
  raw,
});
const signed = (raw: Buffer, secret = settings.channelSecret) => requestOf(raw, hmacSha256(secret, raw, 'base64'));
const verdictOf = (request: WebhookRequest, given: LineConfig = line) =>
  webhook.verify(request, { config: given, nowMs: NOW_MS, isApiToken: () => false }).kind;
const splitOf = (raw: Buffer, given: LineConfig = line) => webhook.split(signed(raw), { config: given, nowMs: NOW_MS });
const parsedOf = (raw: Buffer): ParsedEvent[] =>
  splitOf(raw).events.map((event) =>
    webhook.parse(event, { config: line, connection: 'line-main', receivedAtMs: NOW_MS }),
  );
const bodyOf = (...events: unknown[]) => Buffer.from(JSON.stringify({ destination: BOT, events }));
const textEvent = (more: JsonObject = {}): JsonObject => ({
  type: 'message',
  message: { type: 'text', id: '444573844083572737', quoteToken: 'q3Plxr4AgKd', text: 'こんにちは' },
  webhookEventId: '01K7Z9M0TD0000000000000001',
  deliveryContext: { isRedelivery: false },
  timestamp: NOW_MS,
  source: { type: 'user', userId: HANAKO },
  replyToken: '38ef843bde154d9b91c21320ffd10001',
  mode: 'active',
  ...more,
});

describe('the signature', () => {
  const raw = bodyOf(textEvent());

  it('takes a body signed with the channel secret', () => {
    expect(verdictOf(signed(raw))).toBe('accept');
  });

  it('refuses a body with any one byte altered', () => {
    const { headers } = signed(raw);
    for (let at = 0; at < raw.length; at++) {
      const altered = Buffer.from(raw);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(verdictOf({ ...requestOf(altered), headers })).toBe('reject');
    }
  });

  it.each([
    ['another secret', hmacSha256('another-secret', raw, 'base64')],
    ['the hexadecimal form', hmacSha256(settings.channelSecret, raw, 'hex')],
    ['half a signature', hmacSha256(settings.channelSecret, raw, 'base64').slice(0, 22)],
    ['garbage', '\u0000\uffff'],
    ['an empty one', ''],
    ['none', undefined],
  ])('refuses %s', (_name, signature) => {
    expect(verdictOf(requestOf(raw, signature))).toBe('reject');
  });

  it('takes the previous secret while it is being changed, and no longer', () => {
    const changing = config.parse({ ...settings, previousChannelSecret: 'the-secret-before' });
    expect(verdictOf(signed(raw, 'the-secret-before'), changing)).toBe('accept');
    expect(verdictOf(signed(raw), changing)).toBe('accept');
    expect(verdictOf(signed(raw, 'the-secret-before'))).toBe('reject');
  });

  it('holds for the bytes, so that a body with escaped emoji is taken as it came', () => {
    const escaped = Buffer.from(raw.toString('utf8').replace('こんにちは', '\\uD83E\\uDD28'));
    expect(verdictOf(signed(escaped))).toBe('accept');
    const rewritten = Buffer.from(JSON.stringify(JSON.parse(escaped.toString('utf8'))));
    expect(verdictOf({ ...requestOf(rewritten), headers: signed(escaped).headers })).toBe('reject');
    expect(parsedOf(escaped)[0]?.records?.[1]?.data.text).toBe('🤨');
  });
});

describe('the events of a body', () => {
  it('takes the connection check of the console: no events', () => {
    expect(splitOf(bodyOf()).events).toEqual([]);
  });

  it('names each event by its webhookEventId, its person and its own time', () => {
    const [event] = splitOf(bodyOf(textEvent())).events;
    expect(event).toMatchObject({
      externalId: '01K7Z9M0TD0000000000000001',
      dedupKey: '01K7Z9M0TD0000000000000001',
      recordKey: HANAKO,
      occurredAtMs: NOW_MS,
    });
  });

  it('gives a redelivered event the same key', () => {
    const again = textEvent({ deliveryContext: { isRedelivery: true } });
    expect(splitOf(bodyOf(again)).events[0]?.dedupKey).toBe(splitOf(bodyOf(textEvent())).events[0]?.dedupKey);
  });

  it('knows an event without an id again, whatever the order of its properties', () => {
    const { webhookEventId: _, ...unnamed } = textEvent();
    const turned = Object.fromEntries(Object.entries(unnamed).reverse());
    const again = { ...turned, deliveryContext: { isRedelivery: true } };
    const [first] = splitOf(bodyOf(unnamed)).events;
    expect(first?.dedupKey).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(splitOf(bodyOf(again)).events[0]?.dedupKey).toBe(first?.dedupKey);
    expect(splitOf(bodyOf({ ...unnamed, timestamp: NOW_MS + 1 })).events[0]?.dedupKey).not.toBe(first?.dedupKey);
  });

  it('keeps an odd event apart from its neighbours', () => {
    const { events } = splitOf(bodyOf(textEvent(), 7, null));
    expect(events).toHaveLength(3);
    const context = { config: line, connection: 'line-main', receivedAtMs: NOW_MS };
    expect(events.slice(0, 1).map((event) => webhook.parse(event, context).records?.length)).toEqual([2]);
    for (const odd of events.slice(1)) {
      expect(() => webhook.parse(odd, context)).toThrow(expect.objectContaining({ code: 'unreadable_event' }));
    }
  });

  it.each(['', 'not json', '[]', 'null', '{}', '{"events":{}}'])('cannot read %j', (text) => {
    expect(() => splitOf(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'unreadable_body' }));
  });

  it('keeps a body meant for another bot from being applied', () => {
    const own = config.parse({ ...settings, destination: BOT });
    const other = config.parse({ ...settings, destination: 'U00000000000000000000000000000001' });
    expect(splitOf(bodyOf(textEvent()), own).events).toHaveLength(1);
    expect(() => splitOf(bodyOf(textEvent()), other)).toThrow(expect.objectContaining({ code: 'wrong_destination' }));
  });
});

describe('each published event', () => {
  const folder = new URL('../../../connectors/line/fixtures/', import.meta.url);
  const fixtures = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file, JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Fixture] as const);
  interface Fixture {
    readonly source: string;
    readonly objects: readonly string[];
    readonly skip?: string;
    readonly body: JsonObject;
  }

  it.each(fixtures)('%s', (_file, { source, objects, skip, body }) => {
    expect(source).toMatch(/^https:\/\/developers\.line\.biz\//);
    const parsed = parsedOf(Buffer.from(JSON.stringify(body)));
    expect(parsed.flatMap((one) => one.records ?? []).map((record) => record.object)).toEqual(objects);
    expect(parsed.find((one) => one.skip !== undefined)?.skip).toBe(skip);
  });
});

describe('what an event says', () => {
  const recordsOf = (event: JsonObject) => parsedOf(bodyOf(event))[0]?.records ?? [];

  it('makes a message an activity that an unsend can name', () => {
    const [user, message] = recordsOf(textEvent());
    expect(user).toEqual({
      object: 'users',
      id: HANAKO,
      modifiedAtMs: NOW_MS,
      data: { userId: HANAKO, providerId: '2000000001', connection: 'line-main' },
    });
    expect(message).toMatchObject({
      object: 'messages',
      id: 'message:444573844083572737',
      data: {
        userId: HANAKO,
        occurredAt: NOW_MS,
        text: 'こんにちは',
        metadata: {
          userId: HANAKO,
          replyToken: '38ef843bde154d9b91c21320ffd10001',
          messageType: 'text',
          messageId: '444573844083572737',
          quoteToken: 'q3Plxr4AgKd',
        },
      },
    });
    const unsent = recordsOf(textEvent({ type: 'unsend', unsend: { messageId: '444573844083572737' } }));
    expect(unsent[1]?.data.metadata).toMatchObject({ messageId: '444573844083572737', unsent: message?.id });
  });

  it('keeps the text out of the metadata', () => {
    expect(JSON.stringify(recordsOf(textEvent())[1]?.data.metadata)).not.toContain('こんにちは');
  });

  it('marks what was said while another channel holds the chat', () => {
    expect(recordsOf(textEvent({ mode: 'standby' }))[1]?.data.metadata).toMatchObject({ standby: true });
    expect(recordsOf(textEvent())[1]?.data.metadata).not.toHaveProperty('standby');
  });

  it('says in which group a message was written', () => {
    const source = { type: 'group', groupId: 'Ca56f94637c6d0a7b8e9f1029384756ab', userId: HANAKO };
    expect(recordsOf(textEvent({ source }))[1]?.data.metadata).toMatchObject({
      chatType: 'group',
      chatId: 'Ca56f94637c6d0a7b8e9f1029384756ab',
    });
  });

  it('grants consent with evidence on follow and asks for the profile', () => {
    const [parsed] = parsedOf(bodyOf(textEvent({ type: 'follow', follow: { isUnblocked: true } })));
    const [user, follow, consent] = parsed?.records ?? [];
    expect(user?.data).toMatchObject({ state: 'following', isUnblocked: true });
    expect(follow?.data).toMatchObject({ kind: 'follow', metadata: { isUnblocked: true } });
    expect(consent?.data).toMatchObject({
      status: 'granted',
      source: 'line follow',
      evidence: { interactive: true, at: NOW_MS, wording: expect.any(String), url: expect.any(String) },
    });
    expect(parsed?.dirty).toEqual([{ object: 'users', id: HANAKO }]);
  });

  it('withdraws consent on unfollow and reads no profile', () => {
    const [parsed] = parsedOf(bodyOf(textEvent({ type: 'unfollow' })));
    expect(parsed?.records?.map(({ data }) => data.state ?? data.kind ?? data.status)).toEqual([
      'blocked',
      'unfollow',
      'withdrawn',
    ]);
    expect(parsed?.dirty).toBeUndefined();
  });

  it('reads the pairs of a postback, and leaves other data as it is', () => {
    const of = (data: string) => recordsOf(textEvent({ type: 'postback', postback: { data } }))[1]?.data.metadata;
    expect(of('action=material_request&item=%E7%9B%AE%E9%8C%B2')).toMatchObject({
      action: 'material_request',
      values: { action: 'material_request', item: '目録' },
    });
    expect(of('{"a":1}')).not.toHaveProperty('values');
  });

  it('takes an event type named like a part of every object for unknown', () => {
    for (const type of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(parsedOf(bodyOf(textEvent({ type })))).toEqual([{ skip: 'unknown_event_type' }]);
    }
  });
});

describe('any genuine body', () => {
  const oddities = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('\u0000', '\ud800', -1, 1e300, [], {}, null, 'message', HANAKO, '__proto__'),
  );
  const event = fc.oneof(
    fc.jsonValue(),
    fc
      .record(
        Object.fromEntries(
          Object.keys({ ...textEvent(), unsend: 0, follow: 0, postback: 0, link: 0, videoPlayComplete: 0 }).map(
            (name) => [name, oddities],
          ),
        ),
        { requiredKeys: [] },
      )
      .chain((odd) =>
        fc
          .constantFrom('message', 'unsend', 'follow', 'unfollow', 'postback', 'accountLink', 'videoPlayComplete')
          .map((type) => ({ ...textEvent({ type }), ...odd })),
      ),
  );
  const raws = fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.json().map((text) => Buffer.from(text)) },
    { weight: 4, arbitrary: fc.array(event, { maxLength: 4 }).map((events) => bodyOf(...events)) },
  );

  it('brings nothing but a RejectedError', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(raws, (raw) => {
        expect(verdictOf(signed(raw))).toBe('accept');
        try {
          for (const one of splitOf(raw).events) {
            expect(one.dedupKey).toMatch(/^[\w:-]{1,80}$/);
            expect(one.recordKey).toMatch(/^[\w-]{1,64}$/);
            expect(Number.isSafeInteger(one.occurredAtMs)).toBe(true);
            rejectedOrFine(() => webhook.parse(one, { config: line, connection: 'line-main', receivedAtMs: NOW_MS }));
          }
        } catch (error) {
          expect(error).toBeInstanceOf(RejectedError);
        }
      }),
      { numRuns: 10_000 },
    );
  });

  it('survives a body nested as deeply as fits', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const raw = Buffer.from(`{"destination":"${BOT}","events":[{"type":"message","message":${deep}}]}`);
    rejectedOrFine(() => parsedOf(raw));
  });
});

function rejectedOrFine(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(RejectedError);
  }
}
