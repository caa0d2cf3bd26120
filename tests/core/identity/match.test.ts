import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, matchPerson } from '../../../core/identity/match.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';

const candidate = (personId: string, sharedKeys: readonly string[], fields: JsonObject): Candidate => ({
  personId,
  sharedKeys,
  fields,
});

const SATO = { lastName: '佐藤', firstName: '健一', companyName: '佐藤商会', phone: '+81312345678' };

describe('what links a record to a person (P4)', () => {
  it.each<[string, JsonObject, Candidate]>([
    ['e-mail and name', { email: 'a@example.jp', fullName: '佐藤 健一' }, candidate('p', ['email'], SATO)],
    [
      'e-mail and a name in another spelling (異体字)',
      { email: 'a@example.jp', lastName: '山﨑', firstName: '太郎' },
      candidate('p', ['email'], { fullName: '山崎　太郎' }),
    ],
    [
      'e-mail and company without its 法人格',
      { email: 'a@example.jp', companyName: '㈱サンプル' },
      candidate('p', ['email'], { companyName: '株式会社サンプル' }),
    ],
    ['e-mail and phone', { email: 'a@example.jp', phone: '+81312345678' }, candidate('p', ['email', 'phone'], {})],
    ['member number alone', { memberNumber: 'M-1', fullName: '鈴木 花子' }, candidate('p', ['memberNumber'], SATO)],
    ['e-mail alone, when the record says nothing else', { email: 'a@example.jp' }, candidate('p', ['email'], SATO)],
  ])('%s', (_, fields, one) => {
    expect(matchPerson(fields, [one])).toMatchObject({ kind: 'link', personId: 'p' });
  });

  it('names e-mail, phone, name and company as the reasons of a full match', () => {
    const fields = {
      email: 'a@example.jp',
      phone: '+81312345678',
      fullName: '佐藤健一',
      companyName: '（株）佐藤商会',
    };
    const decision = matchPerson(fields, [candidate('p', ['email', 'phone'], SATO)]);
    expect(decision.reasons).toEqual(['e-mail', 'phone', 'name (same)', 'company (法人格)']);
  });

  it('takes the one who also has the name when two share an address', () => {
    const fields = { email: 'a@example.jp', fullName: '佐藤 健一' };
    const decision = matchPerson(fields, [
      candidate('wife', ['email'], { fullName: '佐藤 花子' }),
      candidate('husband', ['email'], SATO),
    ]);
    expect(decision).toMatchObject({ kind: 'link', personId: 'husband' });
  });
});

describe('what does not link', () => {
  it.each<[string, JsonObject, readonly Candidate[], string]>([
    ['a phone alone', { phone: '+81312345678' }, [candidate('p', ['phone'], {})], 'phone'],
    [
      'phone and name',
      { phone: '+81312345678', fullName: '佐藤 健一' },
      [candidate('p', ['phone'], SATO)],
      'name (same)',
    ],
    ['phone and company', { phone: '+8131', companyName: '佐藤商会' }, [candidate('p', ['phone'], SATO)], 'company'],
    [
      'e-mail with another name, although the company is equal',
      { email: 'a@example.jp', fullName: '佐藤 美咲', companyName: '佐藤商会' },
      [candidate('p', ['email'], SATO)],
      'names differ',
    ],
    [
      'e-mail with another name, although the phone is equal',
      { email: 'a@example.jp', phone: '+81312345678', fullName: '佐藤 美咲' },
      [candidate('p', ['email', 'phone'], SATO)],
      'names differ',
    ],
    [
      'e-mail with a name nobody can compare and another company',
      { email: 'a@example.jp', companyName: '別会社' },
      [candidate('p', ['email'], { companyName: '佐藤商会' })],
      'companies differ',
    ],
  ])('%s goes to review', (_, fields, candidates, reason) => {
    const decision = matchPerson(fields, candidates);
    expect(decision.kind).toBe('new');
    expect(decision).toMatchObject({ review: [{ personId: 'p', reasons: expect.arrayContaining([reason]) }] });
  });

  it('an e-mail alone that two persons hold', () => {
    const decision = matchPerson({ email: 'a@example.jp' }, [
      candidate('p', ['email'], SATO),
      candidate('q', ['email'], {}),
    ]);
    expect(decision).toMatchObject({ kind: 'new', review: [{ personId: 'p' }, { personId: 'q' }] });
  });

  it('an e-mail with equal names of two persons', () => {
    const fields = { email: 'a@example.jp', fullName: '佐藤 健一' };
    const decision = matchPerson(fields, [candidate('p', ['email'], SATO), candidate('q', ['email'], SATO)]);
    expect(decision.kind).toBe('new');
  });

  it('an e-mail and a mobile number the holder does not have: the record says more than its e-mail', () => {
    const decision = matchPerson({ email: 'a@example.jp', mobile: '+819012345678' }, [candidate('p', ['email'], SATO)]);
    expect(decision.kind).toBe('new');
  });

  it('nobody: a person nobody shares a key with is new, with nothing to review', () => {
    expect(matchPerson({ email: 'a@example.jp' }, [])).toMatchObject({ kind: 'new', review: [] });
  });
});

