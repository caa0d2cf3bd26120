import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const hook = new URL('./crash-hook.mjs', import.meta.url).href;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export type LogLine = Readonly<Record<string, unknown>>;

/** A real hub in a process of its own: `musubi start`. */
export interface HubProcess {
  readonly pid: number;
  /** Its URL once it listens; null when it ended before. */
  readonly ready: Promise<string | null>;
  readonly ended: Promise<Ended>;
  readonly hasEnded: () => boolean;
  /** What it logged so far. */
  readonly log: readonly LogLine[];
  /** What it wrote that is no log line. */
  readonly output: readonly string[];
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Ends it as a crash would. */
  readonly kill: () => Promise<void>;
}

export interface HubStart {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** `S8:3`: signal 9 at the third pass of step S8. */
  readonly crashAt?: string | undefined;
}

export function startHub({ folder, env, crashAt }: HubStart): HubProcess {
  const child = spawn(process.execPath, ['--import', hook, 'core/musubi.mjs', '--workspace', folder, 'start'], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      MUSUBI_PORT: '0',
      MUSUBI_LANG: 'en',
      ...env,
      ...(crashAt !== undefined && { MUSUBI_CRASH_AT: crashAt }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  const output: string[] = [];
  const { promise: ready, resolve } = Promise.withResolvers<string | null>();
  const take = (text: string) => {
    const line = logLine(text);
    if (!line) output.push(text);
    else log.push(line);
    if (line?.msg === 'ready') resolve(String(line.url));
  };
  createInterface({ input: child.stdout }).on('line', take);
  createInterface({ input: child.stderr }).on('line', take);
  let hasEnded = false;
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    hasEnded = true;
    resolve(null);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  return {
    pid: child.pid ?? 0,
    ready,
    ended,
    hasEnded: () => hasEnded,
    log,
    output,
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function logLine(text: string): LogLine | null {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null && 'msg' in line ? (line as LogLine) : null;
  } catch {
    return null;
  }
}
