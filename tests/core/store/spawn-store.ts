import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process of its own that opens the data directory and says what happens to it, line by line. */
export interface StoreProcess {
  readonly child: ChildProcess;
  readonly lines: string[];
  /** Resolves with the first line that starts so; rejects when the process ends before. */
  readonly line: (start: string) => Promise<string>;
  /** Its exit code, once it has ended. */
  readonly exitCode: Promise<number | null>;
  /** Ends it as a crash would and waits for its end. */
  readonly kill: () => Promise<void>;
}

/** `write` acknowledges rows without end, `open` opens and stays. */
export function spawnStore(mode: 'write' | 'open', dataDir: string): StoreProcess {
  const script = fileURLToPath(new URL('./store-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, mode, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const closed = once(reader, 'close');
  const waiting = new Set<(line: string | undefined) => void>();
  reader.on('line', (line) => {
    lines.push(line);
    for (const told of [...waiting]) told(line);
  });
  reader.on('close', () => {
    for (const told of [...waiting]) told(undefined);
  });
  const line = (start: string) =>
    new Promise<string>((resolve, reject) => {
      const told = (text: string | undefined) => {
        if (text !== undefined && !text.startsWith(start)) return;
        waiting.delete(told);
        if (text === undefined) reject(new Error(`the process ended: ${lines.join(' | ')}`));
        else resolve(text);
      };
      waiting.add(told);
      const said = lines.find((text) => text.startsWith(start));
      if (said !== undefined) told(said);
    });
  const kill = async () => {
    child.kill('SIGKILL');
    await Promise.all([exited, closed]);
  };
  return { child, lines, line, exitCode: exited.then(([code]) => code as number | null), kill };
}
