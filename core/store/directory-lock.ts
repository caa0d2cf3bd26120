import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ConfigError } from '../sdk/errors.ts';

export interface DirectoryLock {
  /** Gives the directory free. Idempotent. */
  readonly release: () => void;
}

export interface DirectoryLockOptions {
  /** Overrules a lock that may be another machine's; never one that a living process holds. */
  readonly force?: boolean;
}

/** Held by the process: the system frees it when the process ends, however it ends. */
const HANDLE = 'hub.lock';
/** Who holds it, for people, and for a shared disk on which the handle of another machine may not be seen. */
const HOLDER = 'hub.pid';

const holderSchema = z.object({
  pid: z.int(),
  host: z.string(),
  /** Changes with every boot; null where the system tells none. */
  bootId: z.string().nullable(),
  since: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

/**
 * Takes the directory for this process alone: PGlite itself lets two processes write one directory and loses rows. The
 * lock of a process that died, or of this machine before a reboot, is taken over silently.
 * @throws ConfigError `store_locked`, at once, when another process holds it or that cannot be ruled out
 */
export function acquireDirectoryLock(directory: string, options: DirectoryLockOptions = {}): DirectoryLock {
  const handle = takeHandle(directory);
  try {
    const holder = readHolder(directory);
    if (!options.force && holder !== undefined && !isOurMachine(holder)) throw doubtful(directory, holder);
    writeHolder(directory);
  } catch (error) {
    handle.close();
    throw error;
  }
  return {
    release: () => {
      if (!handle.isOpen) return;
      rmSync(join(directory, HOLDER), { force: true });
      handle.close();
    },
  };
}

/**
 * An exclusive file lock. Node has no flock; SQLite's lock on a file is one (fcntl, LockFileEx), is taken atomically,
 * and needs no clean-up after a crash.
 * @see https://www.sqlite.org/lockingv3.html
 */
function takeHandle(directory: string): DatabaseSync {
  const path = join(directory, HANDLE);
  createPrivately(path);
  const handle = new DatabaseSync(path, { timeout: 0 });
  try {
    // In memory, so that no journal file appears beside the handle; nothing is ever written.
    handle.exec('pragma journal_mode = memory; begin exclusive');
    return handle;
  } catch (cause) {
    handle.close();
    throw held(directory, cause);
  }
}

/** Never opens a file that is there: closing any handle of it would free the lock this process may hold (POSIX). */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Undefined when nobody left a note; 'unreadable' when one cannot be read. */
function readHolder(directory: string): Holder | 'unreadable' | undefined {
  try {
    const note = holderSchema.safeParse(JSON.parse(readFileSync(join(directory, HOLDER), 'utf8')));
    return note.success ? note.data : 'unreadable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'unreadable';
  }
}

function writeHolder(directory: string): void {
  const holder: Holder = { pid: process.pid, host: hostname(), bootId: bootId(), since: new Date().toISOString() };
  const file = openSync(join(directory, HOLDER), 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify(holder)}\n`);
    // An empty note after a power cut would have to be taken for a stranger's.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** On our own machine the handle has proved that the holder is gone. */
function isOurMachine(holder: Holder | 'unreadable'): boolean {
  if (holder === 'unreadable') return false;
  return holder.host === hostname() || (holder.bootId !== null && holder.bootId === bootId());
}

/** @see https://docs.kernel.org/admin-guide/sysctl/kernel.html#random */
function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

function held(directory: string, cause: unknown): ConfigError {
  const holder = readHolder(directory);
  const who = holder === undefined || holder === 'unreadable' ? 'another process' : `process ${describe(holder)}`;
  return locked(
    `[store] ${who} holds ${join(directory, HANDLE)}: stop it first (one hub per data directory), or give this hub another directory; --force-unlock does not help against a living process`,
    cause,
  );
}

function doubtful(directory: string, holder: Holder | 'unreadable'): ConfigError {
  const path = join(directory, HOLDER);
  const who = holder === 'unreadable' ? 'its holder cannot be read' : `process ${describe(holder)} may still hold it`;
  return locked(
    `[store] the lock ${path} was left behind and ${who}: make sure that no hub runs on this directory, on any machine, then start once with --force-unlock`,
  );
}

const describe = ({ pid, host, since }: Holder) => `${pid} on ${host} (since ${since})`;

const locked = (message: string, cause?: unknown) => new ConfigError(message, { code: 'store_locked', cause });
