import type { Database, Tx } from './database.ts';

/** Tables partitioned by the month a row came in (database time): old months are dropped whole, never deleted from. */
const BY_MONTH = ['deliveries', 'inbox', 'decisions', 'effects', 'changes'] as const;
const timeColumns = {
  deliveries: 'received_at',
  inbox: 'received_at',
  decisions: 'recorded_at',
  effects: 'created_at',
  changes: 'recorded_at',
} as const;
/** Activities are partitioned by the year they happened in; what lies outside goes to the default partition. */
const ACTIVITY_YEARS_BACK = 5;
const ACTIVITY_YEARS_AHEAD = 2;
const MONTHS_AHEAD = 2;

const PARTITION_LOCK = 0x6d757061;

interface Range {
  readonly table: string;
  readonly column: string;
  readonly suffix: string;
  readonly from: Date;
  readonly to: Date;
}

/**
 * Makes the partitions from this month to two months ahead, and a default one that takes whatever no other takes. A range
 * the default one already holds rows of (a date far ahead) stays there. Idempotent; several hubs starting at once take
 * turns. Run at start and hourly, with weeks of slack, so a missed run costs nothing.
 */
export async function ensurePartitions(db: Database, nowMs: number): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(${PARTITION_LOCK}, hashtext('musubi.'))`);
    const { rows } = await tx.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relispartition and c.relkind = 'r'`,
      [db.schema],
    );
    const known = new Set(rows.map((row) => row.name));
    for (const table of [...BY_MONTH, 'activities']) if (!known.has(`${table}_rest`)) await tx.query(rest(table));
    for (const range of ranges(nowMs)) {
      if (!known.has(`${range.table}_${range.suffix}`) && !(await isInRest(tx, range)))
        await tx.query(partition(range));
    }
  });
}

function ranges(nowMs: number): Range[] {
  const start = new Date(nowMs);
  const [year, month] = [start.getUTCFullYear(), start.getUTCMonth()];
  const months = BY_MONTH.flatMap((table) =>
    Array.from({ length: MONTHS_AHEAD + 1 }, (_, ahead): Range => {
      const from = new Date(Date.UTC(year, month + ahead, 1));
      const suffix = from.toISOString().slice(0, 7).replace('-', '_');
      return { table, column: timeColumns[table], suffix, from, to: new Date(Date.UTC(year, month + ahead + 1, 1)) };
    }),
  );
  const years = Array.from({ length: ACTIVITY_YEARS_BACK + ACTIVITY_YEARS_AHEAD + 1 }, (_, at): Range => {
    const own = year - ACTIVITY_YEARS_BACK + at;
    const [from, to] = [new Date(Date.UTC(own, 0, 1)), new Date(Date.UTC(own + 1, 0, 1))];
    return { table: 'activities', column: 'occurred_at', suffix: String(own), from, to };
  });
  return [...months, ...years];
}

async function isInRest(tx: Tx, { table, column, from, to }: Range): Promise<boolean> {
  const { rows } = await tx.query<{ found: boolean }>(
    `select exists (select 1 from musubi.${table}_rest where ${column} >= $1 and ${column} < $2) as found`,
    [from, to],
  );
  return rows[0]?.found === true;
}

const partition = ({ table, suffix, from, to }: Range) =>
  `create table musubi.${table}_${suffix} partition of musubi.${table} for values from ('${from.toISOString()}') to ('${to.toISOString()}')`;

const rest = (table: string) => `create table musubi.${table}_rest partition of musubi.${table} default`;
