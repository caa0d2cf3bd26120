import path from 'node:path';

/** What the process is told by its environment; read here and nowhere else. */
export interface ProcessSettings {
  /** Everything, for `${NAME}` in musubi.yaml. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Schema of the workspace in PostgreSQL, default `musubi`. */
  readonly schema: string;
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  readonly language: 'ja' | 'en';
  readonly isCi: boolean;
}

const DEFAULT_PORT = 7070;

/** Reads MUSUBI_*, DATABASE_URL, REDIS_URL and the language of the terminal. */
export function readProcessSettings(env: Readonly<Record<string, string | undefined>> = process.env): ProcessSettings {
  const port = Number(env.MUSUBI_PORT ?? DEFAULT_PORT);
  return {
    env,
    databaseUrl: env.DATABASE_URL || undefined,
    redisUrl: env.REDIS_URL || undefined,
    schema: env.MUSUBI_SCHEMA || 'musubi',
    host: env.MUSUBI_HOST || '127.0.0.1',
    port: Number.isInteger(port) && port >= 0 && port < 65536 ? port : DEFAULT_PORT,
    logLevel: env.MUSUBI_LOG || 'info',
    language: languageOf(env.MUSUBI_LANG ?? env.LC_ALL ?? env.LC_MESSAGES ?? env.LANG ?? ''),
    isCi: env.CI === 'true',
  };
}

const languageOf = (value: string): 'ja' | 'en' => (value.toLowerCase().startsWith('ja') ? 'ja' : 'en');

/** The folder that holds connectors/, mappings/, rules/ and examples/. */
export const packageRoot = path.resolve(import.meta.dirname, '../..');
