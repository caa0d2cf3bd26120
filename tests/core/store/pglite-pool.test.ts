import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PglitePool } from '../../../core/store/pglite-pool.ts';
import { upkeep } from '../../../core/store/pglite-upkeep.ts';
import { withUrgency } from '../../../core/store/urgency.ts';

/** What the embedded pool does beyond the contract it shares with pg.Pool. */
describe('PglitePool', () => {
  let pglite: PGlite;
  let pool: PglitePool;

  beforeAll(async () => {
    pglite = await PGlite.create();
    pool = new PglitePool(pglite);
    await pool.query('create table public.t (id int primary key, note text)');
  });
  afterAll(() => pool.close());

  it('commits a webhook before the work that waits longer, and that before reports', async () => {
    const order: string[] = [];
    const ask = async (name: string) => {
      await pool.query('select 1');
      order.push(name);
    };
    const holder = await pool.connect();
    await holder.query('begin');
    const asked = [
      withUrgency('report', () => ask('report')),
      ask('apply 1'),
      ask('apply 2'),
      withUrgency('ingest', () => ask('ingest')),
    ];
    expect(pool.waitingCount).toBeGreaterThanOrEqual(3);
    await holder.query('commit');
    holder.release();
    await Promise.all(asked);
    expect(order).toEqual(['ingest', 'apply 1', 'apply 2', 'report']);
  });

  it('lets a report have its turn under a flood of webhooks', async () => {
    let ingested = 0;
    let isReported = false;
    const flood = async () => {
      while (!isReported && ingested < 5_000) {
        await withUrgency('ingest', () => pool.query('select 1'));
        ingested++;
      }
    };
    const floods = Array.from({ length: 20 }, flood);
    await withUrgency('report', () => pool.query('select 1'));
    isReported = true;
    await Promise.all(floods);
    expect(ingested).toBeLessThan(100);
  });

  it('keeps the urgency of a client for all its statements', async () => {
    const order: string[] = [];
    const urgent = await withUrgency('ingest', () => pool.connect());
    const asked = [
      pool.query('select 1').then(() => order.push('pool')),
      urgent.query('select 1').then(() => order.push('urgent')),
    ];
    await Promise.all(asked);
    urgent.release();
    expect(order).toEqual(['urgent', 'pool']);
  });

  it('takes in the network while many statements wait', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await Promise.all(Array.from({ length: 300 }, () => pool.query('select count(*) from generate_series(1, 2000)')));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  it('rolls back what a released client left open, before the next one runs', async () => {
    const client = await pool.connect();
    await client.query('begin');
    await client.query("insert into public.t values (1, 'left')");
    client.release();
    expect((await pool.query('select * from public.t where id = 1')).rowCount).toBe(0);
    await expect(client.query('select 1')).rejects.toThrow('released client');
  });

  it('refuses BEGIN through the pool, where nobody would end it', async () => {
    await expect(pool.query('begin')).rejects.toThrow('take a client with connect()');
    await expect(pool.query("begin; insert into public.t values (2, 'x'); commit")).resolves.toMatchObject({
      command: 'COMMIT',
    });
    expect(pglite.isInTransaction()).toBe(false);
  });

  it.each([
    'set search_path to public',
    'SET SESSION search_path = public',
    "select 1; set schema 'public'",
    'reset all',
    'discard all',
    "select set_config('search_path', 'public', false)",
    'copy public.t from stdin',
  ])('refuses what would change the session of all clients or end the database: %s', async (text) => {
    await expect(pool.query(text)).rejects.toThrow('one session serves all clients');
  });

  it('allows a search_path that ends with its transaction', async () => {
    const client = await pool.connect();
    await client.query('begin');
    await client.query('set local search_path to pg_catalog');
    await client.query('commit');
    client.release();
    expect((await pool.query('show search_path')).rows).toEqual([{ search_path: 'public' }]);
  });

  it('stops listening once the last client that listened is released', async () => {
    const channels = async () => (await pool.query<{ c: string }>('select pg_listening_channels() as c')).rows;
    const [first, second] = [await pool.connect(), await pool.connect()];
    const heard: unknown[] = [];
    first.on('notification', (notification) => heard.push(notification));
    await first.query('listen wake');
    await second.query('listen wake; listen "Other"');
    first.release();
    await pool.query("notify wake, 'x'");
    expect(heard).toEqual([]);
    expect(await channels()).toEqual(expect.arrayContaining([{ c: 'wake' }, { c: 'Other' }]));
    second.release();
    expect(await channels()).toEqual([]);
  });

  it('survives DEALLOCATE ALL and names used twice for different texts', async () => {
    const named = (text: string) => pool.query({ name: 'same', text, values: [3] });
    expect((await named('select $1::int as a')).rows).toEqual([{ a: 3 }]);
    expect((await named('select $1::int + 1 as a')).rows).toEqual([{ a: 4 }]);
    await pool.query('deallocate all');
    expect((await named('select $1::int as a')).rows).toEqual([{ a: 3 }]);
    await expect(named('select $1::int from nowhere')).rejects.toMatchObject({ code: '42P01' });
    await expect(named('select $1::int from nowhere')).rejects.toMatchObject({ code: '42P01' });
  });

  it('vacuums a worn table', async () => {
    await pool.query('create table public.worn (id int, n int)');
    await pool.query('insert into public.worn select g, 0 from generate_series(1, 2000) g');
    await pool.query('update public.worn set n = 1');
    await pool.query('select pg_stat_force_next_flush()');
    const worn = "select n_mod_since_analyze::int as n from pg_stat_user_tables where relname = 'worn'";
    expect((await pool.query<{ n: number }>(worn)).rows[0]?.n).toBeGreaterThan(1000);
    await upkeep(pool);
    await pool.query('select pg_stat_force_next_flush()');
    expect((await pool.query<{ n: number }>(worn)).rows[0]?.n).toBe(0);
  });

  it('tells every waiting statement, and its listeners, when the database breaks off', async () => {
    const broken = new PglitePool(await PGlite.create());
    const heard: Error[] = [];
    broken.on('error', (error: Error) => heard.push(error));
    await broken.query('create table public.t (x text)');
    // Data that never comes makes the embedded database exit; a comment hides it from the pool's own refusal.
    const lost = broken.query('copy/**/public.t from/**/stdin');
    const waiting = broken.query('select 1');
    await expect(lost).rejects.toMatchObject({ kind: 'retryable', code: 'store_broken', outcome: 'unknown' });
    await expect(waiting).rejects.toMatchObject({ code: 'store_broken' });
    expect(heard).toMatchObject([{ code: 'store_broken' }]);
  });

  it('cuts off at closing whoever does not leave', async () => {
    const closing = new PglitePool(await PGlite.create());
    const stays = await closing.connect();
    await stays.query('begin');
    const waiting = closing.query('select 1 as one');
    await closing.close(0);
    expect((await waiting).rows).toEqual([{ one: 1 }]);
    await expect(stays.query('select 1')).rejects.toThrow('not queryable');
    expect(() => stays.release()).not.toThrow();
  });
});
