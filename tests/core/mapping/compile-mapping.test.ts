import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExpressionCompiler } from '../../../core/config/expressions.ts';
import { loadMappings } from '../../../core/config/load-mappings.ts';
import { formatProblem, type Problem } from '../../../core/config/problem.ts';
import { checkMapping } from '../../../core/mapping/check-mapping.ts';
import { compileMapping } from '../../../core/mapping/compile-mapping.ts';
import { createCalendar } from '../../../core/model/calendar.ts';
import { entities } from '../../../core/model/entities.ts';
import { valueSchema } from '../../../core/model/value.ts';
import type { JsonObject, JsonValue } from '../../../core/sdk/json.ts';
import { CONTACTS, connectors } from '../config/workspace-folder.ts';

const label = { ja: '商品', en: 'Product' };
const customFields = { person: { favouriteProduct: { type: 'string', label } } } as const;
const events = { demo_view: { properties: {} } };
const calendar = createCalendar({ timeZone: 'Asia/Tokyo' });

function load(name: string, text: string) {
  const problems: Problem[] = [];
  const file = { path: `crm/${name}.yaml`, file: `mappings/crm/${name}.yaml`, isShipped: false, text, version: 'v1' };
  const expressions = createExpressionCompiler({ customFields, events });
  const [loaded] = loadMappings([file], {
    connectors,
    connections: { crm: 'crm' },
    customFields,
    events,
    expressions,
    problems,
  });
  if (!loaded || problems.length > 0) throw new Error(problems.map(formatProblem).join('\n'));
  return { loaded, mapping: compileMapping(loaded, { customFields, events, calendar }) };
}

const context = {
  connection: 'crm-jp',
  remoteId: '1',
  modifiedAtMs: Date.parse('2026-09-01T00:00:00Z'),
  timeZone: 'Asia/Tokyo',
};

const contacts = load('contacts', CONTACTS).mapping;

const person = (properties: JsonObject) => contacts.toEntity({ id: '1', properties }, context);

describe('a record of a person', () => {
  it('says in canonical words what the tool said', () => {
    const properties = {
      email: ' Taro＠Example.co.jp ',
      phone: '03（1234）5678 内線12',
      lifecyclestage: 'marketingqualifiedlead',
      lastname: '田中',
      firstname: '一郎',
      birthday: '1990/4/1',
      seen: '2026-08-31T15:00:00Z',
      tags: 'vip;大阪;vip',
      optout: 'true',
      product: '緑茶',
    };
    expect(contacts.toEntity({ properties, associations: { companies: [{ id: 77 }] } }, context)).toEqual({
      fields: {
        email: 'taro@example.co.jp',
        phone: '+81312345678',
        lifecycleStage: 'mql',
        fullName: '田中 一郎',
        birthday: '1990-04-01',
        lastActivityAt: Date.parse('2026-08-31T15:00:00Z'),
        tags: ['vip', '大阪'],
        doNotContact: true,
        favouriteProduct: '緑茶',
        leadSource: 'Web',
        'consent.email': 'withdrawn',
      },
      problems: [],
      address: undefined,
      person: [],
      links: { company: { object: 'companies', id: '77' } },
    });
  });

  it('leaves absent what the tool did not send and blanks what it sent empty', () => {
    expect(person({}).fields).toEqual({ leadSource: 'Web' });
    const blank = person({ email: '', phone: null, jobtitle: '　', lastname: null, tags: [], lifecyclestage: '' });
    expect(blank.fields).toEqual({
      email: null,
      phone: null,
      jobTitle: null,
      fullName: null,
      tags: null,
      lifecycleStage: null,
      leadSource: 'Web',
    });
    expect(blank.problems).toEqual([]);
  });

  it('holds a value it cannot read and goes on with the rest', () => {
    const { fields, problems } = person({
      email: 'not an address',
      jobtitle: '部長',
      birthday: '2026-02-30',
      lifecyclestage: 'martian',
      optout: 'perhaps',
    });
    expect(fields).toEqual({ jobTitle: '部長', leadSource: 'Web' });
    expect(problems.map(({ field, code, raw }) => [field, code, raw])).toEqual([
      ['email', 'unreadable_value', 'not an address'],
      ['lifecycleStage', 'unknown_code', 'martian'],
      ['birthday', 'unreadable_value', '2026-02-30'],
      ['doNotContact', 'unreadable_value', 'perhaps'],
      ['consent.email', 'unknown_code', 'perhaps'],
    ]);
  });

  it('keeps dates on their day, in any zone of the process', () => {
    expect(person({ birthday: '1990-04-01' }).fields.birthday).toBe('1990-04-01');
    expect(person({ birthday: '平成2年4月1日' }).fields.birthday).toBe('1990-04-01');
    expect(person({ birthday: '2026-08-31T15:30:00Z' }).fields.birthday).toBe('2026-09-01');
  });

  it('gives texts the database can hold', () => {
    const { fields } = person({ jobtitle: 'a\u0000b\ud800c', product: '緑\u0000茶' });
    expect(fields).toMatchObject({ jobTitle: 'abc', favouriteProduct: '緑茶' });
    expect(JSON.stringify(person({ email: 'x\u0000\udfff y' }).problems)).not.toMatch(/\\u0000|\\udfff/);
  });
});

