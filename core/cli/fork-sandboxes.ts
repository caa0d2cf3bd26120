import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { type ProcessSettings, packageRoot } from '../config/process-env.ts';
import { ConfigError } from '../sdk/errors.ts';

export interface Sandboxes {
  /** Connector id → origin. */
  readonly origins: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

const START_MS = 30_000;

/**
 * Starts the simulated vendors of a workspace in a process of their own, so that they do not share the hub's event loop.
 * @throws ConfigError `sandbox_not_started`
 */
export async function forkSandboxes(workspace: string, settings: ProcessSettings, hubUrl: string): Promise<Sandboxes> {
  const child = fork(path.join(packageRoot, 'core', 'musubi.mjs'), ['--workspace', workspace, 'sandbox'], {
    env: { ...settings.env, MUSUBI_LANG: settings.language, MUSUBI_HUB_URL: hubUrl } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const origins = await new Promise<Sandboxes['origins']>((resolve, reject) => {
    const fail = (why: string) =>
      reject(new ConfigError(`[sandbox] ${why}: is one of their ports taken?`, { code: 'sandbox_not_started' }));
    const timer = setTimeout(() => fail(`the sandboxes did not start within ${START_MS / 1000} s`), START_MS);
    child.once('message', (message) => {
      clearTimeout(timer);
      resolve((message as { origins: Sandboxes['origins'] }).origins);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`the sandboxes ended with ${code}`);
    });
  }).catch(async (error) => {
    await endChild(child);
    throw error;
  });
  return { origins, close: () => endChild(child) };
}

function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
