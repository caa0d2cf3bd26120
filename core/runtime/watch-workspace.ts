import { existsSync, type FSWatcher, watch } from 'node:fs';
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
  const onEvent = (_event: string, name: string | null) => {
    if (name === null || !OURS.test(name)) return;
    if (timer) clearTimeout(timer);
    timer = setTimeout(() => void run(), SETTLE_MS);
  };
  // not the whole folder: the embedded database under it changes all the time
  const watchers = [folder, path.join(folder, 'mappings'), path.join(folder, 'rules')].flatMap(
    (part) => watchOne(part, part !== folder, onEvent) ?? [],
  );
  return () => {
    if (timer) clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

/** Undefined where the folder is missing or the file system tells nothing: the operator restarts to take changes over. */
function watchOne(
  folder: string,
  recursive: boolean,
  onEvent: (event: string, name: string | null) => void,
): FSWatcher | undefined {
  if (!existsSync(folder)) return undefined;
  try {
    return watch(folder, { recursive, persistent: false }, onEvent).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