describe('addresses, whose it is and links', () => {
  const users = load(
    'users',
    'object: users\nentity: person\naddress: { channel: chat, scope: teamId, id: user.id, displayName: user.name, pictureUrl: user.picture, state: state }\nfields: { displayName: { at: user.name } }\n',
  ).mapping;
  const messages = load(
    'messages',
    `
object: messages
entity: activity
person:
  - { object: visitors, at: anonymousId }
  - { key: memberNumber, at: member }
  - { key: email, at: mails }
fields:
  kind: { at: type, values: { message: line_message, open: email_open }, onUnknown: error }
  occurredAt: { at: at }
  body: { at: text }
  metadata: { cel: "{'path': r.?url, 'size': size(r.text)}" }
links: { deal: { object: deals, at: dealId } }
`,
  ).mapping;

  it('shows an account only when it has an id and a scope', () => {
    const data = {
      teamId: 'T1',
      user: { id: 'U1', name: '田中\u0000', picture: 'https://example.com/a.png' },
      state: 'following',
    };
    expect(users.toEntity(data, context).address).toEqual({
      channel: 'chat',
      scope: 'T1',
      id: 'U1',
      displayName: '田中',
      pictureUrl: 'https://example.com/a.png',
      state: 'following',
    });
    expect(users.toEntity({ teamId: 'T1', user: {} }, context).address).toBeUndefined();
  });

  it('names whose it is in the order to be tried', () => {
    const mapped = messages.toEntity(
      {
        type: 'message',
        at: 1_788_000_000_000,
        text: 'こんにちは',
        anonymousId: 'v-1',
        member: 'Ａ-１',
        mails: ['X@example.com', 'no mail'],
        dealId: 5,
      },
      context,
    );
    expect(mapped.person).toEqual([
      { kind: 'link', object: 'visitors', id: 'v-1' },
      { kind: 'key', key: 'memberNumber', value: 'A-1' },
      { kind: 'key', key: 'email', value: 'x@example.com' },
    ]);
    expect(mapped.links).toEqual({ deal: { object: 'deals', id: '5' } });
    expect(mapped.fields).toMatchObject({ kind: 'line_message', occurredAt: 1_788_000_000_000, metadata: { size: 5 } });
  });

  it('tells a refused code from a skipped one', () => {
    expect(messages.toEntity({ type: 'other', text: '' }, context).problems).toMatchObject([
      { field: 'kind', code: 'refused_code' },
    ]);
  });
});

describe('a deal', () => {
  const deals = load(
    'deals',
    `
object: deals
entity: deal
fields:
  lostReason: { at: reason, values: { R1: competitor } }
  amount: { at: amount, write: true, currency: JPY }
  expectedCloseDate: { at: close, as: datetime, write: true }
  closedAt: { at: closed, write: true }
  stage: { at: stage, values: { "10": demo, "20": offer }, onUnknown: keep_raw, write: true }
  probability: { at: p, write: true }
`,
  ).mapping;

  it('keeps a lost reason it does not know as other', () => {
    const reason = (text: string) => deals.toEntity({ reason: text }, context).fields.lostReason;
    expect([reason('R1'), reason('予算が取れなかった'), reason('なんとなく')]).toEqual([
      'competitor',
      'no_budget',
      'other',
    ]);
  });

  it('reads amounts, instants as days of the zone and codes it does not know', () => {
    expect(
      deals.toEntity({ amount: '１，２００，０００円', close: '1788274800000', stage: 99, p: '20%' }, context),
    ).toMatchObject({
      fields: {
        amount: { amount: '1200000', currency: 'JPY' },
        expectedCloseDate: '2026-09-02',
        stage: '99',
        probability: '20',
      },
      problems: [],
    });
  });

  it('goes back in the tool’s own words, nested as its records are', () => {
    const fields = {
      amount: { amount: '1200000', currency: 'JPY' },
      closedAt: Date.parse('2026-09-01T00:00:00Z'),
      stage: 'offer',
      probability: null,
    };
    expect(deals.toFields(fields)).toEqual({
      amount: 1_200_000,
      closed: '2026-09-01T00:00:00.000Z',
      stage: '20',
      p: null,
    });
    expect(deals.toFields({ stage: 'unheard' })).toEqual({ stage: 'unheard' });
    expect(contacts.toFields({ lifecycleStage: 'sql' })).toEqual({});
    expect(deals.writes).toEqual(['amount', 'expectedCloseDate', 'closedAt', 'stage', 'probability']);
    expect(contacts.toFields({ score: '12.5', email: null, fullName: 'x', lifecycleStage: 'mql' })).toEqual({
      properties: { email: null, lifecyclestage: 'marketingqualifiedlead', musubi_score: 12.5 },
    });
  });

  it('keeps a decimal that a number cannot hold as text', () => {
    expect(deals.toFields({ amount: { amount: '9007199254740993', currency: 'JPY' } })).toEqual({
      amount: '9007199254740993',
    });
  });
});

