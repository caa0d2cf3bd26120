import { type FSWatcher, watch } from 'node:fs';

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
  let watcher: FSWatcher | null = null;
  try {
    watcher = watch(folder, { recursive: true, persistent: false }, (_event, name) => {
      if (name === null || !OURS.test(name) || name.startsWith('.musubi')) return;
      if (timer) clearTimeout(timer);
      timer = setTimeout(() => void run(), SETTLE_MS);
    });
    watcher.on('error', () => {});
  } catch {
    // a file system without notifications: the operator restarts to take changes over
  }
  return () => {
    if (timer) clearTimeout(timer);
    watcher?.close();
  };
}
