import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../core/sdk/errors.ts';
import { type OpenStep, openPglite } from '../../../core/store/open-pglite.ts';
import { spawnStore } from './spawn-store.ts';

const root = mkdtempSync(join(tmpdir(), 'musubi-store-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A closed database with 100 rows, made once; tests damage copies of it. */
const template = join(root, 'template');
let copies = 0;
const copyOfTemplate = () => {
  const copy = join(root, `copy-${++copies}`);
  cpSync(template, copy, { recursive: true });
  return copy;
};
const steps: OpenStep[] = [];

beforeAll(async () => {
  const { pool, close } = await openPglite({ dataDir: template, onProgress: (step) => steps.push(step) });
  await pool.query('create table public.t (id bigserial primary key, note text); create table public.pair (id int8)');
  await pool.query("insert into public.t (note) select 'kept' from generate_series(1, 100)");
  await close();
});

describe('openPglite', () => {
  it('tells how far it is, and that making a new database is the long part', async () => {
    expect(steps).toEqual(['creating', 'opening', 'ready']);
  });

  it('finds the rows again, with no step of making anew', async () => {
    const again: OpenStep[] = [];
    const { pool, close } = await openPglite({ dataDir: copyOfTemplate(), onProgress: (step) => again.push(step) });
    expect((await pool.query('select count(*)::int as n from public.t')).rows).toEqual([{ n: 100 }]);
    expect((await pool.query('show search_path')).rows).toEqual([{ search_path: 'bullmq, public' }]);
    await close();
    await close();
    expect(again).toEqual(['opening', 'ready']);
  });

  it('keeps the directory to the user of the hub', () => {
    const mode = (...path: string[]) => statSync(join(template, ...path)).mode & 0o777;
    expect([mode(), mode('pgdata'), mode('pgdata', 'base')]).toEqual([0o700, 0o700, 0o700]);
    expect([mode('hub.lock'), mode('pgdata', 'PG_VERSION'), mode('pgdata', 'global', 'pg_control')]).toEqual([
      0o600, 0o600, 0o600,
    ]);
  });

  it('lives in memory for tests, with the extensions asked for', async () => {
    const { pool, close } = await openPglite({ dataDir: 'memory://', extensions: { pg_trgm } });
    await pool.query('create extension pg_trgm schema public');
    expect((await pool.query("select public.similarity('田中太郎', '田中太郎') as s")).rows).toEqual([{ s: 1 }]);
    await close();
    await expect(pool.query('select 1')).rejects.toThrow('after calling end on the pool');
  });

  it('starts over when making a new database was cut off', async () => {
    const dataDir = join(root, 'cut-off');
    mkdirSync(join(dataDir, 'pgdata.new'), { recursive: true });
    writeFileSync(join(dataDir, 'pgdata.new', 'PG_VERSION'), '18\n');
    const { pool, close } = await openPglite({ dataDir });
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await close();
    expect(existsSync(join(dataDir, 'pgdata.new'))).toBe(false);
  });

  it('says so when the directory cannot be used', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    await expect(openPglite({ dataDir: join(file, 'data') })).rejects.toMatchObject({ code: 'store_not_writable' });
  });
});

describe('a second process', () => {
  it('is refused while the first one lives, and let in after it was killed', async () => {
    const dataDir = copyOfTemplate();
    const first = spawnStore('open', dataDir);
    await first.line('open');
    await expect(openPglite({ dataDir })).rejects.toThrow(`process ${first.child.pid} on`);
    await first.kill();
    const { close } = await openPglite({ dataDir });
    await close();
  });
});

describe('a process killed while it writes', () => {
  it('loses nothing it had acknowledged, and the store opens within 5 s', async () => {
    const dataDir = copyOfTemplate();
    const acked = new Set<number>();
    for (let round = 0; round < 5; round++) {
      const writer = spawnStore('write', dataDir);
      await writer.line('acked');
      // Killed at another moment in each round, in the midst of a write.
      const enough = writer.lines.length + 20 * round;
      while (writer.lines.length < enough) await new Promise((resolve) => writer.child.stdout?.once('data', resolve));
      await writer.kill();
      for (const line of writer.lines) if (line.startsWith('acked ')) acked.add(Number(line.slice(6)));
      const startMs = performance.now();
      const { pool, close } = await openPglite({ dataDir });
      expect(performance.now() - startMs).toBeLessThan(5_000);
      const { rows } = await pool.query<{ id: number }>('select id::int as id from public.t where id > 100');
      const pairs = await pool.query<{ id: number }>('select id::int as id from public.pair');
      await close();
      const found = new Set(rows.map(({ id }) => id));
      expect([...acked].filter((id) => !found.has(id))).toEqual([]);
      expect(new Set(pairs.rows.map(({ id }) => id))).toEqual(found);
    }
    expect(acked.size).toBeGreaterThan(50);
  }, 120_000);
});

describe('a damaged directory', () => {
  const pgdata = (dataDir: string, ...path: string[]) => join(dataDir, 'pgdata', ...path);
  const logs = (dataDir: string) =>
    readdirSync(pgdata(dataDir, 'pg_wal')).filter((name) => /^[0-9A-F]{24}$/.test(name));
  const fillWith = (path: string, byte: number) => writeFileSync(path, Buffer.alloc(statSync(path).size, byte));
  const newestTable = (dataDir: string) => {
    const ids = readdirSync(pgdata(dataDir, 'base', '5')).filter((name) => /^\d+$/.test(name));
    return pgdata(dataDir, 'base', '5', String(Math.max(...ids.map(Number))));
  };

  it.each<[string, (dataDir: string) => void]>([
    ['garbage in the log', (dir) => logs(dir).forEach((log) => void fillWith(pgdata(dir, 'pg_wal', log), 0xa5))],
    ['a missing log', (dir) => logs(dir).forEach((log) => void rmSync(pgdata(dir, 'pg_wal', log)))],
    ['pg_control zeroed', (dir) => fillWith(pgdata(dir, 'global', 'pg_control'), 0)],
    ['pg_control missing', (dir) => rmSync(pgdata(dir, 'global', 'pg_control'))],
    ['PG_VERSION missing', (dir) => rmSync(pgdata(dir, 'PG_VERSION'))],
    ['the transaction states missing', (dir) => rmSync(pgdata(dir, 'pg_xact', '0000'))],
    ["a table's file missing", (dir) => rmSync(newestTable(dir))],
    [
      'everything missing',
      (dir) => readdirSync(pgdata(dir)).forEach((name) => void rmSync(pgdata(dir, name), { recursive: true })),
    ],
  ])('is refused and left as it is: %s', async (_what, damage) => {
    const dataDir = copyOfTemplate();
    damage(dataDir);
    const before = readdirSync(pgdata(dataDir), { recursive: true }).map(String);
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await openPglite({ dataDir }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({ code: 'store_damaged' });
      expect((error as Error).message).toContain(`cp -a BACKUP ${pgdata(dataDir)}`);
    }
    const after = readdirSync(pgdata(dataDir), { recursive: true }).map(String);
    expect(before.filter((name) => !after.includes(name) && !isRemade(name))).toEqual([]);
    expect(existsSync(pgdata(dataDir, 'PG_VERSION'))).toBe(before.includes('PG_VERSION'));
  });

  /** Caches and notes that PostgreSQL throws away at any start. */
  const isRemade = (name: string) => /pg_internal\.init|postmaster\.|pg_stat\/|pg_stat_tmp|pgsql_tmp/.test(name);

  it('opens again with a backup in its place', async () => {
    const dataDir = copyOfTemplate();
    fillWith(pgdata(dataDir, 'global', 'pg_control'), 0);
    await expect(openPglite({ dataDir })).rejects.toMatchObject({ code: 'store_damaged' });
    rmSync(pgdata(dataDir), { recursive: true });
    cpSync(pgdata(template), pgdata(dataDir), { recursive: true });
    const { pool, close } = await openPglite({ dataDir });
    expect((await pool.query('select count(*)::int as n from public.t')).rows).toEqual([{ n: 100 }]);
    await close();
    expect(readFileSync(pgdata(dataDir, 'PG_VERSION'), 'utf8').trim()).toBe('18');
  });
});
