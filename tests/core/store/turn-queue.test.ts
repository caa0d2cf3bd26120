import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TurnQueue, type TurnTaker } from '../../../core/store/turn-queue.ts';
import type { Urgency } from '../../../core/store/urgency.ts';

interface Taker extends TurnTaker {
  readonly name: string;
}

const taker = (name: string, urgency: Urgency = 'apply'): Taker => ({ name, urgency, turns: [], isQueued: false });
const turn = async () => undefined;

/** Gives turns until none is left; each taker's name, in order. */
function drain(queue: TurnQueue<Taker>): string[] {
  const names: string[] = [];
  for (let next = queue.next(); next; next = queue.next()) {
    names.push(next.taker.name);
    queue.done(next.taker);
  }
  return names;
}

describe('TurnQueue', () => {
  it('serves the more urgent first, equals by arrival', () => {
    const queue = new TurnQueue<Taker>();
    for (const each of [taker('r', 'report'), taker('a1'), taker('a2'), taker('i', 'ingest')]) queue.add(each, turn);
    expect(drain(queue)).toEqual(['i', 'a1', 'a2', 'r']);
  });

  it('gives the holder alone turns, and all others theirs when it is done', () => {
    const queue = new TurnQueue<Taker>();
    const [holder, other] = [taker('holder'), taker('other', 'report')];
    // The holder had lined up with several statements before the first of them began its transaction.
    for (let n = 0; n < 3; n++) queue.add(holder, turn);
    queue.next();
    queue.add(holder, turn);
    queue.hold(holder);
    queue.add(other, turn);
    expect(drain(queue)).toEqual(['holder', 'holder', 'holder']);
    queue.hold(undefined);
    expect(drain(queue)).toEqual(['other']);
  });

  it('lets nobody wait for more than nine turns of the more urgent', () => {
    const queue = new TurnQueue<Taker>();
    queue.add(taker('r', 'report'), turn);
    for (let n = 0; n < 50; n++) queue.add(taker('i', 'ingest'), turn);
    expect(drain(queue).indexOf('r')).toBeLessThanOrEqual(9);
  });

  it('gives every turn once and keeps each taker in order, whatever comes in and holds', () => {
    const step = fc.record({
      who: fc.nat({ max: 5 }),
      what: fc.constantFrom('add', 'add', 'next', 'begin', 'end'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new TurnQueue<Taker>();
        const urgencies: Urgency[] = ['ingest', 'apply', 'report'];
        const takers = Array.from({ length: 6 }, (_, n) => taker(String(n), urgencies[n % 3]));
        const given: { name: string; turn: unknown }[] = [];
        const expected: { name: string; turn: unknown }[] = [];
        const give = (isBegin: boolean) => {
          const before = queue.holder;
          const next = queue.next();
          if (!next) return false;
          if (before) expect(next.taker).toBe(before);
          given.push({ name: next.taker.name, turn: next.turn });
          if (isBegin) queue.hold(next.taker);
          queue.done(next.taker);
          return true;
        };
        for (const { who, what } of steps) {
          const one = takers[who] as Taker;
          if (what === 'add') {
            const asks = async () => undefined;
            expected.push({ name: one.name, turn: asks });
            queue.add(one, asks);
          } else if (what === 'end') queue.hold(undefined);
          else give(what === 'begin');
        }
        queue.hold(undefined);
        while (give(false));
        expect(queue.size).toBe(0);
        for (const { name } of takers) {
          expect(given.filter((each) => each.name === name)).toEqual(expected.filter((each) => each.name === name));
        }
      }),
    );
  });
});
