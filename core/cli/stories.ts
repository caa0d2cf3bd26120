import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../config/process-env.ts';
import { listAllowed, suggest } from '../config/suggest.ts';
import { ConfigError } from '../sdk/errors.ts';
import type { CommandContext } from './command-context.ts';
import { dayOne } from './day-one.ts';
import { environmentOfFreePorts } from './free-ports.ts';
import { lastWord, startProcess } from './story-process.ts';

/** What a story is run with. */
export interface StoryRun extends Pick<CommandContext, 'settings' | 'terminal'> {
  /** An empty folder of its own for the store. */
  readonly dataDir: string;
}

/** Plays a story; returns what was missing, empty when all holds. */
export type StoryCheck = (run: StoryRun) => Promise<readonly string[]>;

const BUILT_IN: Readonly<Record<string, StoryCheck>> = { A19: dayOne };

/**
 * `musubi stories [ids…]`: acceptance stories, one line each. Without ids all of them. Each has a store and ports of its own.
 * @throws ConfigError `story_unknown`
 */
export async function stories({ settings, terminal }: CommandContext, ids: readonly string[]): Promise<number> {
  const known = knownStories(path.join(packageRoot, 'examples', 'stories'));
  const wanted = ids.length === 0 ? [...known.keys()] : [...new Set(ids.map((id) => storyId(id, known)))];
  // the stories' processes are groups of their own: they end with this one
  process.once('SIGINT', () => process.exit(1));
  let isFailed = false;
  for (const id of wanted) {
    const began = performance.now();
    const missing = await withFolder((dataDir) => (known.get(id) as StoryCheck)({ settings, terminal, dataDir }));
    const seconds = `${((performance.now() - began) / 1000).toFixed(1)}s`;
    if (missing.length > 0) isFailed = true;
    terminal.print(missing.length === 0 ? `${id}  ok  ${seconds}` : `${id}  FAILED  ${missing.join('; ')}  ${seconds}`);
  }
  return isFailed ? 1 : 0;
}

/** The built-in stories and the folders `examples/stories/<id>/` with a story.ts, in the order of their numbers. */
export function knownStories(folder: string): ReadonlyMap<string, StoryCheck> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = names
    .filter((name) => existsSync(path.join(folder, name, 'story.ts')))
    .map((name): [string, StoryCheck] => [normalId(name), (run) => playFolder(path.join(folder, name), run)]);
  const all: [string, StoryCheck][] = [...Object.entries(BUILT_IN), ...found];
  return new Map(all.sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })));
}

/** `a02` and `A2` name one story. */
const normalId = (written: string): string => written.toUpperCase().replace(/^([A-Z]+)0+(?=\d)/, '$1');

function storyId(written: string, known: ReadonlyMap<string, StoryCheck>): string {
  const id = normalId(written);
  if (known.has(id)) return id;
  const ids = [...known.keys()];
  const hint = suggest(id, ids);
  throw new ConfigError(`[stories] no story "${written}"; known: ${listAllowed(ids)}${hint ? ` (${hint})` : ''}`, {
    code: 'story_unknown',
  });
}

/** A folder story is a workspace whose demo must see everything. */
async function playFolder(folder: string, { settings, dataDir }: StoryRun): Promise<readonly string[]> {
  const ports = await environmentOfFreePorts(folder, settings.port);
  const child = startProcess({
    args: ['--workspace', folder, '--data', dataDir, '--lang', settings.language, 'demo', '--once'],
    env: { ...settings.env, DATABASE_URL: '', REDIS_URL: '', ...ports },
  });
  try {
    const played = await child.message('played');
    const { code } = await child.ended;
    if (code === 0) return [];
    const missing = played?.missing ?? [];
    return missing.length > 0 ? missing : [lastWord(child) || `the demo ended with ${code}`];
  } finally {
    await child.kill();
  }
}

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'musubi-story-'));
  try {
    return await work(path.join(folder, 'data'));
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
