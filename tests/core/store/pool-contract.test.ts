import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Notification, Pool, PoolClient, QueryResult } from '../../../core/store/pool-types.ts';
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
    const inTransaction = async <T>(work: (client: PoolClient) => Promise<T>) => {
      const client = await pool.connect();
      try {
        await client.query('begin');
        const value = await work(client);
        await client.query('commit');
        return value;
      } catch (error) {
        await client.query('rollback');
        throw error;
      } finally {
        client.release();
      }
    };

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

    describe('a transaction', () => {
      it('is not seen by others before its commit, nor at all after a rollback', async () => {
        const table = await makeTable();
        const client = await pool.connect();
        await client.query('begin');
        await client.query(`insert into ${table} values (1, 'a')`);
        await client.query('rollback');
        expect(await count(table)).toBe(0);
        await client.query('begin');
        await client.query(`insert into ${table} values (1, 'a')`);
        // Asked for before the commit: it sees the store before or after it, never a part.
        const seen = pool.query(`select * from ${table}`);
        await client.query(`insert into ${table} values (2, 'b')`);
        await client.query('commit');
        client.release();
        expect([0, 2]).toContain((await seen).rowCount);
        expect(await count(table)).toBe(2);
      });

      it('keeps what follows a savepoint apart, and stays open after ROLLBACK TO', async () => {
        const table = await makeTable();
        await inTransaction(async (client) => {
          await client.query(`insert into ${table} values (1, 'kept')`);
          await client.query('savepoint record');
          await expect(client.query(`insert into ${table} values (1, 'twice')`)).rejects.toMatchObject({
            code: '23505',
          });
          await client.query('rollback to savepoint record');
          const other = pool.query(`insert into ${table} values (3, 'other')`);
          await client.query(`insert into ${table} values (2, 'kept')`);
          await client.query('release savepoint record');
          return { other };
        }).then(({ other }) => other);
        expect((await pool.query(`select note from ${table} order by id`)).rows.map((row) => row.note)).toEqual([
          'kept',
          'kept',
          'other',
        ]);
      });

      it('that failed refuses everything but its end, and its commit answers ROLLBACK', async () => {
        const table = await makeTable();
        const client = await pool.connect();
        await client.query('begin');
        await client.query(`insert into ${table} values (1, 'a')`);
        await expect(client.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
        await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
        expect((await client.query('commit')).command).toBe('ROLLBACK');
        client.release();
        expect(await count(table)).toBe(0);
      });

      it('loses no update among many clients that lock the row', async () => {
        const table = await makeTable('id int, n int');
        await pool.query(`insert into ${table} values (1, 0)`);
        await Promise.all(
          Array.from({ length: 20 }, () =>
            inTransaction(async (client) => {
              const { rows } = await client.query<{ n: number }>(`select n from ${table} where id = 1 for update`);
              await client.query(`update ${table} set n = $1`, [(rows[0]?.n ?? 0) + 1]);
            }),
          ),
        );
        expect((await pool.query(`select n from ${table}`)).rows).toEqual([{ n: 20 }]);
      });

      it('takes rows that no other takes, by SKIP LOCKED', async () => {
        const table = await makeTable('id int, taker int');
        await pool.query(`insert into ${table} select g from generate_series(1, 40) g`);
        const take = (taker: number) =>
          inTransaction(async (client) => {
            const { rows } = await client.query<{ id: number }>(
              `update ${table} set taker = $1 where id in
               (select id from ${table} where taker is null order by id limit 5 for update skip locked) returning id`,
              [taker],
            );
            return rows.map((row) => row.id);
          });
        const taken: number[] = [];
        for (let round = 0; taken.length < 40 && round < 20; round++) {
          taken.push(...(await Promise.all([1, 2, 3, 4].map(take))).flat());
        }
        expect(taken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
      });

      it('excludes others by an advisory lock, which ends with it', async () => {
        const table = await makeTable('name text unique');
        await Promise.all(
          Array.from({ length: 8 }, () =>
            inTransaction(async (client) => {
              await client.query('select pg_advisory_xact_lock(hashtext($1))', [`${table}:taro`]);
              const { rowCount } = await client.query(`select 1 from ${table} where name = 'taro'`);
              if (rowCount === 0) await client.query(`insert into ${table} values ('taro')`);
            }),
          ),
        );
        expect(await count(table)).toBe(1);
      });

      it('is rolled back when its client is thrown away', async () => {
        const table = await makeTable();
        const client = await pool.connect();
        await client.query('begin');
        await client.query(`insert into ${table} values (1, 'a')`);
        client.release(true);
        await pool.query(`insert into ${table} values (1, 'b')`);
        expect((await pool.query(`select note from ${table}`)).rows).toEqual([{ note: 'b' }]);
      });

      it('that was forgotten ends after the limit; its client is of no use then, others go on', async () => {
        const limited = await kind.open({ transactionLimitMs: 100 });
        try {
          await limited.pool.query(`create table ${limited.schema}.t (id int primary key)`);
          const client = await limited.pool.connect();
          await client.query('begin');
          await client.query(`insert into ${limited.schema}.t values (1)`);
          const [error] = await once(client as never, 'error');
          expect(error).toMatchObject({ code: '25P03' });
          await expect(client.query('select 1')).rejects.toThrow('not queryable');
          client.release(true);
          expect((await limited.pool.query(`insert into ${limited.schema}.t values (1)`)).rowCount).toBe(1);
        } finally {
          await limited.close();
        }
      });
    });

    describe('LISTEN', () => {
      const heard = (client: PoolClient) => {
        const list: string[] = [];
        client.on('notification', ({ channel, payload }: Notification) => list.push(`${channel}:${payload}`));
        return list;
      };

      it('tells every listening client what was sent, once its transaction is committed', async () => {
        const channel = `${store.schema}_wake`;
        const [first, second] = [await pool.connect(), await pool.connect()];
        const lists = [heard(first), heard(second)];
        await first.query(`listen ${channel}`);
        await second.query(`LISTEN "${channel}"`);
        const last = once(second as never, 'notification').then(() => once(second as never, 'notification'));
        await expect(
          inTransaction(async (client) => {
            await client.query('select pg_notify($1, $2)', [channel, 'rolled back']);
            throw new Error('no');
          }),
        ).rejects.toThrow('no');
        await inTransaction((client) => client.query('select pg_notify($1, $2)', [channel, 'committed']));
        await pool.query(`notify ${channel}, 'alone'`);
        await last;
        await first.query('select 1');
        expect(lists).toEqual([
          [`${channel}:committed`, `${channel}:alone`],
          [`${channel}:committed`, `${channel}:alone`],
        ]);
        first.release(true);
        second.release(true);
      });

      it('ends by UNLISTEN for that client alone', async () => {
        const channel = `${store.schema}_stop`;
        const [stopped, listening] = [await pool.connect(), await pool.connect()];
        const lists = [heard(stopped), heard(listening)];
        for (const client of [stopped, listening]) await client.query(`listen ${channel}`);
        await stopped.query(`unlisten ${channel}`);
        const arrived = once(listening as never, 'notification');
        await pool.query(`notify ${channel}, 'x'`);
        await arrived;
        await stopped.query('select 1');
        expect(lists).toEqual([[], [`${channel}:x`]]);
        stopped.release(true);
        listening.release(true);
      });
    });

    describe('the pool', () => {
      it('has several clients out at once, each usable', async () => {
        const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
        const answers = await Promise.all(
          clients.map((client, n) => client.query<{ n: number }>('select $1::int as n', [n])),
        );
        expect(answers.map((answer: QueryResult<{ n: number }>) => answer.rows[0]?.n)).toEqual([0, 1, 2]);
        expect(pool.totalCount).toBeGreaterThanOrEqual(3);
        for (const client of clients) client.release();
        expect(() => clients[0]?.release()).toThrow('already been released');
      });

      it('refuses everything after its end, which waits for clients that are out', async () => {
        const ending = await kind.open();
        await ending.pool.query(`drop schema ${ending.schema}`);
        const client = await ending.pool.connect();
        const ended = ending.pool.end();
        expect((await client.query('select 1 as still')).rows).toEqual([{ still: 1 }]);
        await expect(ending.pool.query('select 1')).rejects.toThrow('after calling end on the pool');
        await expect(ending.pool.connect()).rejects.toThrow('after calling end on the pool');
        await expect(ending.pool.end()).rejects.toThrow('more than once');
        client.release();
        await ended;
      });
    });
  });
}
