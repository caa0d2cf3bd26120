import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideGate, type GateRequest, type GateRules, type PersonFacts } from '../../../core/gate/decide.ts';
import { createCalendar } from '../../../core/model/calendar.ts';
import type { AddressRow } from '../../../core/store/identity.ts';

const calendar = createCalendar({ timeZone: 'Asia/Tokyo', extraHolidays: ['2026-12-29'] });
const rules: GateRules = {
  calendar,
  quiet: { quietHours: '21:00-09:00', quietDays: ['sunday', 'holiday'] },
  cap: null,
};
const NOON = '2026-10-07T12:00:00+09:00'; // a Wednesday

const address = (states: Record<string, string>): AddressRow => ({
  channel: 'line',
  scope: '2000000001',
  id: 'U1',
  personId: 'p',
  displayName: null,
  pictureUrl: null,
  states,
});

const open: PersonFacts = {
  doNotContact: false,
  addresses: [address({ 'line-main': 'following' })],
  consents: { line: 'granted' },
  promotedAtMs: [],
};

const ask = (
  kind: GateRequest['kind'],
  at: string,
  person: PersonFacts | null = open,
  more: Partial<GateRequest> = {},
) => decideGate({ kind, channel: 'line', connection: 'line-main', nowMs: Date.parse(at), ...more }, person, rules);

describe('promotion (B3)', () => {
  it.each<[string, string, string | null]>([
    ['at noon it leaves', NOON, null],
    ['at 09:00:00 it leaves', '2026-10-07T09:00:00+09:00', null],
    ['at 20:59:59 it leaves', '2026-10-07T20:59:59+09:00', null],
    ['at 21:00:00 it waits for the morning', '2026-10-07T21:00:00+09:00', '2026-10-08T09:00:00+09:00'],
    ['at 08:59:59 it waits for 09:00', '2026-10-07T08:59:59+09:00', '2026-10-07T09:00:00+09:00'],
    ['on a Saturday it leaves', '2026-10-10T12:00:00+09:00', null],
    ['on a Sunday before スポーツの日 it waits for Tuesday', '2026-10-11T12:00:00+09:00', '2026-10-13T09:00:00+09:00'],
    ['over the three autumn holidays it waits for Thursday', '2026-09-20T10:00:00+09:00', '2026-09-24T09:00:00+09:00'],
    ['on an extra holiday it waits', '2026-12-29T10:00:00+09:00', '2026-12-30T09:00:00+09:00'],
  ])('%s', (_, at, until) => {
    const expected =
      until === null
        ? { outcome: 'allowed', reason: 'ok' }
        : { outcome: 'deferred', reason: 'quiet_hours', untilMs: Date.parse(until) };
    expect(ask('promotional', at)).toEqual(expected);
  });

  it.each<[string, PersonFacts | null, string]>([
    ['nobody is known', null, 'no_person'],
    ['the person blocked the account', { ...open, addresses: [address({ 'line-main': 'blocked' })] }, 'blocked'],
    ['the person must not be contacted', { ...open, doNotContact: true }, 'do_not_contact'],
    ['consent was withdrawn', { ...open, consents: { line: 'withdrawn' } }, 'consent'],
    ['consent was denied', { ...open, consents: { line: 'denied' } }, 'consent'],
    ['consent is unknown', { ...open, consents: { line: 'unknown' } }, 'consent'],
    ['only another channel has consent', { ...open, consents: { email: 'granted' } }, 'consent'],
    ['nobody ever asked for consent', { ...open, consents: {} }, 'consent'],
  ])('never leaves when %s', (_, person, reason) => {
    expect(ask('promotional', NOON, person)).toEqual({ outcome: 'suppressed', reason });
    expect(ask('promotional', '2026-10-11T23:00:00+09:00', person)).toEqual({ outcome: 'suppressed', reason });
  });
});

