import type { Queryable } from './database.ts';

/** What is where, for `musubi status`. */
export interface StoreCounts {
  readonly persons: number;
  /** State → rows. */
  readonly effects: Readonly<Record<string, number>>;
  readonly runs: Readonly<Record<string, number>>;
  /** Records to read again at their tools. */
  readonly dirtyRecords: number;
  /** Questions about who is who that wait for a person. */
  readonly openReviews: number;
}

export async function countStore(db: Queryable): Promise<StoreCounts> {
  const one = async (text: string): Promise<number> => (await db.query<{ n: number }>(text)).rows[0]?.n ?? 0;
  const byState = async (table: 'effects' | 'runs'): Promise<Record<string, number>> => {
    const { rows } = await db.query<{ state: string; n: number }>(
      `select state, count(*)::int as n from musubi.${table} group by state order by state`,
    );
    return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
  };
  return {
    persons: await one(
      'select count(*)::int as n from musubi.persons where deleted_at is null and merged_into is null',
    ),
    effects: await byState('effects'),
    runs: await byState('runs'),
    dirtyRecords: await one('select count(*)::int as n from musubi.dirty_records'),
    openReviews: await one(`select count(*)::int as n from musubi.identity_decisions where state = 'open'`),
  };
}
