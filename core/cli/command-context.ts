import type { ProcessSettings } from '../config/process-env.ts';
import type { Terminal } from './terminal.ts';

/** What every command is run with. A command returns its exit code: 0 all is well, 1 something is wrong. */
export interface CommandContext {
  readonly settings: ProcessSettings;
  /** `--workspace` */
  readonly folder: string | undefined;
  /** `--data`: where the embedded database lives; default `<workspace>/.musubi/data`. */
  readonly dataDir: string | undefined;
  readonly terminal: Terminal;
}
