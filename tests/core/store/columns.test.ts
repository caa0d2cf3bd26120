import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FieldType } from '../../../core/model/field-spec.ts';
import { insertActivities } from '../../../core/store/activities.ts';
import { columnOf, entityTables, type StoredEntityType, storedFields } from '../../../core/store/entities.ts';
import { openStore } from '../../../core/store/open-store.ts';
import { ensurePartitions } from '../../../core/store/partitions.ts';
import { newId } from '../../support/inbox-rows.ts';
import { dropSchema, newSchema, postgresUrl, stores, type TestStore } from '../../support/stores.ts';

/** How each kind of value is kept. A ref to a user is the owner's e-mail address. */
const COLUMN_TYPES: Readonly<Record<FieldType, string>> = {
  string: 'text',
  text: 'text',
  email: 'text',
  phone: 'text',
  url: 'text',
  enum: 'text',
  int: 'bigint',
  decimal: 'numeric',
  bool: 'boolean',
  date: 'date',
  datetime: 'timestamp with time zone',
  money: 'jsonb',
  enumSet: 'jsonb',
  json: 'jsonb',
  ref: 'uuid',
};

const OWN_COLUMNS: Readonly<Record<string, string>> = {
  id: 'uuid',
  version: 'integer',
  created_at: 'timestamp with time zone',
  updated_at: 'timestamp with time zone',
  deleted_at: 'timestamp with time zone',
  merged_into: 'uuid',
  custom: 'jsonb',
  field_meta: 'jsonb',
};

describe.each(await stores())('the tables on $kind', ({ kind, open }) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());

  const columnsOf = async (table: string) => {
    const { rows } = await store.db.query<{ column_name: string; data_type: string }>(
      'select column_name, data_type from information_schema.columns where table_schema = $1 and table_name = $2',
      [store.schema, table],
    );
    return Object.fromEntries(rows.map((row) => [row.column_name, row.data_type]));
  };

  it.each(Object.keys(entityTables) as StoredEntityType[])(
    'have a column for every field of %s, and no other',
    async (type) => {
      const fields = storedFields(type).map(([name, spec]) => [
        columnOf(name),
        spec.ref === 'user' ? 'text' : COLUMN_TYPES[spec.type],
      ]);
      expect(await columnsOf(entityTables[type])).toEqual({ ...OWN_COLUMNS, ...Object.fromEntries(fields) });
    },
  );

  const partitionsOf = async (table: string) => {
    const { rows } = await store.db.query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = ('musubi.' || $1)::regclass order by 1`,
      [table],
    );
    return rows.map((row) => row.name);
  };

  const at = (text: string) => Date.parse(text);

  it.each(['deliveries', 'inbox', 'decisions', 'effects', 'changes'])(
    '%s has this month, the two to come and one for the rest',
    async (table) => {
      await ensurePartitions(store.db, at('2031-11-30T23:59:59Z'));
      const made = (await partitionsOf(table)).filter((name) => name.includes('_203'));
      expect(made).toEqual([`${table}_2031_11`, `${table}_2031_12`, `${table}_2032_01`]);
      expect(await partitionsOf(table)).toContain(`${table}_rest`);
    },
  );

  it('activities have the five years behind, the two ahead and one for the rest', async () => {
    await ensurePartitions(store.db, at('2040-01-01T00:00:00Z'));
    const made = (await partitionsOf('activities')).filter((name) => /_20(3[5-9]|4\d)$/.test(name));
    expect(made).toEqual([2035, 2036, 2037, 2038, 2039, 2040, 2041, 2042].map((year) => `activities_${year}`));
    expect(await partitionsOf('activities')).toContain('activities_rest');
  });

  it('making partitions again changes nothing', async () => {
    const before = await partitionsOf('activities');
    await ensurePartitions(store.db, at('2040-01-01T00:00:00Z'));
    expect(await partitionsOf('activities')).toEqual(before);
  });

  it('an activity far in the future does not keep the hub from starting in the year it comes near', async () => {
    const activity = {
      id: newId(),
      kind: 'page_view',
      direction: 'in',
      occurredAtMs: at('2053-05-01T00:00:00Z'),
      connection: 'site',
      sourceEventId: 'far',
      personId: null,
      linkId: null,
      subject: null,
      body: null,
      channel: 'web',
      durationSec: null,
      outcome: null,
      metadata: {},
      inboxId: null,
      mappingVersion: null,
    };
    await store.db.transaction((tx) => insertActivities(tx, [activity]));
    await expect(ensurePartitions(store.db, at('2051-01-01T00:00:00Z'))).resolves.toBeUndefined();
  });

  it('are made once: a second start finds them there', async () => {
    const { rows } = await store.db.query<{ name: string }>('select name from musubi.kysely_migration order by name');
    expect(rows.map((row) => row.name)).toEqual(
      expect.arrayContaining(['0001-inbox-and-outbox', '0002-entities', '0003-identity-and-history']),
    );
    if (store.databaseUrl === undefined) return;
    const again = await openStore({
      databaseUrl: store.databaseUrl,
      dataDir: '',
      schema: store.schema,
      onError: () => {},
    });
    const seen = await again.db.query('select name from musubi.kysely_migration');
    await again.close();
    expect(seen.rowCount).toBe(rows.length);
  });

  it.runIf(kind === 'postgres')('are made by several processes that start at once on an empty schema', async () => {
    const schema = newSchema();
    const start = () => openStore({ databaseUrl: postgresUrl, dataDir: '', schema, poolSize: 2, onError: () => {} });
    const started = await Promise.allSettled([start(), start(), start(), start()]);
    await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
    await dropSchema(schema);
    expect(started.map((one) => (one.status === 'rejected' ? String(one.reason) : 'started'))).toEqual(
      Array(4).fill('started'),
    );
  });
});
