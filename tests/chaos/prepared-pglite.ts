import { createHash } from 'node:crypto';
import {
  constants,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../core/store/open-store.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cache = path.join(root, 'node_modules', '.cache', 'musubi-chaos');

/** What the bytes of a new embedded database depend on. */
const SOURCES = [
  'node_modules/@electric-sql/pglite/package.json',
  'core/store/open-pglite.ts',
  'core/store/migrate.ts',
  'core/store/migrations/*.ts',
];

/** Puts an empty embedded database with our tables into a workspace: a copy, because making one takes seconds of CPU. */
export async function putPglite(workspaceFolder: string): Promise<void> {
  const prepared = path.join(cache, keyOf(SOURCES));
  if (!existsSync(prepared)) await prepare(prepared);
  const options = { recursive: true, mode: constants.COPYFILE_FICLONE } as const;
  cpSync(prepared, path.join(workspaceFolder, '.musubi', 'data', 'pgdata'), options);
}

/** Two test files may do it at once: the rename of the first one counts. */
async function prepare(place: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(path.join(cache, 'new-'));
  try {
    const store = await openStore({ databaseUrl: undefined, dataDir: folder, schema: 'musubi', onError: () => {} });
    await store.close();
    renameSync(path.join(folder, 'pgdata'), place);
  } catch (error) {
    if (!existsSync(place)) throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function keyOf(patterns: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of globSync(patterns, { cwd: root }).sort())
    hash.update(file).update(readFileSync(path.join(root, file)));
  return hash.digest('hex').slice(0, 16);
}