const text = fc.constantFrom('佐藤', '健一', '山崎', '美咲');
const fieldsArb: fc.Arbitrary<JsonObject> = fc.record(
  {
    lastName: text,
    firstName: text,
    companyName: fc.constantFrom('佐藤商会', '株式会社サンプル'),
    phone: fc.constantFrom('+81312345678', '+81398765432'),
    email: fc.constant('a@example.jp'),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject>;

describe('for any record and candidates', () => {
  const candidatesArb = fc
    .uniqueArray(fc.tuple(fc.constantFrom('p', 'q', 'r'), fc.subarray(['email', 'phone']), fieldsArb), {
      selector: ([id]) => id,
    })
    .map((list) => list.map(([id, keys, fields]) => candidate(id, keys, fields)));

  it('never links without a shared e-mail or member number', () => {
    fc.assert(
      fc.property(fieldsArb, candidatesArb, (fields, candidates) => {
        const decision = matchPerson(fields, candidates);
        if (decision.kind !== 'link') return;
        expect(candidates.find((one) => one.personId === decision.personId)?.sharedKeys).toContain('email');
      }),
      { numRuns: 1000 },
    );
  });

  it('never links two whose names contradict each other', () => {
    fc.assert(
      fc.property(fieldsArb, candidatesArb, (fields, candidates) => {
        const decision = matchPerson(fields, candidates);
        if (decision.kind !== 'link') return;
        const theirs = candidates.find((one) => one.personId === decision.personId)?.fields ?? {};
        // family and given name may stand in each other's place: forms are filled in that way
        const namesOf = ({ lastName, firstName }: JsonObject) => [lastName, firstName ?? ''].sort().join();
        if (fields.lastName && theirs.lastName) expect(namesOf(fields)).toBe(namesOf(theirs));
      }),
      { numRuns: 1000 },
    );
  });

  it('decides the same whatever the order of the candidates', () => {
    fc.assert(
      fc.property(fieldsArb, candidatesArb, (fields, candidates) => {
        const [there, back] = [candidates, [...candidates].reverse()].map((list) => matchPerson(fields, list));
        expect(back?.kind).toBe(there?.kind);
        if (there?.kind === 'link' && back?.kind === 'link') expect(back.personId).toBe(there.personId);
      }),
      { numRuns: 1000 },
    );
  });

  it('sends every candidate it does not link to review, with at least one reason', () => {
    fc.assert(
      fc.property(fieldsArb, candidatesArb, (fields, given) => {
        const candidates = given.filter((one) => one.sharedKeys.length > 0);
        const decision = matchPerson(fields, candidates);
        if (decision.kind !== 'new') return;
        expect(decision.review.map((one) => one.personId)).toEqual(candidates.map((one) => one.personId));
        expect(decision.review.every((one) => one.reasons.length > 0)).toBe(true);
      }),
    );
  });
});
