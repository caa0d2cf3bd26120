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

const allowed = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => ALLOWED.has(name)));

export interface LogOptions {
  readonly level: string;
  readonly destination?: { write: (line: string) => void };
}

/** The hub's log: JSON lines, fields from an allow-list, never a person's data above debug, never a secret. */
export function createLog({ level, destination }: LogOptions): Logger {
  const options = {
    level,
    base: null,
    hooks: {
      // an error given whole would bring its message, and a vendor's text may name people
      logMethod(this: unknown, given: unknown[], method: (...words: unknown[]) => void) {
        const [first, ...rest] = given;
        method.apply(
          this,
          first instanceof Error ? [faultFields(first), ...(rest.length > 0 ? rest : ['error'])] : given,
        );
      },
    },
    formatters: {
      level: (label: string) => ({ level: label }),
      log: allowed,
    },
  };
  return guarded(destination ? pino(options, destination) : pino(options));
}

/** pino formats what a line brings, but not what a child is made with. */
function guarded(log: Logger): Logger {
  const child = log.child.bind(log);
  log.child = ((bindings: Record<string, unknown>) =>
    guarded(child(allowed(bindings)) as Logger)) as unknown as Logger['child'];
  return log;
}

/** What may be said of an error in the log: where it came from and its code, not its message (a vendor's text may name people). */
export function faultFields(error: unknown): { code: string; kind: string } {
  const { code, kind } = (error ?? {}) as { code?: unknown; kind?: unknown };
  return {
    code: typeof code === 'string' ? code : error instanceof Error ? error.name : 'unknown',
    kind: typeof kind === 'string' ? kind : 'unexpected',
  };
}
