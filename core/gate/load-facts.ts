import type { Queryable } from '../store/database.ts';
import type { AddressRow } from '../store/identity.ts';
import type { PersonFacts } from './decide.ts';
import { type ConsentFact, standingConsents } from './standing-consent.ts';

interface FactsRow {
  readonly id: string;
  readonly do_not_contact: boolean | null;
  readonly addresses: AddressRow[] | null;
  readonly consents: ConsentFact[] | null;
}

/** Reads what the gate needs of each person in one statement; consents only where a promotional message asks for them. */
export async function loadPersonFacts(
  db: Queryable,
  personIds: readonly string[],
  options: { consents: boolean },
): Promise<Map<string, PersonFacts>> {
  if (personIds.length === 0) return new Map();
  const { rows } = await db.query<FactsRow>(
    `select p.id, p.do_not_contact,
       (select jsonb_agg(jsonb_build_object('channel', a.channel, 'scope', a.scope, 'id', a.id, 'personId', a.person_id, 'displayName', a.display_name,
          'pictureUrl', a.picture_url, 'states', a.states) order by a.channel, a.scope, a.id)
        from musubi.addresses a where a.person_id = p.id) as addresses,
       case when $2 then (select jsonb_agg(jsonb_build_object('channel', c.channel, 'purpose', c.purpose, 'status', c.status,
          'atMs', extract(epoch from c.at) * 1000, 'isInteractive', coalesce((c.evidence->>'interactive')::boolean, false)))
        from musubi.consents c where c.person_id = p.id) end as consents
     from musubi.persons p where p.id = any($1::uuid[])`,
    [personIds as string[], options.consents],
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        doNotContact: row.do_not_contact === true,
        addresses: row.addresses ?? [],
        consents: standingConsents(row.consents ?? []),
      },
    ]),
  );
}
