import type { JsonObject } from '../../core/sdk/json.ts';
import type { EffectClass, History, InboxFact } from './checker.ts';
import { markOf, tagOf } from './marks.ts';
import type { Query } from './stores.ts';

/** The hub's side of the history, as it stands on disk. */
export type StoredHistory = Pick<History, 'inbox' | 'activityTags' | 'effects' | 'changes' | 'current'>;

interface EffectRow {
  readonly key: string;
  readonly class: EffectClass;
  readonly state: string;
  readonly code: string | null;
  readonly reason: string | null;
  readonly input: JsonObject;
}

const versionOf = (value: string | null) => Number(/^v(\d+)$/.exec(value ?? '')?.[1] ?? Number.NaN);

export async function readHistory(query: Query): Promise<StoredHistory> {
  const inbox = await query<InboxFact>(
    'select connection, dedup_key as key, state, reason from musubi.inbox order by seq',
  );
  const activities = await query<{ body: string | null }>(`select body from musubi.activities where direction = 'in'`);
  const effects = await query<EffectRow>(
    'select effect_key as key, class, state, code, reason, input from musubi.effects order by seq',
  );
  // Ids of changes are time-ordered: one process writes at a time.
  const changes = await query<{ record: string; after: string }>(
    `select p.member_number as record, c.after #>> '{}' as after from musubi.changes c join musubi.persons p on p.id = c.entity_id
     where c.field = 'jobTitle' and c.outcome = 'applied' order by c.id`,
  );
  const persons = await query<{ record: string; value: string | null }>(
    'select member_number as record, job_title as value from musubi.persons where member_number is not null',
  );
  return {
    inbox,
    activityTags: activities.flatMap(({ body }) => tagOf(body) ?? []),
    effects: effects.map(({ input, ...row }) => ({ ...row, mark: markOf(input) })),
    changes: changes.map(({ record, after }) => ({ record, version: versionOf(after) })),
    current: new Map(persons.map(({ record, value }) => [record, versionOf(value)])),
  };
}

/** Work the hub still has: rows, effects and waits. */
export async function openWork(query: Query): Promise<number> {
  const [row] = await query<{ open: number }>(
    `select ((select count(*) from musubi.inbox where state = 'pending') + (select count(*) from musubi.effects where state in ('planned', 'sending'))
       + (select count(*) from musubi.runs where state = 'waiting'))::int as open`,
  );
  return row?.open ?? 0;
}
