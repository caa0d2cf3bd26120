import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { applyMapped, applyRules } from '../../../core/pipeline/process-batch.ts';
import { mapRecords } from '../../../core/pipeline/read-row.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { createPipeline, type Pipeline, START } from '../../support/pipeline.ts';
import { stores, type TestStore } from '../../support/stores.ts';
import { MAIN, setupOf } from '../../support/workspace.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const title = (name: string) => `title: { ja: ${name}, en: ${name} }`;

const DEALS = `
object: deals
entity: deal
person:
  - { key: email, at: email }
fields:
  name: { at: name }
  status: { at: status }
  stage: { at: stage }
  ownerRef: { at: owner }
  closedAt: { at: closedAt }
  primaryPersonRef: { at: person }
`;
const COMPANIES = `
object: companies
entity: company
fields: { name: { at: name }, prefecture: { at: prefecture } }
`;
const post = (text: string) => `then: [ { slack.post-message: { channel: line-support, text: "${text}" } } ]`;

const FILES = {
  'musubi.yaml': `${MAIN}policy: { person.companyName: { priority: [line-main, site] }, person.jobTitle: newest }\n`,
  'mappings/web/deals.yaml': DEALS,
  'mappings/web/companies.yaml': COMPANIES,
  'rules/promoted.yaml': `${title('promoted')}\nwhen: { change: [person.jobTitle, person.department] }\nif: "person.jobTitle == '部長'"\n${post('{{ person.lastName }}様は{{ person.jobTitle }}')}\n`,
  'rules/seen.yaml': `${title('seen')}\nwhen: { activity: form_submission }\nif: "person.lastActivityAt == activity.occurredAt && person.lastInboundAt == activity.occurredAt"\n${post('最終')}\n`,
  'rules/revival.yaml': `${title('revival')}\nwhen: { activity: page_view }\nper: deal\nif: "deal.status == 'lost'"\ncooldown: 14d\nthen: [ { slack.alert: { to: owner, else: line-support, text: "{{ deal.name }}" } } ]\n`,
  'rules/won.yaml': `${title('won')}\nwhen: { change: deal.status }\nper: deal\nif: "deal.status == 'won'"\n${post('受注 {{ deal.name }} {{ person.lastName }}様')}\n`,
};

