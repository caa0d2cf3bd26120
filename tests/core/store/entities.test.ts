import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FieldSpec } from '../../../core/model/field-spec.ts';
import type { JsonValue } from '../../../core/sdk/json.ts';
import {
  dealsOfPersons,
  type EntityRow,
  entityTables,
  loadEntities,
  type StoredEntityType,
  saveEntities,
  storedFields,
  touchPersons,
} from '../../../core/store/entities.ts';
import { newId } from '../../support/inbox-rows.ts';
import { stores, type TestStore } from '../../support/stores.ts';

/** Text the database can hold: no NUL, no half of a surrogate pair. */
const text = fc
  .oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('佐藤 花子', '𠮟る', '👨‍👩‍👧', '"\'\\;--', '改\n行\t', ' '))
  .map((value) => value.replaceAll('\u0000', '').toWellFormed())
  .filter((value) => value !== '');
const uuid = fc.uuid();
const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), fc.integer({ min: 0, max: 6 }))
  .map(([whole, places]) => (places === 0 ? String(whole) : `${whole}.${'1'.repeat(places)}`));
const datetime = fc.integer({ min: Date.parse('1000-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') });
const date = fc
  .integer({ min: Date.parse('1000-01-01'), max: Date.parse('9999-12-31') })
  .map((ms) => new Date(ms).toISOString().slice(0, 10));
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map(
    (value) =>
      JSON.parse(
        JSON.stringify(value)
          .replaceAll('\\u0000', '')
          .replace(/\\ud[89a-f][0-9a-f]{2}/gi, ''),
      ) as JsonValue,
  )
  .map((value) => (Object.is(value, -0) ? 0 : value))
  .filter((value) => value !== null && !/e-?\d|"__proto__"|\b-0\b/.test(JSON.stringify(value)));

function valuesOf({ type, ref }: FieldSpec): fc.Arbitrary<JsonValue> {
  switch (type) {
    case 'int':
      return fc.maxSafeInteger();
    case 'decimal':
      return decimal;
    case 'money':
      return fc.record({ amount: decimal, currency: fc.constantFrom('JPY', 'USD') });
    case 'bool':
      return fc.boolean();
    case 'date':
      return date;
    case 'datetime':
      return datetime;
    case 'enumSet':
      return fc.uniqueArray(fc.constantFrom('a', 'b_c', 'd'), { minLength: 1 }).map((codes) => [...codes].sort());
    case 'json':
      return json;
    case 'ref':
      return ref === 'user' ? fc.constant('tanaka@example.co.jp') : uuid;
    default:
      return text;
  }
}

const rowOf = (type: StoredEntityType): fc.Arbitrary<EntityRow> => {
  const fields = Object.fromEntries(storedFields(type).map(([name, spec]) => [name, valuesOf(spec)]));
  return fc.record({
    type: fc.constant(type),
    id: fc.constant(null).map(newId),
    version: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    createdAtMs: datetime,
    updatedAtMs: datetime,
    fields: fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<EntityRow['fields']>,
    custom: fc.dictionary(fc.constantFrom('favouriteProduct', '好み'), json),
    fieldMeta: fc.dictionary(
      fc.constantFrom('email', 'phone'),
      fc.record({ source: text, sourceAtMs: datetime, observedAtMs: datetime, mappingVersion: fc.option(text) }),
    ),
    mergedInto: fc.option(uuid),
    deletedAtMs: fc.option(datetime),
  });
};

describe.each(await stores())('entities on $kind', ({ open }) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());

  const save = (type: StoredEntityType, rows: readonly EntityRow[]) =>
    store.db.transaction((tx) => saveEntities(tx, type, rows));

  it.each(Object.keys(entityTables) as StoredEntityType[])('%s: what is saved is what is loaded', async (type) => {
    await fc.assert(
      fc.asyncProperty(fc.array(rowOf(type), { minLength: 1, maxLength: 5 }), async (rows) => {
        await save(type, rows);
        const loaded = await loadEntities(
          store.db,
          type,
          rows.map((row) => row.id),
        );
        for (const row of rows) expect(loaded.get(row.id)).toEqual(row);
      }),
      { numRuns: 25 },
    );
  });

  it.each(Object.keys(entityTables) as StoredEntityType[])(
    '%s: a later version replaces the whole row but its birth',
    async (type) => {
      await fc.assert(
        fc.asyncProperty(rowOf(type), rowOf(type), async (before, after) => {
          await save(type, [before]);
          const changed = { ...after, id: before.id };
          await save(type, [changed]);
          expect((await loadEntities(store.db, type, [before.id])).get(before.id)).toEqual({
            ...changed,
            createdAtMs: before.createdAtMs,
          });
        }),
        { numRuns: 10 },
      );
    },
  );

  const person = (more: Partial<EntityRow> = {}): EntityRow => ({
    type: 'person',
    id: newId(),
    version: 1,
    createdAtMs: 0,
    updatedAtMs: 0,
    fields: {},
    custom: {},
    fieldMeta: {},
    mergedInto: null,
    deletedAtMs: null,
    ...more,
  });

  it('finds only what is there', async () => {
    const row = person();
    await save('person', [row]);
    expect([...(await loadEntities(store.db, 'person', [newId(), row.id])).keys()]).toEqual([row.id]);
    expect((await loadEntities(store.db, 'person', [])).size).toBe(0);
  });

  it('moves activity times forward, never back, and makes no new version of it', async () => {
    const row = person();
    await save('person', [row]);
    const touch = (lastActivityAt: string, lastInboundAt: string | null) =>
      store.db.transaction((tx) =>
        touchPersons(tx, [{ id: row.id, lastActivityAt, lastInboundAt, lastOutboundAt: null }]),
      );
    await touch('2026-09-02T00:00:00Z', '2026-09-02T00:00:00Z');
    await touch('2026-09-01T00:00:00Z', null);
    const loaded = (await loadEntities(store.db, 'person', [row.id])).get(row.id);
    expect(loaded).toMatchObject({
      version: 1,
      fields: { lastActivityAt: Date.parse('2026-09-02T00:00:00Z'), lastInboundAt: Date.parse('2026-09-02T00:00:00Z') },
    });
    expect(loaded?.fields.lastOutboundAt).toBeUndefined();
  });

  it('gives each person one’s own deals, without those that were deleted', async () => {
    const [a, b] = [newId(), newId()];
    const deal = (owner: string, deletedAtMs: number | null = null) => ({
      ...person({ deletedAtMs }),
      type: 'deal' as const,
      fields: { primaryPersonRef: owner },
    });
    const [one, two] = [deal(a), deal(a)];
    await save('deal', [one, two, deal(a, 1), deal(b)]);
    const deals = await dealsOfPersons(store.db, [a, b, newId()]);
    expect(deals.get(a)?.map((row) => row.id)).toEqual([one.id, two.id].sort());
    expect(deals.get(b)?.length).toBe(1);
    expect(deals.size).toBe(2);
  });
});
