import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Notification, Pool, PoolClient, QueryResult } from '../../../core/store/pool-types.ts';
import { type ContractStore, contractStores } from './contract-stores.ts';

/** Transactions, LISTEN and the pool itself hold on pg.Pool over PostgreSQL and on the embedded pool alike. */
for (const kind of await contractStores()) {
  describe.skipIf(kind.unavailable !== undefined)(`clients of the pool on ${kind.name}`, () => {
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
      /** What a client hears, and a promise of the time when it has heard so much: two may arrive in one packet. */
      const hear = (client: PoolClient, expected: number) => {
        const list: string[] = [];
        const all = Promise.withResolvers<void>();
        client.on('notification', ({ channel, payload }: Notification) => {
          if (list.push(`${channel}:${payload}`) === expected) all.resolve();
        });
        return { list, all: all.promise };
      };

      it('tells every listening client what was sent, once its transaction is committed', async () => {
        const channel = `${store.schema}_wake`;
        const [first, second] = [await pool.connect(), await pool.connect()];
        const ears = [hear(first, 2), hear(second, 2)];
        await first.query(`listen ${channel}`);
        await second.query(`LISTEN "${channel}"`);
        await expect(
          inTransaction(async (client) => {
            await client.query('select pg_notify($1, $2)', [channel, 'rolled back']);
            throw new Error('no');
          }),
        ).rejects.toThrow('no');
        await inTransaction((client) => client.query('select pg_notify($1, $2)', [channel, 'committed']));
        await pool.query(`notify ${channel}, 'alone'`);
        await Promise.all(ears.map(({ all }) => all));
        expect(ears.map(({ list }) => list)).toEqual([
          [`${channel}:committed`, `${channel}:alone`],
          [`${channel}:committed`, `${channel}:alone`],
        ]);
        first.release(true);
        second.release(true);
      });

      it('ends by UNLISTEN for that client alone', async () => {
        const channel = `${store.schema}_stop`;
        const [stopped, listening] = [await pool.connect(), await pool.connect()];
        const [deaf, ear] = [hear(stopped, 1), hear(listening, 1)];
        for (const client of [stopped, listening]) await client.query(`listen ${channel}`);
        await stopped.query(`unlisten ${channel}`);
        await pool.query(`notify ${channel}, 'x'`);
        await ear.all;
        await stopped.query('select 1');
        expect([deaf.list, ear.list]).toEqual([[], [`${channel}:x`]]);
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
