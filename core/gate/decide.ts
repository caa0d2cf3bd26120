import { type Calendar, nextAllowed, type QuietTimes } from '../model/calendar.ts';
import type { MessageKind } from '../sdk/action.ts';
import type { AddressRow } from '../store/identity.ts';

/** What the gate knows of the person a message goes to. */
export interface PersonFacts {
  readonly doNotContact: boolean;
  readonly addresses: readonly AddressRow[];
  /** The standing consent for promotion per channel; absent when nobody ever said anything. */
  readonly consents: Readonly<Record<string, 'granted' | 'withdrawn' | 'denied' | 'unknown'>>;
  /** When promotion left to this person, over all channels, as far back as the cap looks; workspace time, any order. */
  readonly promotedAtMs: readonly number[];
}

export interface GateRequest {
  readonly kind: MessageKind;
  /** The channel the message goes by, e.g. `line`. */
  readonly channel: string;
  readonly connection: string;
  readonly nowMs: number;
}

export interface GateRules {
  readonly calendar: Calendar;
  /** When promotion may not leave; null: any time. */
  readonly quiet: QuietTimes | null;
  /** At most so many promotional messages a person in any rolling time; null: no cap. */
  readonly cap: { readonly count: number; readonly perMs: number } | null;
}

/** Exactly one reason each. `allowed` leaves now, `deferred` at the given instant, `suppressed` never. */
export type GateDecision =
  | { readonly outcome: 'allowed'; readonly reason: 'staff' | 'transactional' | 'ok' }
  | { readonly outcome: 'deferred'; readonly reason: 'quiet_hours' | 'cap'; readonly untilMs: number }
  | { readonly outcome: 'suppressed'; readonly reason: 'blocked' | 'consent' | 'do_not_contact' | 'no_person' };

/**
 * The one place every message passes, twice: when planned (may defer) and again when delivered. Order: follow state →
 * consent → quiet hours and cap, until both hold. Staff alerts skip it; transactional messages (answers to the customer's own message, order
 * confirmations) only need a channel that is open. Pure.
 */
export function decideGate(request: GateRequest, person: PersonFacts | null, rules: GateRules): GateDecision {
  if (request.kind === 'staff') return { outcome: 'allowed', reason: 'staff' };
  if (!person) return { outcome: 'suppressed', reason: 'no_person' };
  if (isBlocked(request, person)) return { outcome: 'suppressed', reason: 'blocked' };
  if (request.kind === 'transactional') return { outcome: 'allowed', reason: 'transactional' };
  if (person.doNotContact) return { outcome: 'suppressed', reason: 'do_not_contact' };
  if (person.consents[request.channel] !== 'granted') return { outcome: 'suppressed', reason: 'consent' };
  const awakeMs = afterQuiet(request.nowMs, rules);
  const freeMs = afterCap(awakeMs, person, rules);
  if (freeMs > awakeMs) return { outcome: 'deferred', reason: 'cap', untilMs: settled(freeMs, person, rules) };
  if (awakeMs > request.nowMs) return { outcome: 'deferred', reason: 'quiet_hours', untilMs: awakeMs };
  return { outcome: 'allowed', reason: 'ok' };
}

const afterQuiet = (ms: number, { quiet, calendar }: GateRules) => (quiet ? nextAllowed(ms, quiet, calendar) : ms);

/** The earliest instant ≥ `ms` with fewer messages than the cap in the time before it; one exactly that old no longer counts. */
function afterCap(ms: number, { promotedAtMs }: PersonFacts, { cap }: GateRules): number {
  if (!cap) return ms;
  const counting = promotedAtMs.filter((at) => at > ms - cap.perMs).sort((a, b) => a - b);
  const leaving = counting[counting.length - cap.count];
  return leaving === undefined ? ms : leaving + cap.perMs;
}

/** Applies quiet hours and cap in turn until both hold. Each step moves forward, so it ends. */
function settled(ms: number, person: PersonFacts, rules: GateRules): number {
  const next = afterCap(afterQuiet(ms, rules), person, rules);
  return next > ms ? settled(next, person, rules) : ms;
}

/** Blocked when this account's follow state says so of every address the person has in the channel. */
function isBlocked(request: GateRequest, person: PersonFacts): boolean {
  const own = person.addresses.filter((address) => address.channel === request.channel);
  return own.length > 0 && own.every((address) => address.states[request.connection] === 'blocked');
}