describe.each(await stores())('changes and deals on $kind', ({ open }) => {
  let store: TestStore;
  let hub: Pipeline;
  beforeAll(async () => {
    const [opened, setup] = await Promise.all([open(), setupOf(FILES)]);
    store = opened;
    hub = createPipeline(store, setup);
  });
  afterAll(() => store.close());
  afterEach(() => hub.empty());

  const texts = async () =>
    (await hub.query<{ rule: string; input: JsonObject }>('select rule, input from musubi.effects order by seq')).map(
      ({ rule, input }) => `${rule}: ${String(input.text)}`,
    );
  const identify = async (properties: JsonObject, more: JsonObject = {}) => {
    await hub.site({ kind: 'identify', anonymousId: 'v1', email: 'hanako@example.jp', properties, ...more });
    expect(await hub.drain()).toEqual([]);
  };
  const view = async (anonymousId = 'v1') => {
    await hub.site({ kind: 'page_view', anonymousId, properties: { path: '/pricing' } });
    expect(await hub.drain()).toEqual([]);
  };
  /** Records of a CRM, as a poll brings them: the road of `readDirty`. */
  const say = (object: string, ...records: { id: string; at?: number; data: JsonObject }[]) =>
    store.db.transaction(async (tx) => {
      const context = hub.context();
      const connection = context.setup.connections.get('site');
      if (!connection) throw new Error('no site');
      const given = records.map(({ id, at = context.nowMs, data }) => ({ object, id, modifiedAtMs: at, data }));
      const sources = mapRecords(given, connection, context.setup).map((source) => ({
        source,
        origin: { connection, row: null },
      }));
      const { triggers, superseded } = await applyMapped(tx, sources, context);
      await applyRules(tx, triggers, [], context);
      return superseded.size;
    });
  const personId = async (email = 'hanako@example.jp') =>
    (await hub.query<{ id: string }>('select id from musubi.persons where email = $1', [email]))[0]?.id ?? '';

  describe('a changed field of a person', () => {
    it('wakes the rules that name it, with the person as they are now', async () => {
      await identify({ lastName: '佐藤', jobTitle: '課長' });
      expect(await texts()).toEqual([]);
      hub.at(START + HOUR);
      await identify({ jobTitle: '部長' });
      expect(await texts()).toEqual(['promoted: 佐藤様は部長']);
    });

    it('also when the person is seen for the first time', async () => {
      await identify({ lastName: '佐藤', jobTitle: '部長' });
      expect(await texts()).toEqual(['promoted: 佐藤様は部長']);
    });

    it('wakes them for either field they name, and for no other', async () => {
      await identify({ lastName: '佐藤', jobTitle: '部長' });
      hub.at(START + HOUR);
      await identify({ department: '営業部' });
      expect(await texts()).toHaveLength(2);
      hub.at(START + 2 * HOUR);
      await identify({ city: '千代田区' });
      expect(await texts()).toHaveLength(2);
    });

    it('wakes nothing when the value is the same, written another way', async () => {
      await identify({ lastName: '佐藤', jobTitle: '部長' });
      hub.at(START + HOUR);
      await identify({ jobTitle: ' 部長　' });
      expect(await texts()).toHaveLength(1);
    });

    it('wakes nothing when an older value comes late', async () => {
      await identify({ lastName: '佐藤', jobTitle: '課長' });
      await identify({ jobTitle: '部長' }, { at: new Date(START - DAY).toISOString() });
      expect(await texts()).toEqual([]);
    });
  });

  it('an activity shows its rules the person with itself as their last activity', async () => {
    await identify({ lastName: '佐藤' });
    hub.at(START + HOUR);
    await hub.site({ kind: 'form_submission', anonymousId: 'v1', properties: {} });
    expect(await hub.drain()).toEqual([]);
    expect(await texts()).toEqual(['seen: 最終']);
  });

  describe('a deal', () => {
    const lost = async (...names: string[]) => {
      const person = await personId();
      await say('deals', ...names.map((name) => ({ id: name, data: { name, status: 'lost', person } })));
    };

    it('of the person is bound, one run for each', async () => {
      await identify({ lastName: '佐藤' });
      await lost('椅子', '机');
      await view();
      expect((await texts()).toSorted()).toEqual(['revival: 机', 'revival: 椅子']);
      const runs = await hub.query<{ subject_type: string; person_id: string }>(
        'select distinct subject_type, person_id from musubi.runs',
      );
      expect(runs).toEqual([{ subject_type: 'deal', person_id: await personId() }]);
    });

    it('of somebody else, or of nobody, is left alone', async () => {
      await identify({ lastName: '佐藤' });
      await lost('椅子');
      await say('deals', { id: 'free', data: { name: '棚', status: 'lost' } });
      await identify({ lastName: '鈴木' }, { anonymousId: 'v2', email: 'jiro@example.jp' });
      await view('v2');
      expect(await texts()).toEqual([]);
    });

    it('has a cooldown of its own', async () => {
      await identify({ lastName: '佐藤' });
      await lost('椅子');
      await view();
      await lost('机');
      await view();
      expect(await texts()).toEqual(['revival: 椅子', 'revival: 机']);
      hub.at(START + 15 * DAY);
      await view();
      expect(await texts()).toHaveLength(4);
    });

    it('has an owner of its own, before the owner of the person', async () => {
      await identify({ lastName: '佐藤', owner: 'tanaka@example.co.jp' });
      const person = await personId();
      await say('deals', { id: '1', data: { name: '椅子', status: 'lost', owner: 'yamamoto@example.co.jp', person } });
      await view();
      const [effect] = await hub.query<{ input: JsonObject }>('select input from musubi.effects');
      expect(effect?.input.recipient).toEqual({ channel: 'U0YAMAMO01' });
    });

    it('that changes wakes the rules for itself alone', async () => {
      await identify({ lastName: '佐藤' });
      await lost('椅子', '机');
      hub.at(START + HOUR);
      await say('deals', { id: '机', data: { status: 'won' } });
      expect(await texts()).toEqual(['won: 受注 机 佐藤様']);
    });

    it('says nothing new when it is read again, and does not go back to an older state', async () => {
      await identify({ lastName: '佐藤' });
      const person = await personId();
      const won = { id: '1', at: START, data: { name: '椅子', status: 'won', person } };
      expect(await say('deals', won)).toBe(0);
      expect(await say('deals', won)).toBe(1);
      expect(await say('deals', { ...won, at: START - DAY, data: { ...won.data, status: 'open' } })).toBe(1);
      expect(await hub.query('select status from musubi.deals')).toEqual([{ status: 'won' }]);
      expect(await texts()).toHaveLength(1);
    });

    it('belongs to the person its record names by e-mail, as the mapping says', async () => {
      await identify({ lastName: '佐藤' });
      await say('deals', { id: '1', data: { name: '椅子', status: 'lost', email: 'hanako@example.jp' } });
      await view();
      expect(await texts()).toEqual(['revival: 椅子']);
    });

    it('whose contact is an id of its tool stops nothing', async () => {
      await say(
        'deals',
        { id: '1', data: { name: '椅子', person: '0031x00000AbCdE' } },
        { id: '2', data: { name: '机' } },
      );
      expect(await hub.query('select name from musubi.deals order by name')).toHaveLength(2);
    });
  });

  it('a company is kept with its changes and wakes nobody', async () => {
    await say('companies', { id: 'c1', data: { name: '株式会社サンプル', prefecture: '東京' } });
    hub.at(START + HOUR);
    await say('companies', { id: 'c1', data: { prefecture: '大阪府' } });
    expect(await hub.query('select name, prefecture from musubi.companies')).toEqual([
      { name: '株式会社サンプル', prefecture: '大阪府' },
    ]);
    expect(
      await hub.query(
        `select before, after from musubi.changes where entity_type = 'company' and field = 'prefecture' order by id`,
      ),
    ).toEqual([
      { before: null, after: '東京都' },
      { before: '東京都', after: '大阪府' },
    ]);
    expect(await texts()).toEqual([]);
  });
});
