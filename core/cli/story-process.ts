import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { packageRoot } from '../config/process-env.ts';
import type { DemoMessage } from './demo.ts';

/** A `musubi` command in a process of its own, as a person at a terminal would run it. */
export interface StoryProcess {
  /** What it printed so far, both outputs together. */
  readonly output: () => string;
  /** Resolves with its message; null when it ends before. */
  readonly message: <S extends DemoMessage['state']>(state: S) => Promise<Extract<DemoMessage, { state: S }> | null>;
  /** Its exit code and how long it lived; a signal counts as null. */
  readonly ended: Promise<{ readonly code: number | null; readonly afterMs: number }>;
  readonly hasEnded: () => boolean;
  /** Ctrl-C: the terminal sends SIGINT to the whole process group. */
  readonly pressCtrlC: () => void;
  /** Ends it at once, if it has not ended; resolves when it has. */
  readonly kill: () => Promise<void>;
}

export interface StoryProcessOptions {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Node's own options, e.g. a module loaded first. */
  readonly nodeArgs?: readonly string[];
}

export function startProcess({ args, env, nodeArgs = [] }: StoryProcessOptions): StoryProcess {
  const began = performance.now();
  const child = fork(path.join(packageRoot, 'core', 'musubi.mjs'), args as string[], {
    env: env as NodeJS.ProcessEnv,
    execArgv: nodeArgs as string[],
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let printed = '';
  const take = (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const messages: DemoMessage[] = [];
  child.on('message', (message) => messages.push(message as DemoMessage));
  let isEnded = false;
  const killNow = () => {
    if (!isEnded) signal(child, 'SIGKILL');
  };
  process.on('exit', killNow);
  const ended = new Promise<{ code: number | null; afterMs: number }>((resolve) => {
    // `close` comes after the last output
    child.once('close', (code) => {
      isEnded = true;
      process.off('exit', killNow);
      resolve({ code, afterMs: performance.now() - began });
    });
  });
  return {
    output: () => printed,
    message: (state) => nextMessage(child, messages, state, ended),
    ended,
    hasEnded: () => isEnded,
    pressCtrlC: () => signal(child, 'SIGINT'),
    async kill() {
      killNow();
      await ended;
    },
  };
}

/** Why a process ended, as it said itself: its last error line, else its last line. */
export function lastWord(child: StoryProcess): string {
  const lines = child.output().trim().split('\n');
  return lines.findLast((one) => one.startsWith('[')) ?? lines.at(-1) ?? '';
}

async function nextMessage<S extends DemoMessage['state']>(
  child: ChildProcess,
  earlier: readonly DemoMessage[],
  state: S,
  ended: Promise<unknown>,
): Promise<Extract<DemoMessage, { state: S }> | null> {
  const fits = (message: DemoMessage): message is Extract<DemoMessage, { state: S }> => message.state === state;
  const found = earlier.find(fits);
  if (found) return found;
  return new Promise((resolve) => {
    const listen = (message: unknown) => {
      if (!fits(message as DemoMessage)) return;
      child.off('message', listen);
      resolve(message as Extract<DemoMessage, { state: S }>);
    };
    child.on('message', listen);
    void ended.then(() => resolve(null));
  });
}

function signal(child: ChildProcess, name: 'SIGINT' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(name);
    else process.kill(-child.pid, name);
  } catch (error) {
    // the group has ended already
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
