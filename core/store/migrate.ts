import { Kysely, PostgresDialect, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Database } from './database.ts';
import { inboxAndOutbox } from './migrations/0001-inbox-and-outbox.ts';
import { entities } from './migrations/0002-entities.ts';
import { identityAndHistory } from './migrations/0003-identity-and-history.ts';
import { ensurePartitions } from './partitions.ts';

/** In order; a released one never changes. Expand/contract: each release runs with the schema one version ahead. */
const migrations: Readonly<Record<string, string>> = {
  '0001-inbox-and-outbox': inboxAndOutbox,
  '0002-entities': entities,
  '0003-identity-and-history': identityAndHistory,
};

/** Brings the workspace's schema to this release and makes the partitions of the coming months. */
export async function migrate(db: Database, nowMs: number): Promise<void> {
  const quoted = `"${db.schema.replaceAll('"', '""')}"`;
  const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: db.pool as never }) });
  const migrator = new Migrator({
    db: kysely,
    migrationTableSchema: db.schema,
    provider: {
      getMigrations: async () =>
        Object.fromEntries(
          Object.entries(migrations).map(([name, text]): [string, Migration] => [
            name,
            { up: async (tx) => void (await sql.raw(text.replaceAll('musubi.', `${quoted}.`)).execute(tx)) },
          ]),
        ),
    },
  });
  const { error } = await migrator.migrateToLatest();
  if (error) throw new Error('[store] the migration failed: nothing was changed, see the cause', { cause: error });
  await ensurePartitions(db, nowMs);
}
