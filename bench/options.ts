import { parseArgs } from 'node:util';

export const benches = ['intake', 'reply', 'idle'] as const;
export type Bench = (typeof benches)[number];
export type StoreKind = 'pglite' | 'postgres';
export type QueueKind = 'postgres' | 'redis';

export interface BenchOptions {
  readonly bench: Bench;
  readonly store: StoreKind;
  readonly queue: QueueKind;
  /** Keep-alive connections of the load, each with one request under way (intake). */
  readonly connections: number;
  /** Measured seconds of a round. */
  readonly seconds: number;
  /** Events a second (reply). */
  readonly rate: number;
  readonly rounds: number;
  /** A folder for V8 CPU profiles of the hub; absent: none is taken. */
  readonly profile: string | undefined;
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

const USAGE = `usage: npm run bench -- intake|reply|idle [--store pglite|postgres] [--queue postgres|redis] [--connections 50]
       [--seconds 8] [--rate 50] [--rounds 3] [--profile FOLDER]
environment: MUSUBI_BENCH_DATABASE_URL (default postgres://root@127.0.0.1:5432/test), MUSUBI_BENCH_REDIS_URL (default redis://127.0.0.1:6379)`;

/** What is asked for on the command line, with every number inside bounds. @throws Error with the usage. */
export function parseOptions(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      store: { type: 'string', default: 'postgres' },
      queue: { type: 'string', default: 'postgres' },
      connections: { type: 'string', default: '50' },
      seconds: { type: 'string', default: '8' },
      rate: { type: 'string', default: '50' },
      rounds: { type: 'string', default: '3' },
      profile: { type: 'string' },
    },
  });
  return {
    bench: oneOf(benches, 'the bench', positionals[0] ?? ''),
    store: oneOf(['pglite', 'postgres'] as const, '--store', values.store),
    queue: oneOf(['postgres', 'redis'] as const, '--queue', values.queue),
    connections: within('--connections', values.connections, 1, 500),
    seconds: within('--seconds', values.seconds, 1, 120),
    rate: within('--rate', values.rate, 1, 5000),
    rounds: within('--rounds', values.rounds, 1, 9),
    profile: values.profile,
    databaseUrl: onLoopback(env.MUSUBI_BENCH_DATABASE_URL || 'postgres://root@127.0.0.1:5432/test'),
    redisUrl: onLoopback(env.MUSUBI_BENCH_REDIS_URL || 'redis://127.0.0.1:6379'),
  };
}

function oneOf<T extends string>(allowed: readonly T[], what: string, given: string): T {
  const found = allowed.find((one) => one === given);
  if (found === undefined) throw new Error(`${what} is "${given}", not one of ${allowed.join(', ')}\n${USAGE}`);
  return found;
}

function within(what: string, given: string, least: number, most: number): number {
  const value = Number(given);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`${what} is "${given}", not a whole number from ${least} to ${most}\n${USAGE}`);
}

/** The bench writes and drops schemas and loads what it talks to: never anything but this machine. */
function onLoopback(url: string): string {
  if (/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(new URL(url).hostname)) return url;
  throw new Error(`${new URL(url).hostname} is not this machine: the bench only runs against 127.0.0.1`);
}
