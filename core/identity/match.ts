import { compareCompanies } from '../model/normalise/company.ts';
import { variantPairs } from '../model/normalise/kanji-variants.ts';
import { compareNames, joinName, type NameParts, splitFullName } from '../model/normalise/name.ts';
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
  | {
      readonly kind: 'new';
      readonly reasons: readonly string[];
      readonly review: readonly { personId: string; reasons: readonly string[] }[];
    };

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
  if (proven.length === 1 && proven[0])
    return { kind: 'link', personId: proven[0].candidate.personId, reasons: proven[0].reasons };

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
  const name = nameAgreement(fields, candidate.fields);
  const company = companyAgreement(fields, candidate.fields);
  reasons.push(...name.reasons, ...company.reasons);
  const isProven =
    candidate.sharedKeys.includes('email') &&
    name.agreement !== 'different' &&
    (name.agreement === 'equal' || company.agreement === 'equal' || candidate.sharedKeys.includes('phone'));
  return { isProven, reasons };
}

interface Compared {
  readonly agreement: 'equal' | 'different' | 'unknown';
  readonly reasons: readonly string[];
}

const UNKNOWN: Compared = { agreement: 'unknown', reasons: [] };

function nameAgreement(left: JsonObject, right: JsonObject): Compared {
  if (!hasName(left) || !hasName(right)) return UNKNOWN;
  const match = compareNames(namesOf(left), namesOf(right));
  if (match === undefined) return { agreement: 'different', reasons: ['names differ'] };
  const variants = variantPairs(joinName(namesOf(left)) ?? '', joinName(namesOf(right)) ?? '').map(
    ([a, b]) => `${a}=${b}`,
  );
  return {
    agreement: 'equal',
    reasons: [match === 'variant' && variants.length > 0 ? `name (異体字 ${variants.join(', ')})` : `name (${match})`],
  };
}

function companyAgreement(left: JsonObject, right: JsonObject): Compared {
  if (!textOf(left.companyName) || !textOf(right.companyName)) return UNKNOWN;
  const match = compareCompanies(left.companyName, right.companyName);
  if (match === undefined) return { agreement: 'different', reasons: ['companies differ'] };
  return { agreement: 'equal', reasons: [match === 'legal_form' ? 'company (法人格)' : 'company'] };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** A full name stands in for the parts when these are missing. */
function namesOf(fields: JsonObject): NameParts {
  const [lastName, firstName] = [textOf(fields.lastName), textOf(fields.firstName)];
  return lastName === undefined
    ? { ...splitFullName(fields.fullName) }
    : { lastName, ...(firstName !== undefined && { firstName }) };
}

const hasName = (fields: JsonObject) => textOf(fields.lastName) !== undefined || textOf(fields.fullName) !== undefined;

const hasMoreThanEmail = (fields: JsonObject) =>
  hasName(fields) ||
  textOf(fields.companyName) !== undefined ||
  textOf(fields.phone) !== undefined ||
  textOf(fields.mobile) !== undefined;
