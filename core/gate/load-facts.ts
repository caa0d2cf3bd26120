import type { Queryable } from '../store/database.ts';
import type { AddressRow } from '../store/identity.ts';
import type { PersonFacts } from './decide.ts';
import { type ConsentFact, standingConsents } from './standing-consent.ts';

interface FactsRow {
  readonly id: string;
  readonly do_not_contact: boolean | null;
  readonly addresses: AddressRow[] | null;
  readonly consents: ConsentFact[] | null;
  readonly promoted: number[] | null;
}

export interface FactsWanted {
  /** A promotional message asks: consents and what was sent before are read too. */
  readonly forPromotion: boolean;
  /** How far back sends count (workspace time). */
  readonly promotedSinceMs: number;
}

/** Reads what the gate needs of each person, in one statement whatever their number. */
export async function loadPersonFacts(
  db: Queryable,
  personIds: readonly string[],
  { forPromotion, promotedSinceMs }: FactsWanted,
): Promise<Map<string, PersonFacts>> {
  if (personIds.length === 0) return new Map();
  const { rows } = await db.query<FactsRow>(
    `select p.id, p.do_not_contact,
       (select jsonb_agg(jsonb_build_object('channel', a.channel, 'scope', a.scope, 'id', a.id, 'personId', a.person_id, 'displayName', a.display_name,
          'pictureUrl', a.picture_url, 'states', a.states) order by a.channel, a.scope, a.id)
        from musubi.addresses a where a.person_id = p.id) as addresses,
       case when $2 then (select jsonb_agg(jsonb_build_object('channel', c.channel, 'purpose', c.purpose, 'status', c.status,
          'atMs', extract(epoch from c.at) * 1000, 'isInteractive', coalesce(c.evidence->'interactive' = 'true'::jsonb
            and c.evidence->>'wording' <> '' and c.evidence->>'url' <> '' and c.evidence->>'at' <> '', false)))
        from musubi.consents c where c.person_id = p.id) end as consents,
       case when $2 then (select jsonb_agg(extract(epoch from coalesce(e.confirmed_at, e.due_at)) * 1000) from musubi.effects e
        where e.person_id = p.id and e.kind = 'promotional' and (e.state in ('sending', 'confirmed', 'unknown') or e.is_after_unknown)
          and coalesce(e.confirmed_at, e.due_at) > $3) end as promoted
     from musubi.persons p where p.id = any($1::uuid[])`,
    [personIds as string[], forPromotion, new Date(promotedSinceMs)],
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        doNotContact: row.do_not_contact === true,
        addresses: row.addresses ?? [],
        consents: standingConsents(row.consents ?? []),
        promotedAtMs: row.promoted ?? [],
      },
    ]),
  );
}
