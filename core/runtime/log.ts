import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Fields that may be logged. Anything else is left out: a list of what is allowed forgets nothing. */
const ALLOWED = new Set([
  'level',
  'time',
  'msg',
  'connection',
  'connector',
  'code',
  'kind',
  'reason',
  'status',
  'count',
  'rows',
  'ms',
  'port',
  'host',
  'url',
  'store',
  'schema',
  'effectId',
  'runId',
  'rule',
  'action',
  'attempt',
  'where',
  'version',
  'file',
  'pid',
  'state',
  'role',
  'workspace',
  'depth',
  'oldestSeconds',
  'signal',
]);

export interface LogOptions {
  readonly level: string;
  readonly destination?: { write: (line: string) => void };
}

/** The hub's log: JSON lines, fields from an allow-list, never a person's data above debug, never a secret. */
export function createLog({ level, destination }: LogOptions): Logger {
  const options = {
    level,
    base: null,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(fields).filter(([name]) => ALLOWED.has(name))),
    },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** What may be said of an error in the log: where it came from and its code, not its message (a vendor's text may name people). */
export function faultFields(error: unknown): { code: string; kind: string } {
  const { code, kind } = error as { code?: unknown; kind?: unknown };
  return {
    code: typeof code === 'string' ? code : error instanceof Error ? error.name : 'unknown',
    kind: typeof kind === 'string' ? kind : 'unexpected',
  };
}
