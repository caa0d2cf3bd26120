import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Kernel ticks of /proc/PID/stat: 100 a second on every Linux that Node runs on (proc_pid_stat(5)). */
const TICK_MS = 10;

/** CPU time all threads of a process have used so far; NaN where there is no /proc. */
export function cpuMs(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  // the command's name, in parentheses, may hold blanks; utime and stime are the 12th and 13th field after it
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** CPU time the whole machine has used so far, all cores, waiting for disks not counted; NaN where there is no /proc. */
export function machineCpuMs(): number {
  // user nice system idle iowait irq softirq steal (proc_stat(5))
  const [user, nice, system, , , irq, softirq, steal] =
    read('/proc/stat').split('\n')[0]?.split(/\s+/).slice(1).map(Number) ?? [];
  return (
    [user, nice, system, irq, softirq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? Number.NaN), 0) * TICK_MS
  );
}

/** Resident memory now, and the most it ever was; NaN where there is no /proc. */
export function memoryMb(pid: number): { readonly now: number; readonly peak: number } {
  const status = read(`/proc/${pid}/status`);
  const mb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { now: mb('VmRSS'), peak: mb('VmHWM') };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Ends a process that we started, by its id: SIGTERM, and SIGKILL when it has not gone after 12 s. */
export function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 12_000);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
