import { keyOfCompany } from '../model/normalise/company.ts';
import { keyOfName } from '../model/normalise/name.ts';
import type { JsonObject } from '../sdk/json.ts';

/** A person already known, who holds at least one of the record's identity keys. */
export interface Candidate {
  readonly personId: string;
  /** The keys it was found by, e.g. `email`. */
  readonly sharedKeys: readonly string[];
  readonly fields: JsonObject;
}

export type MatchDecision =
  | { readonly kind: 'link'; readonly personId: string; readonly reasons: readonly string[] }
  | { readonly kind: 'new'; readonly reasons: readonly string[]; readonly review: readonly { personId: string; reasons: readonly string[] }[] };

/**
 * Decides whose record this is. Proof is a member number, or an equal e-mail with an equal name, company or phone, or an
 * e-mail alone when the record says nothing else and one person holds it. A name alone, a phone alone or a contradiction
 * never links: the record becomes a new person and the pair goes to the review queue with its reasons.
 */
export function matchPerson(fields: JsonObject, candidates: readonly Candidate[]): MatchDecision {
  const byMember = candidates.filter((one) => one.sharedKeys.includes('memberNumber'));
  if (byMember[0]) return { kind: 'link', personId: byMember[0].personId, reasons: ['member number'] };

  const judged = candidates.map((candidate) => ({ candidate, ...compare(fields, candidate) }));
  const proven = judged.filter((one) => one.isProven);
  if (proven.length === 1 && proven[0]) return { kind: 'link', personId: proven[0].candidate.personId, reasons: proven[0].reasons };

  const holders = candidates.filter((one) => one.sharedKeys.includes('email'));
  if (!hasMoreThanEmail(fields) && holders.length === 1 && holders[0]) {
    return { kind: 'link', personId: holders[0].personId, reasons: ['e-mail, held by one person'] };
  }
  return {
    kind: 'new',
    reasons: candidates.length === 0 ? ['no one holds its keys'] : ['no proof'],
    review: judged.map(({ candidate, reasons }) => ({ personId: candidate.personId, reasons })),
  };
}

function compare(fields: JsonObject, candidate: Candidate): { isProven: boolean; reasons: string[] } {
  const reasons = candidate.sharedKeys.map((key) => (key === 'email' ? 'e-mail' : key));
  const name = agreement(nameKey(fields), nameKey(candidate.fields));
  const company = agreement(companyKey(fields), companyKey(candidate.fields));
  if (name !== 'unknown') reasons.push(name === 'equal' ? 'name' : 'names differ');
  if (company !== 'unknown') reasons.push(company === 'equal' ? 'company' : 'companies differ');
  const isProven =
    candidate.sharedKeys.includes('email') &&
    name !== 'different' &&
    (name === 'equal' || company === 'equal' || candidate.sharedKeys.includes('phone'));
  return { isProven, reasons };
}

type Agreement = 'equal' | 'different' | 'unknown';

const agreement = (left: string | undefined, right: string | undefined): Agreement => {
  if (left === undefined || right === undefined) return 'unknown';
  return left === right ? 'equal' : 'different';
};

function nameKey(fields: JsonObject): string | undefined {
  const { lastName, firstName, fullName } = fields;
  const parts = lastName ? [lastName, firstName] : [fullName];
  const text = parts.filter((part) => typeof part === 'string' && part !== '').join('');
  return text === '' ? undefined : keyOfName(text);
}

const companyKey = (fields: JsonObject): string | undefined =>
  typeof fields.companyName === 'string' && fields.companyName !== '' ? keyOfCompany(fields.companyName) : undefined;

const hasMoreThanEmail = (fields: JsonObject) => nameKey(fields) !== undefined || companyKey(fields) !== undefined || Boolean(fields.phone);
