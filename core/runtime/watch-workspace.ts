import { existsSync, type FSWatcher, readdirSync, watch } from 'node:fs';
import path from 'node:path';

const SETTLE_MS = 150;
const OURS = /(^|[\\/])(musubi\.yaml|[^\\/]+\.ya?ml)$/;

/**
 * Calls `onChange` once the workspace's YAML files have been still for a moment: an editor writes a file in several steps.
 * Changes that come while it runs are taken up after it. Returns what ends the watch.
 */
export function watchWorkspace(folder: string, onChange: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout | null = null;
  let isRunning = false;
  let isAgain = false;
  const run = async () => {
    if (isRunning) {
      isAgain = true;
      return;
    }
    isRunning = true;
    do {
      isAgain = false;
      await onChange();
    } while (isAgain);
    isRunning = false;
  };
  const changed = () => {
    if (timer) clearTimeout(timer);
    timer = setTimeout(() => void run(), SETTLE_MS);
  };
  const watchers = new Map<string, FSWatcher>();
  const look = (): boolean => {
    const folders = [
      folder,
      ...foldersUnder(path.join(folder, 'mappings')),
      ...foldersUnder(path.join(folder, 'rules')),
    ];
    for (const [known, watcher] of watchers) {
      if (folders.includes(known)) continue;
      watcher.close();
      watchers.delete(known);
    }
    const fresh = folders.filter((one) => !watchers.has(one));
    for (const one of fresh) {
      const watcher = watchOne(one, onEvent);
      if (watcher) watchers.set(one, watcher);
    }
    return fresh.length > 0;
  };
  const onEvent = (name: string | null) => {
    // what is no YAML file may be a folder that came or went
    const isOurs = name !== null && OURS.test(name);
    if (isOurs || (name !== '.musubi' && look())) changed();
  };
  look();
  return () => {
    if (timer) clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
}

/** A folder and all under it; none when it is missing. */
function foldersUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const inside = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isDirectory());
  return [folder, ...inside.map((entry) => path.join(entry.parentPath, entry.name))];
}

/**
 * One watcher a folder: a recursive one loses files that are replaced by renaming, as many editors save. Undefined where the
 * file system tells nothing: the operator restarts to take changes over.
 */
function watchOne(folder: string, onEvent: (name: string | null) => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, (_event, name) => onEvent(name)).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
