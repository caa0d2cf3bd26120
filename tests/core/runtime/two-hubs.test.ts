import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHub, type Hub } from '../../../core/runtime/hub.ts';
import { createLog } from '../../../core/runtime/log.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { hmacSha256 } from '../../../core/sdk/signature.ts';
import { SANDBOXED, startWorld, type World } from '../../support/hub.ts';
import { lineMessage, lineUser } from '../../support/pipeline.ts';
import { newSchema, postgresUrl, stores } from '../../support/stores.ts';
import { root } from '../../support/workspace.ts';

const RULES = {
  'rules/tell.yaml': `
title: { ja: 連絡, en: Tell }
when: { activity: line_message }
then: [ { slack.post-message: { channel: line-support, text: "{{ activity.body }}" } } ]
`,
  'rules/titled.yaml': `
title: { ja: 役職, en: Titled }
when: { change: person.jobTitle }
cooldown: 14d
then: [ { slack.post-message: { channel: line-support, text: 役職が変わりました } } ]
`,
};

const MESSAGES = 60;
const TITLES = 60;
const USER = lineUser('7');
const DAY = Date.parse('2026-10-07T10:00:00+09:00');

describe.each((await stores()).filter((one) => one.kind === 'postgres'))('two hubs on one $kind', () => {
  const schema = newSchema();
  let world: World;
  let second: Hub;
  const faults: string[] = [];
  beforeAll(async () => {
    world = await startWorld({ kind: 'postgres', files: { 'musubi.yaml': SANDBOXED, ...RULES }, schema });
    second = await createHub({
      folder: world.folder.folder,
      root,
      env: { LINE_API_URL: world.origins.line, SLACK_API_URL: world.origins.slack },
      host: '127.0.0.1',
      port: 0,
      log: createLog({ level: 'warn', destination: { write: (line) => void faults.push(line) } }),
      databaseUrl: postgresUrl,
      schema,
      watch: false,
    });
    await world.seed('slack', { users: [], channels: [{ id: 'C0LINESUPP', name: 'line-support' }] });
  });
  afterAll(async () => {
    await second.close();
    await world.close();
  });

  const hubAt = (index: number) => (index % 2 === 0 ? world.hub.url : second.url);
  const ok = async (response: Promise<Response>) => expect((await response).status).toBe(200);
  /** Every request goes out twice, to both hubs, in small overlapping groups. */
  const all = async (count: number, send: (index: number, hub: string) => Promise<void>) => {
    for (let at = 0; at < count; at += 6) {
      const group = Array.from({ length: Math.min(6, count - at) }, (_, offset) => at + offset);
      await Promise.all(group.flatMap((index) => [send(index, hubAt(index)), send(index, hubAt(index + 1))]));
    }
  };
  const quiet = async () => {
    for (;;) {
      await Promise.all([world.hub.engine.quiet(), second.engine.quiet()]);
      const [open] = await query<{ n: number }>(
        `select (select count(*) from musubi.inbox where state = 'pending')::int + (select count(*) from musubi.effects where state in ('planned', 'sending'))::int as n`,
      );
      if (open?.n === 0) return;
    }
  };
  const query = async <R>(sql: string) => (await world.hub.store.db.query(sql)).rows as R[];

  it('a hot record: nothing lost, nothing doubled, all in order', async () => {
    const messages = Array.from({ length: MESSAGES }, (_, index) => lineMessage(USER, DAY + index, `発言 ${index}`));
    await all(MESSAGES, (index, hub) => {
      const body = JSON.stringify({ destination: USER, events: [messages[index]] });
      const headers = {
        'content-type': 'application/json',
        'x-line-signature': hmacSha256('main-secret', Buffer.from(body), 'base64'),
      };
      return ok(fetch(`${hub}/webhooks/line-main`, { method: 'POST', headers, body }));
    });
    await quiet();
    const rows = await query<{ state: string; n: number }>(
      `select state, count(*)::int as n from musubi.inbox where connection = 'line-main' group by state`,
    );
    expect(rows).toEqual([{ state: 'applied', n: MESSAGES }]);
    // the order in which the hub took them in is the order in which everything follows
    const taken = await query<{ text: string }>(
      `select payload::jsonb->'message'->>'text' as text from musubi.inbox where connection = 'line-main' order by seq`,
    );
    const planned = await query<{ text: string; state: string }>(
      `select input->>'text' as text, state from musubi.effects where rule = 'tell' order by seq`,
    );
    const order = taken.map((row) => row.text);
    expect(order.toSorted()).toEqual(messages.map((one) => String((one.message as JsonObject).text)).toSorted());
    expect(planned).toEqual(order.map((text) => ({ text, state: 'confirmed' })));
    const posted = (await world.writes('slack')).map((row) => String(row.text));
    expect(posted.filter((text) => text.startsWith('発言'))).toEqual(order);
    expect(await query(`select count(*)::int as n from musubi.persons`)).toEqual([{ n: 1 }]);
    expect(await query(`select count(*)::int as n from musubi.activities where kind = 'line_message'`)).toEqual([
      { n: MESSAGES },
    ]);
  }, 60_000);

  it('a person everybody changes at once: each change follows from the one before, the newest stands', async () => {
    await all(TITLES, (index, hub) => {
      const event = {
        id: `title-${index}`,
        kind: 'identify',
        at: new Date(DAY + index * 1000).toISOString(),
        email: 'hanako@example.jp',
        properties: { jobTitle: `役職${index}` },
      };
      const headers = { 'content-type': 'application/json', authorization: 'Bearer site-token' };
      return ok(fetch(`${hub}/events`, { method: 'POST', headers, body: JSON.stringify({ events: [event] }) }));
    });
    await quiet();
    const ended = await query<{ state: string }>(`select state from musubi.inbox where connection = 'site'`);
    expect(ended).toHaveLength(TITLES);
    expect(ended.filter((row) => row.state !== 'applied' && row.state !== 'superseded')).toEqual([]);
    expect(await query(`select email, job_title from musubi.persons where email is not null`)).toEqual([
      { email: 'hanako@example.jp', job_title: `役職${TITLES - 1}` },
    ]);
    const changes = await query<{ before: string | null; after: string; source_at: Date }>(
      `select before, after, source_at from musubi.changes where field = 'jobTitle' and outcome = 'applied' order by source_at`,
    );
    const chain = changes.map((one, at) => ({ ...one, before: changes[at - 1]?.after ?? null }));
    expect(changes).toEqual(chain);
    expect(await query(`select count(*)::int as n from musubi.runs where rule = 'titled'`)).toEqual([{ n: 1 }]);
    expect(await query(`select count(*)::int as n from musubi.effects where rule = 'titled'`)).toEqual([{ n: 1 }]);
  }, 60_000);

  it('and nothing was out of the ordinary', () => {
    expect([...faults, ...world.logLines.filter((line) => /"level":"(?:warn|error)"/.test(line))]).toEqual([]);
  });
});
