import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { cpuMs } from './processes.ts';

const root = path.resolve(import.meta.dirname, '..');

/** Where a bench keeps what it makes: a folder for embedded databases, schemas of its own in PostgreSQL. */
export interface Place {
  readonly folder: string;
  /** A schema no other run uses; all of a run's are dropped at its end. */
  readonly schema: (side: string) => string;
  readonly remove: () => Promise<void>;
}

export async function makePlace(databaseUrl: string | undefined): Promise<Place> {
  const folder = await mkdtemp(path.join(tmpdir(), 'musubi-bench-'));
  const schemas = new Set<string>();
  return {
    folder,
    schema(side) {
      const schema = `bench_${path.basename(folder).slice(-6).toLowerCase()}_${side.replaceAll('-', '_')}`;
      schemas.add(schema);
      return schema;
    },
    async remove() {
      if (databaseUrl !== undefined) await dropSchemas(databaseUrl, [...schemas]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function dropSchemas(databaseUrl: string, schemas: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  for (const schema of schemas) await client.query(`drop schema if exists ${pg.escapeIdentifier(schema)} cascade`);
  await client.end();
}

/** The bench's workspace as an operator would have it: musubi.yaml and the quickstart's auto-reply rule. */
export async function makeWorkspace(place: Place): Promise<string> {
  const folder = path.join(place.folder, 'workspace');
  await mkdir(path.join(folder, 'rules'), { recursive: true });
  await cp(path.join(import.meta.dirname, 'workspace', 'musubi.yaml'), path.join(folder, 'musubi.yaml'));
  const rule = 'line-auto-reply.yaml';
  await cp(path.join(root, 'examples', 'quickstart', 'rules', rule), path.join(folder, 'rules', rule));
  return folder;
}

/** The URL of a side's connections: its name on them tells its server processes from the others'. */
export function namedUrl(databaseUrl: string, name: string): string {
  const url = new URL(databaseUrl);
  url.searchParams.set('application_name', name);
  return url.href;
}

/** Reads the CPU time of a side's server processes, as far as the server runs on this machine. */
export interface BackendMeter {
  readonly cpuMs: (name: string) => Promise<ReadonlyMap<number, number>>;
  readonly close: () => Promise<void>;
}

export async function openBackendMeter(databaseUrl: string): Promise<BackendMeter> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  return {
    async cpuMs(name) {
      const { rows } = await client.query<{ pid: number }>(
        'select pid from pg_stat_activity where application_name = $1',
        [name],
      );
      return new Map(rows.map(({ pid }) => [pid, cpuMs(pid)]));
    },
    close: () => client.end(),
  };
}

/** What server processes used between two readings; one that was not there at the first reading began at zero. */
export const backendCpuMs = (before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number =>
  [...after].reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0);
