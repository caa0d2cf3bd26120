import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../core/sdk/errors.ts';
import { acquireDirectoryLock } from '../../../core/store/directory-lock.ts';
import { spawnStore } from './spawn-store.ts';

describe('acquireDirectoryLock', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'musubi-lock-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const refusal = (options?: { force: boolean }) => {
    try {
      acquireDirectoryLock(directory, options).release();
      return undefined;
    } catch (error) {
      return error as ConfigError;
    }
  };
  const leaveNote = (note: object | string) =>
    writeFileSync(join(directory, 'hub.pid'), typeof note === 'string' ? note : JSON.stringify(note));
  const since = '2026-11-21T00:00:00.000Z';

  it('lets one holder at a time in, and the next one after its release', () => {
    const lock = acquireDirectoryLock(directory);
    expect(refusal()).toBeInstanceOf(ConfigError);
    lock.release();
    lock.release();
    expect(refusal()).toBeUndefined();
  });

  it('says which file, which process and what to do', () => {
    const lock = acquireDirectoryLock(directory);
    const error = refusal();
    lock.release();
    expect(error).toMatchObject({ code: 'store_locked', kind: 'config' });
    expect(error?.message).toContain(join(directory, 'hub.lock'));
    expect(error?.message).toContain(`process ${process.pid} on ${hostname()}`);
    expect(error?.message).toContain('stop it first');
  });

  it('does not yield to force while a process lives', () => {
    const lock = acquireDirectoryLock(directory);
    expect(refusal({ force: true })).toMatchObject({ code: 'store_locked' });
    lock.release();
  });

  it('is still held against other processes after this one tried twice', async () => {
    const lock = acquireDirectoryLock(directory);
    expect(refusal()).toBeDefined();
    const other = spawnStore('open', directory);
    expect(await other.line('')).toContain('refused store_locked');
    lock.release();
  });

  it('refuses a second process within 2 s, which exits with an error', async () => {
    const lock = acquireDirectoryLock(directory);
    const second = spawnStore('open', directory);
    const [, tookMs] = /refused store_locked after (\d+) ms/.exec(await second.line('')) ?? [];
    expect(Number(tookMs)).toBeLessThan(2_000);
    expect(await second.exitCode).toBe(1);
    lock.release();
  });

  it('lets at most one of several processes in that start together', async () => {
    const together = Array.from({ length: 4 }, () => spawnStore('open', directory));
    const said = await Promise.all(together.map((each) => each.line('')));
    expect(said.filter((line) => line === 'open')).toHaveLength(1);
    await Promise.all(together.map((each) => each.kill()));
  });

  it('takes over silently what a process of this machine left behind', () => {
    leaveNote({ pid: process.pid, host: hostname(), bootId: 'an earlier boot', since });
    expect(refusal()).toBeUndefined();
  });

  it.each([
    ['another machine', { pid: 1, host: 'other.example.com', bootId: 'another boot', since }],
    ['another machine without a boot id', { pid: 1, host: 'other.example.com', bootId: null, since }],
    ['a note that was cut off', '{"pid": 1'],
    ['an empty note', ''],
  ])('refuses when in doubt, unless forced: %s', (_whose, note) => {
    leaveNote(note);
    const error = refusal();
    expect(error).toMatchObject({ code: 'store_locked' });
    expect(error?.message).toContain(join(directory, 'hub.pid'));
    expect(error?.message).toContain('--force-unlock');
    expect(refusal({ force: true })).toBeUndefined();
  });

  it('keeps its files to the hub alone and takes its note away', () => {
    const lock = acquireDirectoryLock(directory);
    expect(readdirSync(directory).toSorted()).toEqual(['hub.lock', 'hub.pid']);
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(directory, 'hub.pid'), 'utf8'))).toMatchObject({ pid: process.pid });
    lock.release();
    expect(readdirSync(directory)).toEqual(['hub.lock']);
  });
});
