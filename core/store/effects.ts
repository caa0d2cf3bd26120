import type { EffectClass, MessageKind } from '../sdk/action.ts';
import type { JsonObject } from '../sdk/json.ts';
import type { Queryable, Tx } from './database.ts';

/** One planned outward call. Its key is derived from its cause, so planning it twice makes one. */
export interface NewEffect {
  readonly id: string;
  readonly effectKey: string;
  readonly retryKey: string;
  readonly connection: string;
  readonly action: string;
  readonly class: EffectClass;
  readonly kind: MessageKind;
  readonly target: string;
  readonly personId: string | null;
  readonly runId: string | null;
  readonly rule: string | null;
  readonly step: string | null;
  readonly cause: string;
  readonly input: JsonObject;
  readonly thread: string | null;
  readonly answeredEffect: string | null;
  readonly state: 'planned' | 'suppressed' | 'dead';
  readonly plannedAt: string;
  readonly dueAt: string;
  readonly code: string | null;
  readonly reason: string | null;
}

export type EffectState = 'planned' | 'sending' | 'confirmed' | 'replaced' | 'suppressed' | 'unknown' | 'dead';

export interface EffectRow {
  readonly id: string;
  readonly seq: number;
  readonly effectKey: string;
  readonly retryKey: string;
  readonly connection: string;
  readonly action: string;
  readonly class: EffectClass;
  readonly kind: MessageKind;
  readonly target: string;
  readonly personId: string | null;
  readonly runId: string | null;
  readonly rule: string | null;
  readonly step: string | null;
  readonly cause: string;
  readonly input: JsonObject;
  readonly thread: string | null;
  readonly answeredEffect: string | null;
  readonly state: EffectState;
  readonly plannedAtMs: number;
  readonly dueAtMs: number;
  readonly attempts: number;
  readonly fence: number;
  readonly isAfterUnknown: boolean;
  readonly result: JsonObject | null;
  readonly code: string | null;
  readonly reason: string | null;
}

const toEffect = (row: Record<string, unknown>): EffectRow => ({
  id: row.id as string,
  seq: Number(row.seq),
  effectKey: row.effect_key as string,
  retryKey: row.retry_key as string,
  connection: row.connection as string,
  action: row.action as string,
  class: row.class as EffectClass,
  kind: row.kind as MessageKind,
  target: row.target as string,
  personId: row.person_id as string | null,
  runId: row.run_id as string | null,
  rule: row.rule as string | null,
  step: row.step as string | null,
  cause: row.cause as string,
  input: row.input as JsonObject,
  thread: row.thread as string | null,
  answeredEffect: row.answered_effect as string | null,
  state: row.state as EffectState,
  plannedAtMs: (row.planned_at as Date).getTime(),
  dueAtMs: (row.due_at as Date).getTime(),
  attempts: row.attempts as number,
  fence: row.fence as number,
  isAfterUnknown: row.is_after_unknown as boolean,
  result: row.result as JsonObject | null,
  code: row.code as string | null,
  reason: row.reason as string | null,
});

/** Inserts effects whose key is new and returns the ids inserted; a key seen before plans nothing. */
export async function insertEffects(tx: Tx, effects: readonly NewEffect[]): Promise<Set<string>> {
  if (effects.length === 0) return new Set();
  const { rows } = await tx.query<{ effect_id: string }>(
    `with given as (
       select * from jsonb_to_recordset($1::jsonb) as x(id uuid, "effectKey" text, "retryKey" uuid, connection text, action text, class text, kind text,
         target text, "personId" uuid, "runId" uuid, rule text, step text, cause text, input jsonb, thread text, "answeredEffect" uuid, state text,
         "plannedAt" timestamptz, "dueAt" timestamptz, code text, reason text, ord int)
     ), fresh as (
       insert into musubi.effect_keys (effect_key, effect_id) select "effectKey", id from given on conflict do nothing returning effect_id
     ), rows as (
       insert into musubi.effects (id, effect_key, retry_key, connection, action, class, kind, target, person_id, run_id, rule, step, cause, input, thread,
         answered_effect, state, planned_at, due_at, code, reason)
       select g.id, g."effectKey", g."retryKey", g.connection, g.action, g.class, g.kind, g.target, g."personId", g."runId", g.rule, g.step, g.cause, g.input,
         g.thread, g."answeredEffect", g.state, g."plannedAt", g."dueAt", g.code, g.reason
       from given g join fresh f on f.effect_id = g.id order by g.ord
     )
     select effect_id from fresh`,
    [JSON.stringify(effects.map((effect, ord) => ({ ...effect, ord })))],
  );
  return new Set(rows.map((row) => row.effect_id));
}

const CLAIM_LOCK = 0x6d757362;

/**
 * Locks effects that may go out now: due by the workspace clock, or sending with a lapsed lease (database time); none
 * while another of its target is in flight or waits for its next try, none of a thread before the thread's earlier ones. Claims of all workers
 * take turns on one lock, which makes "none in flight" true until the commit.
 */
