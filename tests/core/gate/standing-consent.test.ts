import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConsentFact, type Standing, standingConsents } from '../../../core/gate/standing-consent.ts';

const fact = (status: Standing, atMs: number, more: Partial<ConsentFact> = {}): ConsentFact => ({
  channel: 'email',
  purpose: 'promotion',
  status,
  atMs,
  isInteractive: false,
  ...more,
});

describe('the consent that stands (P5)', () => {
  it.each<[string, readonly ConsentFact[], Standing | undefined]>([
    ['nobody ever said anything', [], undefined],
    ['a sync says granted', [fact('granted', 1)], 'granted'],
    ['withdrawn after granted', [fact('granted', 1), fact('withdrawn', 2)], 'withdrawn'],
    ['a sync grants after a withdrawal', [fact('withdrawn', 1), fact('granted', 2)], 'withdrawn'],
    ['a sync grants after a refusal', [fact('denied', 1), fact('granted', 2)], 'denied'],
    [
      'the person grants again with one’s own hands',
      [fact('withdrawn', 1), fact('granted', 2, { isInteractive: true })],
      'granted',
    ],
    [
      'an older act of the person does not raise a newer withdrawal',
      [fact('granted', 1, { isInteractive: true }), fact('withdrawn', 2)],
      'withdrawn',
    ],
    [
      'a withdrawal that arrives late but happened between',
      [fact('granted', 1, { isInteractive: true }), fact('granted', 3), fact('withdrawn', 2)],
      'withdrawn',
    ],
    ['"unknown" says nothing', [fact('granted', 1), fact('unknown', 2)], 'granted'],
    ['another purpose says nothing', [fact('granted', 1), fact('withdrawn', 2, { purpose: 'survey' })], 'granted'],
    [
      'at one instant the strictest stands',
      [fact('withdrawn', 1), fact('granted', 1, { isInteractive: true })],
      'withdrawn',
    ],
  ])('%s', (_, facts, expected) => {
    expect(standingConsents(facts).email).toBe(expected);
  });

  it('keeps channels apart', () => {
    const facts = [fact('granted', 1), fact('withdrawn', 2, { channel: 'line' })];
    expect(standingConsents(facts)).toEqual({ email: 'granted', line: 'withdrawn' });
  });
});

const factArb: fc.Arbitrary<ConsentFact> = fc.record({
  channel: fc.constantFrom('email', 'line'),
  purpose: fc.constantFrom('promotion', 'promotion', 'promotion', 'survey'),
  status: fc.constantFrom<Standing>('granted', 'withdrawn', 'denied', 'unknown'),
  atMs: fc.integer({ min: 0, max: 30 }),
  isInteractive: fc.boolean(),
});

/**
 * The same in other words: a channel is open when somebody granted it, and every refusal has a later act of the person
 * that granted it again.
 */
function modelIsGranted(facts: readonly ConsentFact[], channel: string): boolean {
  const own = facts.filter((one) => one.channel === channel && one.purpose === 'promotion');
  const refusals = own.filter((one) => one.status === 'withdrawn' || one.status === 'denied');
  const lastRefusal = Math.max(...refusals.map((one) => one.atMs));
  if (refusals.length === 0) return own.some((one) => one.status === 'granted');
  return own.some((one) => one.status === 'granted' && one.isInteractive && one.atMs > lastRefusal);
}

describe('10,000 histories of consent', () => {
  const histories = fc.array(factArb, { maxLength: 12 });

  it('agree with the model: open only when no refusal is left standing', () => {
    fc.assert(
      fc.property(histories, (facts) => {
        for (const channel of ['email', 'line']) {
          expect(standingConsents(facts)[channel] === 'granted').toBe(modelIsGranted(facts, channel));
        }
      }),
      { numRuns: 10_000 },
    );
  });

  it('do not depend on the order in which the facts arrived', () => {
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.nat()), (facts, stream) => {
        const shuffled = facts
          .map((one) => [stream.next().value as number, one] as const)
          .sort(([a], [b]) => a - b)
          .map(([, one]) => one);
        const isOpen = (list: readonly ConsentFact[]) =>
          ['email', 'line'].map((channel) => standingConsents(list)[channel] === 'granted');
        expect(isOpen(shuffled)).toEqual(isOpen(facts));
      }),
      { numRuns: 2_000 },
    );
  });

  it('never open by a sync what a person closed', () => {
    fc.assert(
      fc.property(histories, factArb, (facts, later) => {
        const closed = [...facts, fact('withdrawn', 100)];
        const synced = { ...later, atMs: 200, isInteractive: false };
        expect(standingConsents([...closed, synced]).email).not.toBe('granted');
      }),
      { numRuns: 1_000 },
    );
  });
});
