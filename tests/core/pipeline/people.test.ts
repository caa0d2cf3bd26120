import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPersonBook } from '../../../core/identity/person-book.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { saveEntities } from '../../../core/store/entities.ts';
import { saveKeys, saveLinks } from '../../../core/store/identity.ts';
import { newId } from '../../support/inbox-rows.ts';
import { createPipeline, lineEvent, lineMessage, lineUser, type Pipeline, START } from '../../support/pipeline.ts';
import { stores, type TestStore } from '../../support/stores.ts';
import { setupOf } from '../../support/workspace.ts';

const MINUTE = 60_000;

/** A CRM's record, sent by the site so that two sources speak of one person. */
const identify = (id: JsonObject, properties: JsonObject = {}) => ({ kind: 'identify', ...id, properties });

describe.each(await stores())('who is who on $kind', ({ kind, open }) => {
  let store: TestStore;
  let hub: Pipeline;
  beforeAll(async () => {
    const [opened, setup] = await Promise.all([open(), setupOf()]);
    store = opened;
    hub = createPipeline(store, setup);
  });
  afterAll(() => store.close());
  afterEach(() => hub.empty());

  const count = async (what: string) =>
    Number((await hub.query<{ n: number }>(`select count(*)::int as n from musubi.${what}`))[0]?.n);
  const review = () =>
    hub.query<{ reasons: string[]; person_id: string; other_person_id: string }>(
      `select reasons, person_id, other_person_id from musubi.identity_decisions where state = 'open' order by at, id`,
    );
  const told = async (...events: JsonObject[]) => {
    for (const event of events) {
      await hub.site(event);
      expect(await hub.drain()).toEqual([]);
    }
  };

  it('two records with equal e-mail and name are one person with two links', async () => {
    await told(
      identify({ memberNumber: 'M-1', email: 'taro@example.co.jp' }, { lastName: '山崎', firstName: '太郎' }),
      identify({ email: ' Taro@Example.co.jp' }, { lastName: '山﨑', firstName: '太郎' }),
    );
    expect(await count('persons')).toBe(1);
    expect(await count('links where entity_id is not null')).toBe(2);
    expect(await review()).toEqual([]);
    const [person] = await hub.query('select last_name from musubi.persons');
    expect(person).toEqual({ last_name: '山崎' });
  });

  it('a shared e-mail with another name makes a second person and one entry for review', async () => {
    await told(
      identify(
        { memberNumber: 'M-1', email: 'sato@example.jp' },
        { lastName: '佐藤', firstName: '健一', companyName: '佐藤商会' },
      ),
      identify(
        { memberNumber: 'M-2', email: 'sato@example.jp' },
        { lastName: '佐藤', firstName: '美咲', companyName: '佐藤商会' },
      ),
    );
    expect(await count('persons')).toBe(2);
    const [open, ...more] = await review();
    expect(more).toEqual([]);
    expect(open?.reasons).toEqual(expect.arrayContaining(['names differ', 'company']));
    expect(open?.person_id).not.toBe(open?.other_person_id);
  });

  it('a role address is no key: two people behind info@ stay two, and meet in review by their company', async () => {
    await told(
      identify({ memberNumber: 'M-1', email: 'info@sato-shokai.example.jp' }, { lastName: '佐藤', firstName: '健一' }),
      identify({ memberNumber: 'M-2', email: 'info@sato-shokai.example.jp' }, { lastName: '佐藤', firstName: '美咲' }),
    );
    expect(await count('persons')).toBe(2);
    expect(await count(`identity_keys where kind = 'email'`)).toBe(0);
  });

  it('a phone alone never links, it is for review', async () => {
    await told(
      identify({ memberNumber: 'M-1', email: 'a@example.jp' }, { lastName: '佐藤', phone: '03-3456-7890' }),
      identify({ memberNumber: 'M-2' }, { lastName: '佐藤', phone: '０３－３４５６－７８９０' }),
    );
    expect(await count('persons')).toBe(2);
    expect(await review()).toMatchObject([{ reasons: expect.arrayContaining(['phone']) }]);
  });

  it('the queue keeps one entry, however often the record is told again', async () => {
    const second = identify({ memberNumber: 'M-2', email: 'sato@example.jp' }, { lastName: '佐藤', firstName: '美咲' });
    await told(
      identify({ memberNumber: 'M-1', email: 'sato@example.jp' }, { lastName: '佐藤', firstName: '健一' }),
      second,
      second,
    );
    await told({ ...second, at: new Date(START + MINUTE).toISOString() });
    expect(await review()).toHaveLength(1);
  });

  it('a fact with an e-mail belongs to the single person who holds it; held by two it belongs to nobody', async () => {
    await told(identify({ memberNumber: 'M-1', email: 'a@example.jp' }, { lastName: '佐藤', firstName: '健一' }));
    await told({ kind: 'email_click', email: 'A@example.jp', properties: {} });
    expect(await count('activities where person_id is not null')).toBe(1);
    await told(identify({ memberNumber: 'M-2', email: 'a@example.jp' }, { lastName: '佐藤', firstName: '美咲' }));
    await told({ kind: 'email_click', email: 'a@example.jp', properties: {} });
    expect(await count('activities where person_id is not null')).toBe(1);
    expect(await count('persons')).toBe(2);
  });

  it('a visitor nobody knows makes no person; what the visitor did follows when it is known whose it was', async () => {
    await told(
      { kind: 'page_view', anonymousId: 'v1', properties: { path: '/a' } },
      { kind: 'page_view', anonymousId: 'v1', properties: { path: '/b' } },
    );
    expect(await count('persons')).toBe(0);
    await told(identify({ anonymousId: 'v1', email: 'hanako@example.jp' }, { lastName: '佐藤' }));
    expect(await count('activities where person_id is not null')).toBe(2);
    await told({ kind: 'page_view', anonymousId: 'v1', properties: { path: '/c' } });
    expect(await count('activities where person_id is not null')).toBe(3);
    expect(await count('persons')).toBe(1);
  });

  it('the same in one batch, whatever comes first', async () => {
    await hub.site(
      { kind: 'page_view', anonymousId: 'v1', properties: {} },
      identify({ anonymousId: 'v1', email: 'hanako@example.jp' }, { lastName: '佐藤' }),
      { kind: 'page_view', anonymousId: 'v1', properties: {} },
    );
    expect(await hub.drain()).toEqual([]);
    expect(await count('activities where person_id is not null')).toBe(2);
  });

  it('a browser two people used keeps to the first; each one’s own acts name them', async () => {
    await told(
      identify({ anonymousId: 'shared', memberNumber: 'M-1' }, { lastName: '佐藤' }),
      identify({ anonymousId: 'shared', memberNumber: 'M-2' }, { lastName: '鈴木' }),
      { kind: 'page_view', anonymousId: 'shared', memberNumber: 'M-2', properties: {} },
    );
    expect(await count('persons')).toBe(2);
    const [act] = await hub.query<{ last_name: string }>(
      'select p.last_name from musubi.activities a join musubi.persons p on p.id = a.person_id',
    );
    expect(act).toEqual({ last_name: '鈴木' });
  });

  describe('LINE', () => {
    it('two channels of one provider share a person, each with its own follow state', async () => {
      const user = lineUser('a');
      await hub.line('line-main', lineEvent(user, START, { type: 'follow', replyToken: 'r1' }));
      await hub.line('line-shop', lineEvent(user, START + 1, { type: 'follow', replyToken: 'r2' }));
      await hub.drain();
      await hub.line('line-shop', lineEvent(user, START + 2, { type: 'unfollow' }));
      await hub.drain();
      expect(await count('persons')).toBe(1);
      expect(await hub.query('select scope, id, states from musubi.addresses')).toEqual([
        { scope: '2000000001', id: user, states: { 'line-main': 'following', 'line-shop': 'blocked' } },
      ]);
      expect(await count('links where entity_id is not null')).toBe(2);
    });

    it('the same at first sight in one batch: one person', async () => {
      const user = lineUser('b');
      await hub.line('line-shop', lineMessage(user, START, 'こんにちは'));
      await hub.line('line-main', lineMessage(user, START, 'こんにちは'));
      await hub.drain();
      expect(await count('persons')).toBe(1);
      expect(await count('activities')).toBe(2);
    });

    it('a friend is joined to nobody by name', async () => {
      await told(identify({ email: 'a@example.jp' }, { lastName: '佐藤', firstName: '花子' }));
      await hub.line('line-main', lineMessage(lineUser('c'), START, '佐藤 花子です'));
      await hub.drain();
      expect(await count('persons')).toBe(2);
      expect(await review()).toEqual([]);
    });
  });

  // PGlite has one connection: batches follow each other there.
  it.runIf(kind === 'postgres')('two workers that see one person for the first time make one person', async () => {
    const user = lineUser('d');
    const book = (connection: string, hold: () => Promise<void>) =>
      store.db.transaction(async (tx) => {
        const mention = {
          connection,
          self: { object: 'users', id: user, fields: { email: 'd@example.jp' }, identify: ['email'] },
          address: { channel: 'line', scope: '2000000001', id: user },
          evidence: [],
        };
        const people = await openPersonBook(tx, [mention], { nowMs: START, newId });
        const { personId, linkId } = people.resolve(mention);
        const person = people.persons.get(personId ?? '');
        if (!person) throw new Error('a record of one’s own always has a person');
        people.put({ ...person, fields: { email: 'd@example.jp' } }, linkId);
        await hold();
        await saveEntities(tx, 'person', [...people.persons.values()]);
        await saveLinks(tx, [...people.pending.links.values()]);
        await saveKeys(tx, people.pending.keys);
        return personId;
      });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = book('line-main', () => held);
    const second = book('line-shop', async () => {});
    const [waiting] = await waitForLock();
    release();
    expect(waiting).toBeDefined();
    expect(new Set(await Promise.all([first, second])).size).toBe(1);
    expect(await count('persons')).toBe(1);

    /** Asks the server until the second worker waits for the keys of the first. */
    async function waitForLock(): Promise<unknown[]> {
      for (;;) {
        const rows = await hub.query(
          `select 1 from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`,
        );
        if (rows.length > 0) return rows;
      }
    }
  });
});
