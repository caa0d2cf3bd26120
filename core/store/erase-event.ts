import type { ActivityRow } from './activities.ts';
import type { Tx } from './database.ts';

/** An event whose sender took it back. */
export interface ErasedEvent {
  readonly connection: string;
  readonly sourceEventId: string;
}

/**
 * Erases what an event said everywhere we keep it: the activity, its inbox row and delivery, the runs that remember it and
 * the finished effects that quote it. Its id is kept, so that a copy that comes later is erased as well.
 */
export async function eraseEvents(tx: Tx, events: readonly ErasedEvent[]): Promise<void> {
  if (events.length === 0) return;
  const given = JSON.stringify(events);
  await tx.query(
    `insert into musubi.erased_events (connection, source_event_id)
     select distinct connection, "sourceEventId" from jsonb_to_recordset($1::jsonb) as x(connection text, "sourceEventId" text)
     on conflict do nothing`,
    [given],
  );
  const { rows } = await tx.query<ErasedRow>(
    `select a.id, a.connection, a.source_event_id, a.person_id, a.inbox_id, a.body from musubi.activities a
     join jsonb_to_recordset($1::jsonb) as x(connection text, "sourceEventId" text) on a.connection = x.connection and a.source_event_id = x."sourceEventId"`,
    [given],
  );
  for (const { id, connection, source_event_id, person_id, inbox_id, body } of rows) {
    await eraseOrigin(tx, inbox_id);
    if (person_id !== null)
      await eraseMemories(tx, { personId: person_id, activityId: id, body, cause: `${connection}:${source_event_id}` });
    await tx.query(
      `update musubi.activities set body = null, subject = null, metadata = '{"erased":true}' where id = $1`,
      [id],
    );
  }
}

/** The row it came in with, and the deliveries that carried it: redeliveries too, which have its key and no row. */
async function eraseOrigin(tx: Tx, inboxId: string | null): Promise<void> {
  if (inboxId === null) return;
  await tx.query(
    `with origin as (
       update musubi.inbox set payload = '{"erased":true}' where id = $1 returning delivery_id
     )
     update musubi.deliveries d set raw = ''::bytea from origin where d.id = origin.delivery_id`,
    [inboxId],
  );
}

/** A shorter text is found in messages that do not quote it; Japanese says more in fewer characters. */
const isQuotable = (body: string) => body.length >= 8 || (body.length >= 4 && /\P{ASCII}/u.test(body));

const ERASED = `input = '{"erased":true}',
  state = case when state = 'planned' then 'suppressed' else state end,
  code = case when state = 'planned' then 'unsent' else code end,
  reason = case when state = 'planned' then 'the message it quotes was taken back' else reason end`;

interface ErasedRow {
  readonly id: string;
  readonly connection: string;
  readonly source_event_id: string;
  readonly person_id: string | null;
  readonly inbox_id: string | null;
  readonly body: string | null;
}

interface Erasing {
  readonly personId: string;
  readonly activityId: string;
  readonly body: string | null;
  readonly cause: string;
}

/** Runs keep the activity that started them and the signs that counted; effects the text they sent. One not sent yet is not sent. */
async function eraseMemories(tx: Tx, { personId, activityId, body, cause }: Erasing): Promise<void> {
  await tx.query(
    `update musubi.runs set vars = vars
       || case when vars->'activity'->>'id' = $2 then jsonb_build_object('activity', jsonb_build_object('id', $2, 'erased', true)) else '{}'::jsonb end
       || case when jsonb_typeof(vars->'signs') = 'array' then jsonb_build_object('signs', (
            select coalesce(jsonb_agg(case when sign->'activity'->>'id' = $2
              then jsonb_set(sign, '{activity}', jsonb_build_object('id', $2, 'erased', true)) else sign end), '[]'::jsonb)
            from jsonb_array_elements(vars->'signs') as sign)) else '{}'::jsonb end
     where person_id = $1 and (vars->'activity'->>'id' = $2 or vars->'signs' @> jsonb_build_array(jsonb_build_object('activity', jsonb_build_object('id', $2))))`,
    [personId, activityId],
  );
  // what the message itself has set going quotes it in ways its channel escaped: found by its cause, not by its text
  await tx.query(
    `update musubi.effects set ${ERASED}
     where person_id = $1 and state <> 'sending' and (cause = $2 or starts_with(cause, $2 || '#')
       or run_id in (select id from musubi.runs where person_id = $1 and vars->'activity'->>'id' = $3))`,
    [personId, cause, activityId],
  );
  // later messages may show it in a history
  if (body === null || !isQuotable(body)) return;
  await tx.query(
    `update musubi.effects set ${ERASED} where person_id = $1 and state <> 'sending' and exists (
       select 1 from jsonb_path_query(input, '$.**') as part where jsonb_typeof(part) = 'string' and strpos(part #>> '{}', $2) > 0)`,
    [personId, body],
  );
}

/** Which of these were taken back before they came. */
export async function erasedBefore(tx: Tx, activities: readonly ActivityRow[]): Promise<Set<string>> {
  if (activities.length === 0) return new Set();
  const { rows } = await tx.query<{ connection: string; source_event_id: string }>(
    `select e.connection, e.source_event_id from musubi.erased_events e
     join jsonb_to_recordset($1::jsonb) as x(connection text, "sourceEventId" text) on e.connection = x.connection and e.source_event_id = x."sourceEventId"`,
    [JSON.stringify(activities.map(({ connection, sourceEventId }) => ({ connection, sourceEventId })))],
  );
  const found = new Set(rows.map((row) => `${row.connection}\n${row.source_event_id}`));
  return new Set(activities.filter((one) => found.has(`${one.connection}\n${one.sourceEventId}`)).map((one) => one.id));
}
