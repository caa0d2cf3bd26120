import type { JsonObject } from '../sdk/json.ts';
import type { Queryable, Tx } from './database.ts';

/** One execution of a rule. `position` is where it waits; `cause` the fact that started it. */
export interface RunRow {
  readonly id: string;
  readonly rule: string;
  readonly ruleVersion: string;
  readonly subjectType: 'person' | 'deal';
  readonly subjectId: string;
  readonly personId: string | null;
  readonly cause: string;
  readonly state: 'waiting' | 'done' | 'failed' | 'exited';
  /** Path of the wait it stopped at; null when it stopped nowhere. */
  readonly position: string | null;
  readonly resumeAtMs: number | null;
  readonly vars: JsonObject;
  readonly reason: string | null;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
}

const toRun = (row: Record<string, unknown>): RunRow => ({
  id: row.id as string,
  rule: row.rule as string,
  ruleVersion: row.rule_version as string,
  subjectType: row.subject_type as RunRow['subjectType'],
  subjectId: row.subject_id as string,
  personId: row.person_id as string | null,
  cause: row.cause as string,
  state: row.state as RunRow['state'],
  position: row.position as string | null,
  resumeAtMs: row.resume_at === null ? null : (row.resume_at as Date).getTime(),
  vars: row.vars as JsonObject,
  reason: row.reason as string | null,
  startedAtMs: (row.started_at as Date).getTime(),
  endedAtMs: row.ended_at === null ? null : (row.ended_at as Date).getTime(),
});

/** Writes runs, new or moved on. */
export async function saveRuns(tx: Tx, runs: readonly RunRow[]): Promise<void> {
  if (runs.length === 0) return;
  const rows = runs.map(({ resumeAtMs, startedAtMs, endedAtMs, ...rest }) => ({
    ...rest,
    resumeAt: resumeAtMs === null ? null : new Date(resumeAtMs),
    startedAt: new Date(startedAtMs),
    endedAt: endedAtMs === null ? null : new Date(endedAtMs),
  }));
  await tx.query(
    `insert into musubi.runs (id, rule, rule_version, subject_type, subject_id, person_id, cause, state, position, resume_at, vars, reason, started_at, ended_at)
     select id, rule, "ruleVersion", "subjectType", "subjectId", "personId", cause, state, position, "resumeAt", vars, reason, "startedAt", "endedAt"
     from jsonb_to_recordset($1::jsonb) as x(id uuid, rule text, "ruleVersion" text, "subjectType" text, "subjectId" uuid, "personId" uuid, cause text,
       state text, position text, "resumeAt" timestamptz, vars jsonb, reason text, "startedAt" timestamptz, "endedAt" timestamptz)
     on conflict (id) do update set state = excluded.state, position = excluded.position, resume_at = excluded.resume_at, vars = excluded.vars,
       reason = excluded.reason, ended_at = excluded.ended_at`,
    [JSON.stringify(rows)],
  );
}

/** Runs of these subjects that are not ended or started since a time (for `runs`, cooldown and "one at a time"). */
export async function runsOfSubjects(db: Queryable, subjectIds: readonly string[], sinceMs: number): Promise<RunRow[]> {
  if (subjectIds.length === 0) return [];
  const { rows } = await db.query(
    `select * from musubi.runs where subject_id = any($1::uuid[]) and (state = 'waiting' or started_at >= $2) order by started_at`,
    [subjectIds as string[], new Date(sinceMs)],
  );
  return rows.map(toRun);
}

/** Locks the runs whose wait is over by the workspace clock, oldest first. */
export async function lockDueRuns(tx: Tx, nowMs: number, limit: number): Promise<RunRow[]> {
  const { rows } = await tx.query(
    `select * from musubi.runs where state = 'waiting' and resume_at <= $1 order by resume_at, id limit $2 for update skip locked`,
    [new Date(nowMs), limit],
  );
  return rows.map(toRun);
}

export async function lockRuns(tx: Tx, ids: readonly string[]): Promise<Map<string, RunRow>> {
  if (ids.length === 0) return new Map();
  const { rows } = await tx.query('select * from musubi.runs where id = any($1::uuid[]) order by id for update', [
    ids as string[],
  ]);
  return new Map(rows.map((row) => [row.id as string, toRun(row)]));
}

export async function findRun(db: Queryable, id: string): Promise<RunRow | null> {
  const { rows } = await db.query('select * from musubi.runs where id = $1', [id]);
  return rows[0] ? toRun(rows[0]) : null;
}

/** When the next waiting run resumes by the workspace clock; null when none waits. */
export async function nextResumeMs(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ due: Date | null }>(
    `select min(resume_at) as due from musubi.runs where state = 'waiting'`,
  );
  return rows[0]?.due?.getTime() ?? null;
}

/** One decision of the gate: what was decided, at which stage, and the one reason. */
export interface DecisionRow {
  readonly id: string;
  readonly at: string;
  readonly stage: 'planned' | 'delivered';
  readonly outcome: 'allowed' | 'deferred' | 'suppressed';
  readonly reason: string;
  readonly effectId: string | null;
  readonly runId: string | null;
  readonly personId: string | null;
  readonly detail: JsonObject;
}

export async function appendGateDecisions(tx: Tx, decisions: readonly DecisionRow[]): Promise<void> {
  if (decisions.length === 0) return;
  await tx.query(
    `insert into musubi.decisions (id, at, stage, outcome, reason, effect_id, run_id, person_id, detail)
     select id, at, stage, outcome, reason, "effectId", "runId", "personId", detail
     from jsonb_to_recordset($1::jsonb) as x(id uuid, at timestamptz, stage text, outcome text, reason text, "effectId" uuid, "runId" uuid,
       "personId" uuid, detail jsonb)`,
    [JSON.stringify(decisions)],
  );
}
