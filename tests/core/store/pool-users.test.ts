import { randomUUID } from 'node:crypto';
import { createPostgresBackend, runMigrations, withBackend } from 'bullmq';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ContractStore, contractStores } from './contract-stores.ts';

interface Tables {
  person: { id: number; name: string; at: Date };
}

const bullmq = withBackend(createPostgresBackend);

/** The libraries that are given the pool behave alike on both stores. */
for (const kind of await contractStores()) {
  describe.skipIf(kind.unavailable !== undefined)(`users of the pool on ${kind.name}`, () => {
    let store: ContractStore;
    let db: Kysely<Tables>;

    beforeAll(async () => {
      store = await kind.open();
      db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: store.pool as never }) }).withSchema(store.schema);
      const migrator = new Migrator({
        db,
        migrationTableSchema: store.schema,
        provider: { getMigrations: async () => migrations(store.schema) },
      });
      const { error, results } = await migrator.migrateToLatest();
      expect(error).toBeUndefined();
      expect(results?.map(({ migrationName, status }) => [migrationName, status])).toEqual([
        ['0001-person', 'Success'],
        ['0002-at', 'Success'],
      ]);
    });
    afterAll(() => store.close());

    it('Kysely migrates once and finds nothing to do the second time', async () => {
      const again = new Migrator({
        db,
        migrationTableSchema: store.schema,
        provider: { getMigrations: async () => migrations(store.schema) },
      });
      expect(await again.migrateToLatest()).toEqual({ results: [] });
    });

    it('Kysely reads, writes and counts', async () => {
      const at = new Date('2026-11-21T00:00:00Z');
      const inserted = await db
        .insertInto('person')
        .values([
          { id: 1, name: '田中', at },
          { id: 2, name: '佐藤', at },
        ])
        .executeTakeFirst();
      expect(inserted.numInsertedOrUpdatedRows).toBe(2n);
      const upserted = await db
        .insertInto('person')
        .values({ id: 1, name: '鈴木', at })
        .onConflict((on) => on.column('id').doUpdateSet({ name: '鈴木' }))
        .returningAll()
        .executeTakeFirst();
      expect(upserted).toEqual({ id: 1, name: '鈴木', at });
      expect(
        (await db.updateTable('person').set({ name: 'x' }).where('id', '>', 9).executeTakeFirst()).numUpdatedRows,
      ).toBe(0n);
      expect(await db.selectFrom('person').select('name').orderBy('id').execute()).toEqual([
        { name: '鈴木' },
        { name: '佐藤' },
      ]);
    });

    it('Kysely runs transactions beside each other, each whole or not at all', async () => {
      const write = (id: number) =>
        db.transaction().execute(async (tx) => {
          await tx
            .insertInto('person')
            .values({ id, name: 'in', at: new Date(0) })
            .execute();
          if (id % 2 === 1) throw new Error('odd');
          await tx.updateTable('person').set({ name: 'done' }).where('id', '=', id).execute();
        });
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => write(100 + n)));
      expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(
        Array.from({ length: 20 }, (_, n) => n % 2 === 0),
      );
      const rows = await db.selectFrom('person').select('name').where('id', '>=', 100).execute();
      expect(rows).toEqual(Array.from({ length: 10 }, () => ({ name: 'done' })));
    });

    it('Kysely tells when a commit turned out to be a rollback', async () => {
      const broken = db.transaction().execute(async (tx) => {
        await sql`select 1 / 0`.execute(tx).catch(() => undefined);
      });
      await expect(broken).rejects.toThrow('rolled back instead of committed');
    });

    it('Kysely goes back to a savepoint', async () => {
      const tx = await db.startTransaction().execute();
      await tx
        .insertInto('person')
        .values({ id: 200, name: 'kept', at: new Date(0) })
        .execute();
      const saved = await tx.savepoint('one').execute();
      await saved
        .insertInto('person')
        .values({ id: 201, name: 'gone', at: new Date(0) })
        .execute();
      await saved.rollbackToSavepoint('one').execute();
      await tx.commit().execute();
      expect(await db.selectFrom('person').select('name').where('id', 'in', [200, 201]).execute()).toEqual([
        { name: 'kept' },
      ]);
    });

    it('BullMQ moves 50 jobs, a delayed one and a repeated one', async () => {
      const migrating = await store.pool.connect();
      await runMigrations(migrating as never, 'bullmq');
      migrating.release();
      const name = `${store.schema}-${randomUUID()}`;
      const connection = store.pool as never;
      const done: string[] = [];
      const errors: Error[] = [];
      const finished = Promise.withResolvers<void>();
      const queue = new bullmq.Queue(name, { connection });
      const events = new bullmq.QueueEvents(name, { connection });
      await events.waitUntilReady();
      // Not each job's event: where several complete at once, BullMQ's reader may pass over one.
      const heardOne = new Promise((resolve) => events.on('completed', resolve));
      const worker = new bullmq.Worker(
        name,
        async (job) => {
          done.push(job.name);
          if (done.length === 52) finished.resolve();
        },
        { connection, concurrency: 4, drainDelay: 1, runRetryDelay: 500, lockDuration: 10_000, stalledInterval: 5_000 },
      );
      const collect = (error: Error) => errors.push(error);
      queue.on('error', collect);
      worker.on('error', collect);
      events.on('error', collect);
      await worker.waitUntilReady();
      const bulk = Array.from({ length: 49 }, (_, n) => ({ name: `job-${n}`, data: { n } }));
      await queue.addBulk(bulk.map((job) => ({ ...job, opts: { removeOnComplete: true } })));
      await queue.add('job-49', {});
      await queue.add('later', {}, { delay: 50 });
      await queue.upsertJobScheduler('tick', { every: 3_600_000 }, { name: 'tick' });
      await Promise.all([finished.promise, heardOne]);
      expect(new Set(done)).toEqual(new Set([...bulk.map((job) => job.name), 'job-49', 'later', 'tick']));
      expect(done).toHaveLength(52);
      await worker.close();
      await events.close();
      await queue.obliterate({ force: true });
      await queue.close();
      expect(errors).toEqual([]);
    });
  });
}

const migrations = (schema: string) => ({
  '0001-person': {
    up: async (db: Kysely<unknown>) => {
      await sql
        .raw(`create table ${schema}.person (id int primary key); alter table ${schema}.person add name text`)
        .execute(db);
    },
  },
  '0002-at': {
    up: async (db: Kysely<unknown>) => {
      await db.schema.withSchema(schema).alterTable('person').addColumn('at', 'timestamptz').execute();
    },
  },
});
