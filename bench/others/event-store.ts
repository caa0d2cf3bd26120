import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';

export interface EventRow {
  readonly id: string;
  readonly body: string;
}

/** The one table a hand-written webhook service needs, on either store. */
export interface EventStore {
  /** One INSERT of one row; a known id changes nothing. Resolves once it is durable; true when the row was new. */
  readonly insertOne: (row: EventRow) => Promise<boolean>;
  /** One INSERT of many rows. */
  readonly insertMany: (rows: readonly EventRow[]) => Promise<void>;
  readonly ids: () => Promise<string[]>;
  readonly close: () => Promise<void>;
}

export interface EventStorePlace {
  /** Absent: PGlite in `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly schema: string;
  readonly dataDir: string;
}

type Run = (statement: {
  name: string;
  text: string;
  values: unknown[];
}) => Promise<{ rows: Record<string, unknown>[] }>;

export async function openEventStore(place: EventStorePlace): Promise<EventStore> {
  const { run, close } =
    place.databaseUrl === undefined ? await openEmbedded(place.dataDir) : openPostgres(place.databaseUrl);
  const table = `"${place.schema}".events`;
  await run({ name: 'schema', text: `create schema if not exists "${place.schema}"`, values: [] });
  await run({
    name: 'table',
    text: `create table if not exists ${table} (id text primary key, received_at timestamptz not null default now(), body text not null)`,
    values: [],
  });
  return {
    async insertOne({ id, body }) {
      const text = `insert into ${table} (id, body) values ($1, $2) on conflict do nothing returning id`;
      return (await run({ name: 'one', text, values: [id, body] })).rows.length > 0;
    },
    async insertMany(rows) {
      const text = `insert into ${table} (id, body) select * from unnest($1::text[], $2::text[]) on conflict do nothing`;
      await run({ name: 'many', text, values: [rows.map((one) => one.id), rows.map((one) => one.body)] });
    },
    ids: async () =>
      (await run({ name: 'ids', text: `select id from ${table}`, values: [] })).rows.map((row) => row.id as string),
    close,
  };
}

function openPostgres(databaseUrl: string): { run: Run; close: () => Promise<void> } {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  return { run: (statement) => pool.query(statement), close: () => pool.end() };
}

async function openEmbedded(dataDir: string): Promise<{ run: Run; close: () => Promise<void> }> {
  const pglite = await PGlite.create(dataDir);
  return { run: ({ text, values }) => pglite.query(text, values), close: () => pglite.close() };
}