describe('the cap (B4)', () => {
  const capped: GateRules = { ...rules, cap: { count: 3, perMs: 7 * 24 * 3_600_000 } };
  const sent = (...times: string[]): PersonFacts => ({ ...open, promotedAtMs: times.map((time) => Date.parse(time)) });
  const decide = (at: string, person: PersonFacts, kind: GateRequest['kind'] = 'promotional') =>
    decideGate({ kind, channel: 'line', connection: 'line-main', nowMs: Date.parse(at) }, person, capped);
  const until = (at: string) => ({ outcome: 'deferred', reason: 'cap', untilMs: Date.parse(at) });
  const THREE = ['2026-09-30T12:00:00+09:00', '2026-10-02T12:00:00+09:00', '2026-10-05T12:00:00+09:00'];

  it.each<[string, string, PersonFacts, object]>([
    ['two sends leave room for a third', '2026-10-06T12:00:00+09:00', sent(...THREE.slice(1)), { outcome: 'allowed' }],
    [
      'three do not: it waits until the first is seven days old',
      '2026-10-06T12:00:00+09:00',
      sent(...THREE),
      until('2026-10-07T12:00:00+09:00'),
    ],
    [
      'a send exactly seven days ago no longer counts',
      '2026-10-07T12:00:00+09:00',
      sent(...THREE),
      { outcome: 'allowed' },
    ],
    [
      'one millisecond less and it counts',
      '2026-10-07T11:59:59.999+09:00',
      sent(...THREE),
      until('2026-10-07T12:00:00+09:00'),
    ],
    [
      'the free instant lies in the night: it waits for the morning',
      '2026-10-06T12:00:00+09:00',
      sent('2026-09-30T22:00:00+09:00', '2026-10-02T12:00:00+09:00', '2026-10-05T12:00:00+09:00'),
      until('2026-10-08T09:00:00+09:00'),
    ],
    [
      'the order in which they are told does not matter',
      '2026-10-06T12:00:00+09:00',
      sent(...[...THREE].reverse()),
      until('2026-10-07T12:00:00+09:00'),
    ],
  ])('%s', (_, at, person, expected) => {
    expect(decide(at, person)).toMatchObject(expected);
  });

  it('holds back neither answers nor colleagues', () => {
    for (const kind of ['transactional', 'staff'] as const) {
      expect(decide('2026-10-06T12:00:00+09:00', sent(...THREE), kind).outcome).toBe('allowed');
    }
  });

  it('defers to the earliest instant at which cap and quiet hours both hold', () => {
    const start = Date.parse('2026-10-01T00:00:00+09:00');
    const minute = fc.integer({ min: 0, max: 14 * 24 * 60 }).map((minutes) => start + minutes * 60_000);
    fc.assert(
      fc.property(fc.array(minute, { maxLength: 8 }), minute, (promotedAtMs, nowMs) => {
        const person = { ...open, promotedAtMs: promotedAtMs.filter((at) => at <= nowMs) };
        const decision = decide(new Date(nowMs).toISOString(), person);
        if (decision.outcome !== 'deferred') return;
        expect(decide(new Date(decision.untilMs).toISOString(), person).outcome).toBe('allowed');
        expect(decide(new Date(decision.untilMs - 1).toISOString(), person).outcome).toBe('deferred');
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('an answer to the customer’s own message', () => {
  it('leaves at night, on Sundays and without consent for promotion', () => {
    const person = { ...open, consents: { line: 'withdrawn' as const } };
    for (const at of [NOON, '2026-10-07T22:00:00+09:00', '2026-10-11T03:00:00+09:00']) {
      expect(ask('transactional', at, person)).toEqual({ outcome: 'allowed', reason: 'transactional' });
    }
  });

  it('does not leave on a channel the person blocked', () => {
    const person = { ...open, addresses: [address({ 'line-main': 'blocked' })] };
    expect(ask('transactional', NOON, person)).toEqual({ outcome: 'suppressed', reason: 'blocked' });
  });

  it('leaves by the account the person follows when another one was blocked', () => {
    const person = { ...open, addresses: [address({ 'line-main': 'following', 'line-shop': 'blocked' })] };
    expect(ask('transactional', NOON, person).outcome).toBe('allowed');
    expect(ask('transactional', NOON, person, { connection: 'line-shop' }).outcome).toBe('suppressed');
  });
});

describe('for any person and instant', () => {
  const personArb: fc.Arbitrary<PersonFacts | null> = fc.option(
    fc.record({
      doNotContact: fc.boolean(),
      promotedAtMs: fc.constant([]),
      addresses: fc.array(
        fc.constantFrom('following', 'blocked').map((state) => address({ 'line-main': state })),
        { maxLength: 2 },
      ),
      consents: fc.dictionary(
        fc.constantFrom('line', 'email'),
        fc.constantFrom('granted' as const, 'withdrawn' as const),
      ),
    }),
  );
  const instant = fc
    .integer({ min: Date.parse('2026-01-01T00:00:00Z'), max: Date.parse('2027-12-31T00:00:00Z') })
    .map((ms) => new Date(ms).toISOString());

  it('a colleague is always told', () => {
    fc.assert(
      fc.property(personArb, instant, (person, at) => {
        expect(ask('staff', at, person)).toEqual({ outcome: 'allowed', reason: 'staff' });
      }),
    );
  });

  it('what is deferred is allowed at the given instant, and not a millisecond earlier', () => {
    fc.assert(
      fc.property(instant, (at) => {
        const decision = ask('promotional', at);
        if (decision.outcome !== 'deferred') return;
        expect(decision.untilMs).toBeGreaterThan(Date.parse(at));
        expect(ask('promotional', new Date(decision.untilMs).toISOString()).outcome).toBe('allowed');
        expect(ask('promotional', new Date(decision.untilMs - 1).toISOString()).outcome).toBe('deferred');
      }),
      { numRuns: 2_000 },
    );
  });

  it('promotion leaves only to a person who granted it, is not blocked and may be contacted', () => {
    fc.assert(
      fc.property(personArb, instant, (person, at) => {
        if (ask('promotional', at, person).outcome === 'suppressed') return;
        expect(person?.consents.line).toBe('granted');
        expect(person?.doNotContact).toBe(false);
        // one open address of several is enough: the message goes to that one
        const states = person?.addresses.map((one) => one.states['line-main']) ?? [];
        expect(states.length === 0 || states.includes('following')).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
