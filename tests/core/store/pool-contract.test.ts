import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pool } from '../../../core/store/pool-types.ts';
import { type ContractStore, contractStores } from './contract-stores.ts';

/** Whatever it promises holds on pg.Pool over PostgreSQL and on the embedded pool alike. */
for (const kind of await contractStores()) {
  describe.skipIf(kind.unavailable !== undefined)(`pool on ${kind.name}`, () => {
    let store: ContractStore;
    let pool: Pool;
    let tables = 0;

    beforeAll(async () => {
      store = await kind.open();
      pool = store.pool;
    });
    afterAll(() => store.close());

    const makeTable = async (columns = 'id int primary key, note text') => {
      const name = `${store.schema}.t${++tables}`;
      await pool.query(`create table ${name} (${columns})`);
      return name;
    };
    const count = async (table: string) =>
      (await pool.query<{ n: number }>(`select count(*)::int as n from ${table}`)).rows[0]?.n;

    describe('a statement', () => {
      it('runs in the order its client was asked for it', async () => {
        const table = await makeTable('id bigserial, n int');
        const client = await pool.connect();
        await Promise.all(
          Array.from({ length: 50 }, (_, n) => client.query(`insert into ${table} (n) values ($1)`, [n])),
        );
        client.release();
        const { rows } = await pool.query<{ n: number }>(`select n from ${table} order by id`);
        expect(rows.map((row) => row.n)).toEqual(Array.from({ length: 50 }, (_, n) => n));
      });

      it('tells how many rows it changed or found, and null where it counts none', async () => {
        const table = await makeTable();
        const counts = async (text: string) => {
          const { command, rowCount } = await pool.query(text);
          return [command, rowCount];
        };
        expect(await counts(`insert into ${table} select g, 'x' from generate_series(1, 5) g`)).toEqual(['INSERT', 5]);
        expect(await counts(`update ${table} set note = 'y' where id > 2`)).toEqual(['UPDATE', 3]);
        expect(await counts(`delete from ${table} where id = 1 returning id`)).toEqual(['DELETE', 1]);
        expect(await counts(`select * from ${table}`)).toEqual(['SELECT', 4]);
        expect(await counts(`select * from ${table} where false`)).toEqual(['SELECT', 0]);
        expect(await counts(`insert into ${table} values (2, 'z') on conflict do nothing`)).toEqual(['INSERT', 0]);
        expect(await counts(`alter table ${table} add extra int`)).toEqual(['ALTER', null]);
      });

      it('may be given as an object: named, with values, rows as arrays', async () => {
        const query = {
          name: 'twice',
          text: 'select $1::int as n, $2::text as n',
          values: [1, 'a'],
          rowMode: 'array',
        } as const;
        for (const values of [
          [1, 'a'],
          [2, 'b'],
        ]) {
          expect((await pool.query({ ...query, values })).rows).toEqual([values]);
        }
        expect((await pool.query({ text: 'select 1 as one' })).rows).toEqual([{ one: 1 }]);
        expect((await pool.query({ text: 'select 1 as one' })).fields).toMatchObject([{ name: 'one', dataTypeID: 23 }]);
      });

      it('is alone when it has values; without values a text may hold several', async () => {
        const table = await makeTable();
        await pool.query(`insert into ${table} values (1, 'a'); insert into ${table} values (2, 'b; c')`);
        expect(await count(table)).toBe(2);
        await expect(pool.query('select $1::int; select 2', [1])).rejects.toMatchObject({ code: '42601' });
      });

      it('in a text of several that fails leaves nothing behind', async () => {
        const table = await makeTable();
        await expect(pool.query(`insert into ${table} values (1, 'a'); select 1 / 0`)).rejects.toMatchObject({
          code: '22012',
        });
        expect(await count(table)).toBe(0);
      });

      it('that is empty answers with nothing', async () => {
        expect(await pool.query('')).toMatchObject({ rows: [], rowCount: null });
      });
    });

    describe('an error', () => {
      it('carries code, constraint, table and detail', async () => {
        const table = await makeTable('id int constraint only_once unique');
        await pool.query(`insert into ${table} values ($1)`, [1]);
        const error = await pool.query(`insert into ${table} values ($1)`, [1]).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(Error);
        expect(error).toMatchObject({
          code: '23505',
          severity: 'ERROR',
          constraint: 'only_once',
          schema: store.schema,
          detail: 'Key (id)=(1) already exists.',
        });
      });

      it.each([
        ['42601', 'selec 1', []],
        ['42P01', 'select * from nowhere', []],
        ['22P02', 'select $1::int', ['x']],
        ['22012', 'select 1 / $1::int', [0]],
        ['22021', 'select $1::text', ['a\u0000b']],
        ['22P05', 'select $1::jsonb', [{ text: '\u0000' }]],
        ['08P01', 'select $1::int', [1, 2]],
      ])('%s comes from: %s', async (code, text, values) => {
        await expect(pool.query(text, values)).rejects.toMatchObject({ code });
        expect((await pool.query('select 1 as fine')).rows).toEqual([{ fine: 1 }]);
      });

      it('tells the stack of the caller', async () => {
        const whoAsked = () => pool.query('selec 1').catch((error: Error) => Promise.reject(error));
        const error = await (async () => await whoAsked())().catch((thrown: Error) => thrown);
        expect((error as Error).stack).toContain('pool-contract.test.ts');
      });
    });

    describe('values', () => {
      const one = async (expression: string, values: unknown[] = []) =>
        (await pool.query<{ v: unknown }>(`select ${expression} as v`, values)).rows[0]?.v;

      it.each([
        ['int8 as a string', "'9007199254740993'::int8", '9007199254740993'],
        ['numeric as a string', "'12.50'::numeric", '12.50'],
        ['int4 as a number', '7::int', 7],
        ['float8 as a number', '0.25::float8', 0.25],
        ['boolean', 'true', true],
        ['a date as it is written', "'2026-11-21'::date", '2026-11-21'],
        ['dates as they are written', "array['2026-11-21'::date, null]", ['2026-11-21', null]],
        [
          'timestamptz as a Date',
          "'2026-11-21T10:00:00.123456+09:00'::timestamptz",
          new Date('2026-11-21T01:00:00.123Z'),
        ],
        ['timestamp as a Date in local time', "'2026-11-21 10:00:00'::timestamp", new Date(2026, 10, 21, 10)],
        ['jsonb parsed', `'{"a": [1, null, "x"]}'::jsonb`, { a: [1, null, 'x'] }],
        ['text arrays', `array['a,b', 'c"d', null, '']`, ['a,b', 'c"d', null, '']],
        [
          'int arrays',
          'array[[1, 2], [3, 4]]',
          [
            [1, 2],
            [3, 4],
          ],
        ],
        ['int8 arrays as strings', 'array[1::int8]', ['1']],
        ['uuid', "'00000000-0000-7000-8000-000000000001'::uuid", '00000000-0000-7000-8000-000000000001'],
        ['bytea as a Buffer', "'\\x00ff'::bytea", Buffer.from([0, 255])],
        ['null', 'null::int', null],
        ['unknown types as text', "'(1,2)'::tid", '(1,2)'],
      ])('%s come out alike', async (_what, expression, expected) => {
        expect(await one(expression)).toEqual(expected);
      });

      it('go in alike: objects as JSON, arrays as arrays, dates, bytes, big and absent ones', async () => {
        const at = new Date('2026-11-21T01:02:03.456Z');
        expect(await one('$1::jsonb', [{ 名前: '田中', n: 1 }])).toEqual({ 名前: '田中', n: 1 });
        expect(await one('$1::jsonb', [JSON.stringify([1, 'x'])])).toEqual([1, 'x']);
        expect(await one('$1::text[]', [['a', 'b"c', null]])).toEqual(['a', 'b"c', null]);
        expect(await one('$1::timestamptz', [at])).toEqual(at);
        expect(await one('$1::int8', [2n ** 60n])).toBe(String(2n ** 60n));
        expect(await one('$1::boolean', [false])).toBe(false);
        expect(await one('$1::int', [undefined])).toBeNull();
        expect(await one('$1::text', ['絵文字👨‍👩‍👧 ﾊﾝｶｸ'])).toBe('絵文字👨‍👩‍👧 ﾊﾝｶｸ');
      });

      it('bytes of every kind and of webhook size go in and out', async () => {
        const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 256));
        const table = await makeTable('raw bytea');
        await pool.query(`insert into ${table} values ($1)`, [bytes]);
        const { rows } = await pool.query<{ raw: Buffer }>(`select raw from ${table}`);
        expect(rows[0]?.raw.equals(bytes)).toBe(true);
      });

      it('a batch goes in by jsonb_to_recordset', async () => {
        const table = await makeTable('id int, note text, at timestamptz, tags jsonb');
        const rows = Array.from({ length: 2_000 }, (_, id) => ({
          id,
          note: `行 ${id}`,
          at: '2026-01-01T00:00:00Z',
          tags: [id],
        }));
        const { rowCount } = await pool.query(
          `insert into ${table} select * from jsonb_to_recordset($1::jsonb) as r(id int, note text, at timestamptz, tags jsonb)`,
          [JSON.stringify(rows)],
        );
        expect(rowCount).toBe(2_000);
        expect((await pool.query(`select * from ${table} where id = 1999`)).rows).toEqual([
          { id: 1999, note: '行 1999', at: new Date('2026-01-01T00:00:00Z'), tags: [1999] },
        ]);
      });
    });
  });
}
