import type { Queryable, Tx } from './database.ts';

/** An event we could not apply, or an effect that did not go out; kept with its reason until somebody decides. */
export interface DeadLetter {
  readonly kind: 'event' | 'effect';
  readonly id: string;
  readonly connection: string;
  /** The action of an effect, the vendor's own id of an event. */
  readonly what: string;
  /** `unknown`: it may have gone out, its answer was lost. */
  readonly state: 'dead' | 'unknown';
  readonly code: string;
  readonly reason: string | null;
  readonly class: 'A' | 'B' | 'C' | 'D' | null;
  /** False for an effect that never had a full input (a missing value): there is nothing to send again. */
  readonly isWhole: boolean;
  readonly attempts: number;
  readonly personId: string | null;
  readonly atMs: number;
}

export interface DeadLetterFilter {
  readonly code?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly limit: number;
}

/** An event's reason begins with its code, e.g. `connection_gone: …`; one that the database refused has none. */
const EVENT_CODE = `coalesce(substring(reason from '^(?:parse: )?([a-z][a-z0-9_]*):'), 'not_applied')`;

const LETTERS = `
  select 'effect' as kind, id, connection, action as what, state, coalesce(code, 'none') as code, reason, class, target <> id::text as is_whole, attempts,
    person_id, planned_at as at
  from musubi.effects where state in ('dead', 'unknown')
  union all
  select 'event', id, connection, external_id, state, ${EVENT_CODE}, reason, null, true, attempts, null, received_at
  from musubi.inbox where state = 'dead'`;

/** Dead letters, newest first. */
export async function deadLetters(db: Queryable, { code, ids, limit }: DeadLetterFilter): Promise<DeadLetter[]> {
  const { rows } = await db.query(
    `select * from (${LETTERS}) as letters where ($1::text is null or code = $1) and ($2::text is null or id = any(string_to_array($2, ',')::uuid[]))
     order by at desc, id desc limit $3`,
    [code ?? null, ids?.join(',') ?? null, limit],
  );
  return rows.map((row) => ({
    kind: row.kind as DeadLetter['kind'],
    id: row.id as string,
    connection: row.connection as string,
    what: row.what as string,
    state: row.state as DeadLetter['state'],
    code: row.code as string,
    reason: row.reason as string | null,
    class: row.class as DeadLetter['class'],
    isWhole: row.is_whole as boolean,
    attempts: row.attempts as number,
    personId: row.person_id as string | null,
    atMs: (row.at as Date).getTime(),
  }));
}

/** How many dead letters there are by code. */
export async function countDeadLetters(db: Queryable): Promise<{ code: string; count: number }[]> {
  const { rows } = await db.query<{ code: string; n: number }>(
    `select code, count(*)::int as n from (${LETTERS}) as letters group by code order by n desc, code`,
  );
  return rows.map(({ code, n }) => ({ code, count: n }));
}

/**
 * Gives letters another life: events are applied again, effects are planned anew at `nowMs` of the workspace clock. An effect whose
 * answer was lost keeps that mark and the time of its planning, because the rule of its class judges a second answer by both; its
 * patience is over, so it gets one attempt. Returns the ids that were still dead.
 */
export async function reviveLetters(tx: Tx, letters: readonly DeadLetter[], nowMs: number): Promise<Set<string>> {
  const idsOf = (kind: DeadLetter['kind']) => letters.filter((one) => one.kind === kind).map(({ id }) => id);
  const events = await tx.query<{ id: string }>(
    `update musubi.inbox set state = 'pending', attempts = 0, next_at = null, reason = null, processed_at = null
     where id = any($1::uuid[]) and state = 'dead' returning id`,
    [idsOf('event')],
  );
  const effects = await tx.query<{ id: string }>(
    `update musubi.effects set is_after_unknown = is_after_unknown or state = 'unknown', state = 'planned', attempts = 0, due_at = $2,
       planned_at = case when is_after_unknown or state = 'unknown' then planned_at else $2 end, lease_until = null, code = null, reason = null
     where id = any($1::uuid[]) and state in ('dead', 'unknown') returning id`,
    [idsOf('effect'), new Date(nowMs)],
  );
  return new Set([...events.rows, ...effects.rows].map(({ id }) => id));
}
