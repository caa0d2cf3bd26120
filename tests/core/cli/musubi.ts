import { spawn } from 'node:child_process';
import path from 'node:path';
import { root } from '../../support/workspace.ts';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Runs `musubi` as a person at a terminal does and waits for its end. */
export function musubi(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { DATABASE_URL: _url, REDIS_URL: _redis, ...own } = process.env;
  const child = spawn(process.execPath, [path.join(root, 'core', 'musubi.mjs'), ...args], {
    cwd: root,
    env: { ...own, MUSUBI_LANG: 'en', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', error: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.error += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}
