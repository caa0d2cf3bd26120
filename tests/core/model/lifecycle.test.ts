import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dealStatuses, lifecycleStages } from '../../../core/model/codes.ts';
import { statusOfStage, withStatus } from '../../../core/model/deal-status.ts';
import {
  buyerStageOf,
  isLifecycleStage,
  lifecycleOrder,
  lifecyclePeak,
  nextLifecycleStage,
} from '../../../core/model/lifecycle.ts';

const stage = fc.constantFrom(...lifecycleStages.map(({ code }) => code));

describe('lifecycle', () => {
  it.each([
    [undefined, 'lead', 'lead'],
    ['lead', 'mql', 'mql'],
    ['mql', 'lead', 'mql'],
    ['customer', 'customer', 'customer'],
    ['customer', 'churned', 'churned'],
    ['churned', 'customer', 'customer'],
    ['recycled', 'dormant', 'dormant'],
  ] as const)('from %s a move to %s gives %s', (current, proposed, expected) => {
    expect(nextLifecycleStage({ current, proposed })).toBe(expected);
  });

  it('moves back only when it is allowed to', () => {
    expect(nextLifecycleStage({ current: 'customer', proposed: 'lead', allowRegress: true })).toBe('lead');
  });

  it('a churned customer does not become a lead again by a late sync', () => {
    expect(nextLifecycleStage({ current: 'churned', proposed: 'lead', peak: 'customer' })).toBe('churned');
    expect(nextLifecycleStage({ current: 'churned', proposed: 'repeat', peak: 'customer' })).toBe('repeat');
  });

  it('whatever tools propose in whatever order, the furthest stage reached is never lost', () => {
    fc.assert(
      fc.property(fc.array(stage), (proposals) => {
        let current: (typeof proposals)[number] | undefined;
        let peak: typeof current;
        for (const proposed of proposals) {
          const before = lifecycleOrder(peak ?? 'dormant') ?? -1;
          current = nextLifecycleStage({ current, proposed, peak });
          peak = lifecyclePeak(peak, current);
          expect(lifecycleOrder(peak ?? 'dormant') ?? -1).toBeGreaterThanOrEqual(before);
          expect(lifecycleOrder(current) ?? before).toBeGreaterThanOrEqual(before);
          expect(nextLifecycleStage({ current, proposed, peak })).toBe(current);
        }
      }),
    );
  });

  it('knows its codes', () => {
    expect(isLifecycleStage('mql')).toBe(true);
    expect(isLifecycleStage('MQL')).toBe(false);
    expect(lifecycleOrder('subscriber')).toBe(0);
    expect(lifecycleOrder('advocate')).toBe(8);
    expect(lifecycleOrder('churned')).toBeUndefined();
  });
});

it('buyer stages count orders', () => {
  expect([0, 1, 2, 4, 5, 100].map((orders) => buyerStageOf(orders))).toEqual([
    undefined,
    'new',
    'regular',
    'regular',
    'loyal',
    'loyal',
  ]);
  expect(buyerStageOf(3, { regular: 4, loyal: 10 })).toBe('new');
});

describe('deals', () => {
  it('status comes from the metadata of the stage', () => {
    expect(statusOfStage({ isClosed: true, isWon: true })).toBe('won');
    expect(statusOfStage({ isClosed: true, isWon: false })).toBe('lost');
    expect(statusOfStage({ isClosed: false, isWon: false })).toBe('open');
  });

  it('a deal is closed at the first instant it left open, and again after it was reopened', () => {
    const opened = withStatus({ status: undefined, closedAt: undefined }, 'open', 1);
    const lost = withStatus(opened, 'lost', 10);
    expect(lost).toEqual({ status: 'lost', closedAt: 10 });
    expect(withStatus(lost, 'lost', 20)).toEqual(lost);
    expect(withStatus(lost, 'won', 30)).toEqual({ status: 'won', closedAt: 10 });
    const reopened = withStatus(lost, 'open', 40);
    expect(reopened).toEqual({ status: 'open', closedAt: undefined });
    expect(withStatus(reopened, 'lost', 50)).toEqual({ status: 'lost', closedAt: 50 });
  });

  it('a status seen twice changes nothing', () => {
    const status = fc.constantFrom(...dealStatuses.map(({ code }) => code));
    fc.assert(
      fc.property(status, status, fc.nat(), fc.nat(), (before, after, atMs, laterMs) => {
        const once = withStatus({ status: before, closedAt: undefined }, after, atMs);
        expect(withStatus(once, after, laterMs)).toEqual(once);
      }),
    );
  });
});
