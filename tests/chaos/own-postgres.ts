import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onServer } from './stores.ts';

/** A PostgreSQL cluster of the test's own, which it may stop and break. */
export interface OwnPostgres {
  readonly url: string;
  /** SIGINT: fast; SIGQUIT: immediate; SIGKILL: a crash of the postmaster. Then starts it again and waits until it answers. */
  readonly restart: (signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL', downMs: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

const START_LIMIT_MS = 30_000;

/** Why there can be none here; undefined when there can. */
export function whyNoCluster(): string | undefined {
  return binaries() === undefined ? 'no initdb was found: install the PostgreSQL server' : undefined;
}

/** Makes a cluster with initdb and starts it; as root under another user, for the server refuses root. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  const bin = binaries();
  if (bin === undefined) throw new Error(whyNoCluster());
  const folder = mkdtempSync(path.join(tmpdir(), 'musubi-postgres-'));
  const owner = ownerOfServer();
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const data = path.join(folder, 'data');
  execFileSync(
    path.join(bin, 'initdb'),
    ['-D', data, '-A', 'trust', '-U', 'chaos', '--no-sync', '--encoding=UTF8', '--locale=C'],
    {
      ...owner,
      cwd: folder,
      stdio: 'pipe',
    },
  );
  const port = await freePort();
  const url = `postgres://chaos@127.0.0.1:${port}/postgres`;
  const args = [
    '-D',
    data,
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'unix_socket_directories=',
    '-c',
    'max_connections=60',
  ];
  let server: ChildProcess | undefined;
  const start = async () => {
    // The first start after a crash may meet a stale postmaster.pid, or a backend that is still going.
    for (const began = performance.now(); performance.now() - began < START_LIMIT_MS; await sleep(100)) {
      if (server === undefined || server.exitCode !== null || server.signalCode !== null) {
        server = spawn(path.join(bin, 'postgres'), args, { ...owner, cwd: folder, stdio: 'ignore' });
      }
      if (await answers(url)) return;
    }
    throw new Error('PostgreSQL did not start');
  };
  const stop = async (signal: NodeJS.Signals) => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill(signal);
    await ended;
  };
  await start();
  return {
    url,
    async restart(signal, downMs) {
      await stop(signal);
      await sleep(downMs);
      await start();
    },
    async close() {
      await stop('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const answers = (url: string) =>
  onServer(url, (query) => query('select 1')).then(
    () => true,
    () => false,
  );

function binaries(): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => path.join(root, version, 'bin')),
    ...(process.env.PATH ?? '').split(path.delimiter),
  ];
  return folders.find((folder) => existsSync(path.join(folder, 'initdb')) && existsSync(path.join(folder, 'postgres')));
}

/** Undefined when we are no root ourselves. */
function ownerOfServer(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
