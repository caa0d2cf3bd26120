import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { endProcess } from '../processes.ts';
import type { ClosedLoop, ClosedLoopResult } from './closed-loop.ts';
import type { LoadRequest } from './load-process.ts';
import type { OpenLoop, OpenLoopResult } from './open-loop.ts';

/** The load process as the bench sees it. One load at a time. */
export interface LoadClient {
  readonly pid: number;
  /** Where the LINE of the load process answers. */
  readonly lineUrl: string;
  readonly closedLoop: (load: ClosedLoop) => Promise<ClosedLoopResult>;
  readonly openLoop: (load: OpenLoop) => Promise<OpenLoopResult>;
  readonly close: () => Promise<void>;
}

export async function startLoad(): Promise<LoadClient> {
  const child = fork(path.join(import.meta.dirname, 'load-process.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // as JSON a figure that is not a number would arrive as 0
    serialization: 'advanced',
  });
  const { lineUrl } = await message<{ lineUrl: string }>(child);
  const ask = async <T>(request: LoadRequest): Promise<T> => {
    const answer = message<{ done: T } | { failed: string }>(child);
    child.send(request);
    const result = await answer;
    if ('failed' in result) throw new Error(`the load failed: ${result.failed}`);
    return result.done;
  };
  return {
    pid: child.pid as number,
    lineUrl,
    closedLoop: (closedLoop) => ask<ClosedLoopResult>({ closedLoop }),
    openLoop: (openLoop) => ask<OpenLoopResult>({ openLoop }),
    close: () => endProcess(child),
  };
}

/** The next message of a child. @throws Error when it ends first */
export async function message<T>(child: ChildProcess): Promise<T> {
  const ending = new AbortController();
  const ended = once(child, 'exit', { signal: ending.signal }).then(([code]) => {
    throw new Error(`a process of the bench ended with ${code}`);
  });
  try {
    const [given] = (await Promise.race([once(child, 'message'), ended])) as [T];
    return given;
  } finally {
    ending.abort();
    ended.catch(() => {});
  }
}
