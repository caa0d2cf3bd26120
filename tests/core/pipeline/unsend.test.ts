import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { createPipeline, lineEvent, lineMessage, lineUser, type Pipeline, START } from '../../support/pipeline.ts';
import { stores, type TestStore } from '../../support/stores.ts';
import { setupOf } from '../../support/workspace.ts';

const MINUTE = 60_000;

const RULE = `
title: { ja: 返信, en: Answer }
when: { activity: line_message }
then: [ { line.reply: { text: "承りました：{{ activity.body }}" }, connection: line-main } ]
`;

describe.each(await stores())('a message taken back on $kind', ({ open }) => {
  let store: TestStore;
  let hub: Pipeline;
  beforeAll(async () => {
    const [opened, setup] = await Promise.all([open(), setupOf({ 'rules/answer.yaml': RULE })]);
    store = opened;
    hub = createPipeline(store, setup);
  });
  afterAll(() => store.close());
  afterEach(() => hub.empty());

  /** All that stands in any table of the store. */
  const everything = async () => {
    const tables = await hub.query<{ name: string }>(`select tablename as name from pg_tables where schemaname = $1`, [
      store.schema,
    ]);
    const texts = await Promise.all(
      tables.map(async ({ name }) => {
        const isRaw = name.startsWith('deliveries');
        const rows = await hub.query<{ text: string }>(
          `select ${isRaw ? `encode(raw, 'hex')` : 'to_jsonb(t)::text'} as text from musubi."${name}" t`,
        );
        const table = name.replace(/_(\d{4}(_\d\d)?|rest)$/, '');
        return rows.map(({ text }) => [table, isRaw ? Buffer.from(text, 'hex').toString() : text] as const);
      }),
    );
    return texts.flat();
  };
  const tablesWith = async (...words: string[]) => {
    const found = (await everything()).filter(([, text]) => words.some((word) => text.includes(word)));
    return [...new Set(found.map(([table]) => table))].sort();
  };

  const USER = lineUser('b');
  const SECRET = '内緒の住所は東京都千代田区';
  const message = () => lineMessage(USER, START, SECRET);
  const unsend = (sent: JsonObject) =>
    lineEvent(USER, START + MINUTE, { type: 'unsend', unsend: { messageId: (sent.message as JsonObject).id ?? '' } });

  it('leaves its text in no table of facts: activity, inbox row, delivery', async () => {
    const sent = message();
    await hub.line('line-main', sent);
    await hub.drain();
    expect(await tablesWith(SECRET)).toEqual(expect.arrayContaining(['activities', 'deliveries', 'inbox']));
    await hub.line('line-main', unsend(sent));
    await hub.drain();
    expect((await tablesWith(SECRET)).filter((table) => ['activities', 'deliveries', 'inbox'].includes(table))).toEqual(
      [],
    );
    expect(await hub.query(`select kind, body from musubi.activities order by occurred_at`)).toEqual([
      { kind: 'line_message', body: null },
      { kind: 'unsend', body: null },
    ]);
  });

  it('leaves its text in no run, effect or other record', async () => {
    const sent = message();
    await hub.line('line-main', sent);
    await hub.drain();
    await hub.line('line-main', unsend(sent));
    await hub.drain();
    expect(await tablesWith(SECRET)).toEqual([]);
  });

  it('leaves its text in no redelivery either', async () => {
    const sent = message();
    await hub.line('line-main', sent);
    await hub.line('line-main', { ...sent, deliveryContext: { isRedelivery: true } });
    await hub.drain();
    await hub.line('line-main', unsend(sent));
    await hub.drain();
    expect((await tablesWith(SECRET)).filter((table) => table === 'deliveries')).toEqual([]);
  });

  it('does not come back when it arrives after its own unsend', async () => {
    const sent = message();
    await hub.line('line-main', unsend(sent));
    await hub.drain();
    await hub.line('line-main', sent);
    await hub.drain();
    expect((await tablesWith(SECRET)).filter((table) => table === 'activities')).toEqual([]);
  });

  it('takes nothing else with it', async () => {
    const [sent, other] = [message(), lineMessage(USER, START, '営業時間は？')];
    await hub.line('line-main', sent, other);
    await hub.drain();
    await hub.line('line-main', unsend(sent));
    await hub.drain();
    expect(await hub.query(`select body from musubi.activities where body is not null`)).toEqual([
      { body: '営業時間は？' },
    ]);
  });
});