export async function lockDueEffects(
  tx: Tx,
  options: { nowMs: number; limit: number; without: readonly string[] },
): Promise<{ readonly due: EffectRow[]; readonly looked: number }> {
  await tx.query('select pg_advisory_xact_lock($1)', [CLAIM_LOCK]);
  const { rows } = await tx.query(
    `select * from musubi.effects e
     where ((e.state = 'planned' and e.due_at <= $1) or (e.state = 'sending' and e.lease_until < now()))
       and e.connection <> all(select jsonb_array_elements_text($3::jsonb))
       and not exists (select 1 from musubi.effects s where s.connection = e.connection and s.target = e.target and s.state = 'sending'
         and s.lease_until >= now() and s.id <> e.id)
       and not exists (select 1 from musubi.effects b where b.connection = e.connection and b.target = e.target and b.seq < e.seq
         and b.state = 'planned' and b.attempts > 0)
       and (e.thread is null or not exists (select 1 from musubi.effects t where t.connection = e.connection and t.thread = e.thread and t.seq < e.seq
         and t.state in ('planned', 'sending')))
     order by e.due_at, e.seq limit $2 for update of e skip locked`,
    [new Date(options.nowMs), options.limit, JSON.stringify(options.without)],
  );
  const targets = new Set<string>();
  const due = rows.map(toEffect).filter((effect) => {
    const target = `${effect.connection}\n${effect.target}`;
    return !targets.has(target) && targets.add(target);
  });
  return { due, looked: rows.length };
}

/** Step S7: from here on the effect may have gone out. A lapsed lease means its answer was lost. */
export async function markSending(tx: Tx, ids: readonly string[], leaseSeconds: number): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `update musubi.effects set is_after_unknown = is_after_unknown or state = 'sending', state = 'sending', attempts = attempts + 1,
       fence = fence + 1, lease_until = now() + make_interval(secs => $2)
     where id = any($1::uuid[])`,
    [ids as string[], leaseSeconds],
  );
}

/** Puts off or stops planned effects (the gate's second decision). */
export async function moveEffects(
  tx: Tx,
  moves: readonly {
    id: string;
    state: 'planned' | 'suppressed' | 'dead';
    dueAt: string;
    reason: string;
    code: string;
  }[],
): Promise<void> {
  if (moves.length === 0) return;
  await tx.query(
    `update musubi.effects e set state = x.state, due_at = x."dueAt", reason = x.reason, code = x.code
     from jsonb_to_recordset($1::jsonb) as x(id uuid, state text, "dueAt" timestamptz, reason text, code text) where e.id = x.id`,
    [JSON.stringify(moves)],
  );
}

export interface EffectResult {
  readonly id: string;
  readonly fence: number;
  readonly state: 'planned' | 'confirmed' | 'replaced' | 'unknown' | 'dead';
  readonly dueAt: string;
  readonly isAfterUnknown: boolean;
  readonly result: JsonObject | null;
  readonly code: string | null;
  readonly reason: string | null;
}

/** Step S10: writes results under their fence; returns the ids written. One missing: somebody else owns it, drop the result. */
export async function writeResults(tx: Tx, results: readonly EffectResult[], nowMs: number): Promise<Set<string>> {
  if (results.length === 0) return new Set();
  const { rows } = await tx.query<{ id: string }>(
    `update musubi.effects e set state = x.state, due_at = x."dueAt", is_after_unknown = x."isAfterUnknown", result = x.result, code = x.code,
       reason = x.reason, lease_until = null, confirmed_at = case when x.state = 'confirmed' then $2::timestamptz end
     from jsonb_to_recordset($1::jsonb) as x(id uuid, fence int, state text, "dueAt" timestamptz, "isAfterUnknown" boolean, result jsonb, code text, reason text)
     where e.id = x.id and e.fence = x.fence and e.state = 'sending' returning e.id`,
    [JSON.stringify(results), new Date(nowMs)],
  );
  return new Set(rows.map((row) => row.id));
}

/** On a store with exactly one process all leases are void at its start: what was sending has an unknown outcome. */
export async function voidLeases(db: Queryable): Promise<void> {
  await db.query(`update musubi.effects set lease_until = now() - interval '1 second' where state = 'sending'`);
}

/** The result of the first confirmed effect of each thread, and of effects that others answer. */
export async function loadReferences(
  db: Queryable,
  wanted: { threads: readonly { connection: string; thread: string }[]; answered: readonly string[] },
): Promise<{ threads: Map<string, JsonObject>; answered: Map<string, JsonObject> }> {
  const threads = new Map<string, JsonObject>();
  const answered = new Map<string, JsonObject>();
  if (wanted.threads.length > 0) {
    const { rows } = await db.query<{ connection: string; thread: string; result: JsonObject }>(
      `select distinct on (e.connection, e.thread) e.connection, e.thread, e.result
       from jsonb_to_recordset($1::jsonb) as x(connection text, thread text)
       join musubi.effects e on e.connection = x.connection and e.thread = x.thread and e.state = 'confirmed'
       order by e.connection, e.thread, e.seq`,
      [JSON.stringify(wanted.threads)],
    );
    for (const row of rows) threads.set(`${row.connection}\n${row.thread}`, row.result);
  }
  if (wanted.answered.length > 0) {
    const { rows } = await db.query<{ id: string; result: JsonObject | null }>(
      'select id, result from musubi.effects where id = any($1::uuid[])',
      [wanted.answered as string[]],
    );
    for (const row of rows) if (row.result) answered.set(row.id, row.result);
  }
  return { threads, answered };
}

export async function effectsById(db: Queryable, ids: readonly string[]): Promise<Map<string, EffectRow>> {
  if (ids.length === 0) return new Map();
  const { rows } = await db.query('select * from musubi.effects where id = any($1::uuid[])', [ids as string[]]);
  return new Map(rows.map((row) => [row.id as string, toEffect(row)]));
}

/** When the next planned effect falls due by the workspace clock; null when none waits. */
export async function nextDueMs(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ due: Date | null }>(
    `select min(due_at) as due from musubi.effects where state = 'planned'`,
  );
  return rows[0]?.due?.getTime() ?? null;
}
