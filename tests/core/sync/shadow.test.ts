import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { mergeShadow, newsOf, type Shadow, shadowHash } from '../../../core/sync/shadow.ts';

const shadow = (modifiedAtMs: number, fields: JsonObject, isDeleted = false): Shadow => ({
  modifiedAtMs,
  fields,
  isDeleted,
});

const value = fc.constantFrom<string | null>('a', 'b', 'c', null);
const partial = fc.record({ email: value, jobTitle: value, phone: value }, { requiredKeys: [] });
const whole = fc.record({ email: value, jobTitle: value, phone: value });
/** Records of one tool's object as it said them one after the other, in any order of arrival. */
const records = (fields: fc.Arbitrary<JsonObject>) =>
  fc
    .array(fc.record({ fields, isDeleted: fc.boolean() }), { minLength: 1, maxLength: 5 })
    .map((said) => said.map((one, at) => shadow(at + 1, one.fields, one.isDeleted)))
    .chain((told) => fc.tuple(fc.constant(told), fc.shuffledSubarray(told, { minLength: told.length })));
const all = (said: readonly Shadow[]) =>
  said.reduce<Shadow | null>((stored, given) => mergeShadow(given, stored), null) as Shadow;

describe('what a record says that is new', () => {
  it('is everything, of a record seen for the first time, even of one without a field', () => {
    expect(newsOf(shadow(1, { email: 'a' }), null)).toEqual({ fields: { email: 'a' }, isNews: true });
    expect(newsOf(shadow(1, {}), null)).toEqual({ fields: {}, isNews: true });
  });

  it.each<[string, Shadow, Shadow, JsonObject]>([
    ['a changed field', shadow(2, { email: 'b' }), shadow(1, { email: 'a' }), { email: 'b' }],
    ['a field it never had', shadow(2, { phone: '1' }), shadow(1, { email: 'a' }), { phone: '1' }],
    ['a field blanked', shadow(2, { email: null }), shadow(1, { email: 'a' }), { email: null }],
    ['an old field it never had', shadow(1, { phone: '1', email: 'b' }), shadow(2, { email: 'a' }), { phone: '1' }],
    ['a changed field of the same instant', shadow(1, { email: 'b' }), shadow(1, { email: 'a' }), { email: 'b' }],
  ])('is %s', (_, given, stored, fields) => {
    expect(newsOf(given, stored)).toEqual({ fields, isNews: true });
  });

  it.each<[string, Shadow, Shadow]>([
    ['a field it leaves out', shadow(2, {}), shadow(1, { email: 'a' })],
    ['an older value', shadow(1, { email: 'b' }), shadow(2, { email: 'a' })],
    ['an older deletion', shadow(1, { email: 'a' }, true), shadow(2, { email: 'a' })],
    ['other order of keys', shadow(2, { address: { b: 1, a: 2 } }), shadow(1, { address: { a: 2, b: 1 } })],
  ])('is nothing for %s', (_, given, stored) => {
    expect(newsOf(given, stored)).toEqual({ fields: {}, isNews: false });
  });

  it('is a deletion and a return, without any field', () => {
    expect(newsOf(shadow(2, {}, true), shadow(1, { email: 'a' }))).toEqual({ fields: {}, isNews: true });
    expect(newsOf(shadow(3, {}), shadow(2, { email: 'a' }, true))).toEqual({ fields: {}, isNews: true });
  });

  it('is nothing when the record is read a second time', () => {
    fc.assert(
      fc.property(records(partial), fc.nat(), ([, arrived], pick) => {
        const stored = all(arrived);
        const again = arrived[pick % arrived.length] as Shadow;
        const isOlder = again.modifiedAtMs < stored.modifiedAtMs;
        expect(newsOf(again, mergeShadow(again, stored)).isNews).toBe(false);
        if (isOlder) expect(mergeShadow(again, stored)).toEqual(stored);
      }),
    );
  });
});

describe('the shadow of a record', () => {
  it('is the newest whole record, whatever order they came in', () => {
    fc.assert(
      fc.property(records(whole), ([told, arrived]) => {
        expect(all(arrived)).toEqual(told.at(-1));
      }),
    );
  });

  // Known fault: one time stands for the whole shadow. Needs a time per field; then take `.fails` away.
  it.fails('of partial records has each field as it was last said, whatever order they came in', () => {
    const arrived = [shadow(3, {}), shadow(1, { email: 'a' }), shadow(2, { email: 'c' })];
    const kept = arrived.reduce<Shadow | null>((stored, given) => mergeShadow(given, stored), null);
    expect(kept?.fields).toEqual({ email: 'c' });
  });

  it('never goes back in time', () => {
    fc.assert(
      fc.property(records(partial), ([told, arrived]) => {
        expect(all(arrived).modifiedAtMs).toBe(told.length);
        expect(all(arrived).isDeleted).toBe(told.at(-1)?.isDeleted);
      }),
    );
  });

  it('has one hash for one content, another for another', () => {
    expect(shadowHash(shadow(1, { a: 1, b: { c: 2, d: 3 } }))).toBe(shadowHash(shadow(9, { b: { d: 3, c: 2 }, a: 1 })));
    const others = [shadow(1, { a: 1 }), shadow(1, { a: '1' }), shadow(1, { a: null }), shadow(1, {})];
    expect(new Set([...others, shadow(1, {}, true)].map(shadowHash)).size).toBe(5);
  });
});
