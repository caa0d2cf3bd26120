import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { YAML_LIMITS } from './yaml-document.ts';

export interface ConfigFile {
  /** From the root it was found in, with `/`: `hubspot/contacts.yaml`. */
  readonly path: string;
  /** What problems name it by. */
  readonly file: string;
  readonly isShipped: boolean;
  readonly text: string;
  /** Short hash of the content. */
  readonly version: string;
}

/** The YAML files of `<workspace>/<kind>` and `<shipped>/<kind>`; a workspace file takes the place of a shipped one of the same path. */
export async function findFiles(
  kind: 'mappings' | 'rules',
  folder: string,
  shippedFolder: string,
): Promise<ConfigFile[]> {
  const own = await filesIn(path.join(folder, kind), (each) => path.posix.join(kind, each), false);
  const shipped = await filesIn(path.join(shippedFolder, kind), (each) => path.join(shippedFolder, kind, each), true);
  const taken = new Set(own.map((file) => file.path));
  return [...own, ...shipped.filter((file) => !taken.has(file.path))];
}

async function filesIn(root: string, nameOf: (each: string) => string, isShipped: boolean): Promise<ConfigFile[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(noFolder);
  const names = found
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
  return Promise.all(
    names.map(async (each) => {
      const text = await readText(path.join(root, each));
      return { path: each, file: nameOf(each), isShipped, text, version: versionOf(text) };
    }),
  );
}

/** At most a little more than the limit is read: enough for the reader to refuse it. */
export async function readText(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > YAML_LIMITS.bytes) return ' '.repeat(YAML_LIMITS.bytes + 1);
  return readFile(file, 'utf8');
}

export const versionOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

function noFolder(error: unknown): [] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw error;
}