describe('any record', () => {
  const hostile = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.constantFrom<unknown>(
      '__proto__',
      '\u0000',
      '\ud800',
      '9'.repeat(400),
      1e308,
      -0,
      [],
      {},
      [[]],
      'a'.repeat(5_000),
      '令和99年99月99日',
      { id: {} },
      { id: null },
    ),
    fc.string({ unit: 'binary' }),
  ) as fc.Arbitrary<JsonValue>;
  const properties = fc.dictionary(
    fc.constantFrom(
      'email',
      'phone',
      'jobtitle',
      'lifecyclestage',
      'lastname',
      'firstname',
      'birthday',
      'seen',
      'tags',
      'optout',
      'product',
      '__proto__',
      'constructor',
    ),
    hostile,
  );

  it('never throws and only gives values their fields can hold', () => {
    fc.assert(
      fc.property(properties, hostile, (given, companies) => {
        const { fields, links } = contacts.toEntity({ properties: given, associations: { companies } }, context);
        for (const [name, value] of Object.entries(fields)) {
          const spec = entities.person[name];
          if (value !== null && spec)
            expect(valueSchema(spec).safeParse(value), `${name}: ${JSON.stringify(value)}`).toMatchObject({
              success: true,
            });
        }
        for (const { id } of Object.values(links)) expect(id).toMatch(/\S/);
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(hostile, (data) => void contacts.toEntity(data as JsonObject, context)),
      { numRuns: 300 },
    );
  });

  it('mapped, written back and mapped again is the same', () => {
    fc.assert(
      fc.property(properties, (given) => {
        const once = contacts.toEntity({ properties: given }, context).fields;
        const written = Object.fromEntries(Object.entries(once).filter(([name]) => contacts.writes.includes(name)));
        const twice = contacts.toEntity(contacts.toFields(written as JsonObject), context).fields;
        expect(Object.fromEntries(Object.entries(twice).filter(([name]) => contacts.writes.includes(name)))).toEqual(
          written,
        );
      }),
      { numRuns: 500 },
    );
  });

  it('is mapped in some ten microseconds', () => {
    const data = {
      properties: {
        email: 'taro@example.co.jp',
        phone: '03-1234-5678',
        jobtitle: '部長',
        lifecyclestage: 'lead',
        lastname: '田中',
        firstname: '一郎',
        birthday: '1990-04-01',
      },
    };
    contacts.toEntity(data, context);
    const startMs = performance.now();
    for (let run = 0; run < 2_000; run++) contacts.toEntity(data, context);
    expect((performance.now() - startMs) / 2_000).toBeLessThan(2);
  });
});

describe('a mapping’s own tests', () => {
  it('hold for a mapping that is right', () => {
    const { loaded, mapping } = load('contacts', CONTACTS);
    expect(checkMapping(loaded, mapping)).toEqual([]);
  });

  it('say file, line, field, expected and got, also for a field too many', () => {
    const text = CONTACTS.replace(
      'expect: { email: taro@example.co.jp, lifecycleStage: lead, leadSource: Web }',
      'expect: { email: taro@example.com, lifecycleStage: lead }',
    );
    const { loaded, mapping } = load('contacts', text);
    const failures = checkMapping(loaded, mapping);
    expect(failures.map(formatProblem)).toEqual([
      'mappings/crm/contacts.yaml:23:22 tests.0.expect.email: email: expected "taro@example.com", got "taro@example.co.jp"',
      'mappings/crm/contacts.yaml:23:13 tests.0.expect: leadSource: expected nothing, got "Web"',
    ]);
    expect(failures[0]).toMatchObject({ field: 'email', expected: 'taro@example.com', got: 'taro@example.co.jp' });
  });

  it('may write times out and name what is held', () => {
    const text = `${CONTACTS}  - given:  { properties: { seen: "2026-09-01 09:00", email: "?" } }
    expect: { lastActivityAt: "2026-09-01T00:00:00Z", leadSource: Web, problems: [email], links: {}, person: [] }
`;
    const { loaded, mapping } = load('contacts', text);
    expect(checkMapping(loaded, mapping).map(formatProblem)).toEqual([]);
  });
});
