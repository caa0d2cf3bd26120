import { describe, expect, it } from 'vitest';
import { check, type History } from './checker.ts';

/** One order (class C), one auto-reply (class D) and two versions of one record, all as it should be. */
const good: History = {
  acked: [
    { connection: 'site', key: 'e1', tag: 'e1', expects: [{ mark: 'order:e1', class: 'C' }], sets: null },
    { connection: 'line-main', key: 'e2', tag: 'e2', expects: [{ mark: 'reply:e2', class: 'D' }], sets: null },
    { connection: 'site', key: 'e3', tag: null, expects: [], sets: { record: 'P0', version: 3 } },
  ],
  sentMarks: new Set(['order:e1', 'reply:e2']),
  inbox: [
    { connection: 'site', key: 'e1', state: 'applied', reason: null },
    { connection: 'line-main', key: 'e2', state: 'applied', reason: null },
    { connection: 'site', key: 'e3', state: 'applied', reason: null },
  ],
  activityTags: ['e1', 'e2'],
  effects: [
    { key: 'site:e1/order/0', mark: 'order:e1', class: 'C', state: 'confirmed', code: null, reason: null },
    { key: 'line:e2/reply/0', mark: 'reply:e2', class: 'D', state: 'confirmed', code: null, reason: null },
  ],
  changes: [
    { record: 'P0', version: 2 },
    { record: 'P0', version: 3 },
  ],
  current: new Map([['P0', 3]]),
  seen: ['order:e1', 'reply:e2'],
};

const [order, reply] = good.effects as [History['effects'][number], History['effects'][number]];
const complaints = (change: Partial<History>) =>
  check({ ...good, ...change }).violations.map((one) => `${one.rule} ${one.what}`);

describe('history checker', () => {
  it('finds nothing wrong with a good history', () => {
    expect(check(good)).toEqual({
      violations: [],
      listed: [],
      counts: { acked: 3, effects: 2, seen: 2, lost: 0, double: 0 },
    });
  });

  it('finds an acked event that was never stored', () => {
    expect(complaints({ inbox: good.inbox.slice(1) })).toEqual(['C1 lost: site e1 was acked and has no inbox row']);
  });

  it('finds an event stored twice', () => {
    expect(complaints({ inbox: [...good.inbox, ...good.inbox.slice(0, 1)] })).toEqual([
      'C1 double: 2 inbox rows of site\ne1',
    ]);
  });

  it.each([
    ['pending', 'C2 not done: site\ne1 is pending'],
    ['dead', 'C2 lost: site e1 is dead (why)'],
    ['skipped', 'C2 lost: site e1 is skipped (why)'],
  ])('finds an acked event that is %s', (state, complaint) => {
    const [first, ...others] = good.inbox as [History['inbox'][number], ...History['inbox']];
    expect(complaints({ inbox: [{ ...first, state, reason: 'why' }, ...others] })).toEqual([complaint]);
  });

  it('finds an applied event whose activity is missing or there twice', () => {
    expect(complaints({ activityTags: ['e2'] })).toEqual(['C2 lost: no activity of e1']);
    expect(complaints({ activityTags: ['e1', 'e1', 'e2'] })).toEqual(['C2 double: 2 activities of e1']);
  });

  it('finds an effect that was never planned', () => {
    expect(complaints({ effects: [reply], seen: ['reply:e2'] })).toEqual([
      'C3 lost: no effect was planned for order:e1',
    ]);
  });

  it('finds an effect planned twice under one key', () => {
    expect(complaints({ effects: [order, order, reply] })).toEqual([
      'C3 double: 2 effects with the key site:e1/order/0',
    ]);
  });

  it.each(['order:e1', 'reply:e2'])('finds %s seen twice by its tool', (mark) => {
    const effectClass = mark === 'order:e1' ? 'C' : 'D';
    expect(complaints({ seen: [...good.seen, mark] })).toEqual([
      `C3 double: ${mark} (class ${effectClass}) was seen 2 times`,
    ]);
  });

  it('finds an effect that is confirmed and was never seen', () => {
    expect(complaints({ seen: ['reply:e2'] })).toEqual(['C3 lost: order:e1 is confirmed and no tool has seen it']);
  });

  it.each(['sending', 'planned'])('finds an effect left %s', (state) => {
    expect(complaints({ effects: [{ ...order, state }, reply] })).toContain(
      `C3 not done: the effect site:e1/order/0 is left ${state}`,
    );
  });

  it('finds an effect whose text was never made', () => {
    const empty = { ...order, mark: null, state: 'dead', code: 'template_failed', reason: 'why' };
    expect(complaints({ effects: [empty, reply], seen: ['reply:e2'] })).toEqual([
      'C3 lost: the effect site:e1/order/0 says nothing of its cause: dead (template_failed: why)',
      'C3 lost: no effect was planned for order:e1',
    ]);
  });

  it('does not let an effect of class C end unknown', () => {
    expect(
      complaints({ effects: [{ ...order, state: 'unknown', reason: 'answer lost' }, reply], seen: ['reply:e2'] }),
    ).toEqual(['C3 lost: order:e1 (class C) ended unknown ']);
  });

  it('lists an effect of class D whose outcome is unknown, and wants a reason', () => {
    const unknown = { ...reply, state: 'unknown', reason: 'answer lost' };
    const verdict = check({ ...good, effects: [order, unknown], seen: ['order:e1'] });
    expect(verdict.violations).toEqual([]);
    expect(verdict.listed).toEqual([unknown]);
    expect(complaints({ effects: [order, { ...unknown, reason: null }], seen: ['order:e1'] })).toEqual([
      'C3 not said: the effect line:e2/reply/0 is unknown without a reason',
    ]);
  });

  it('takes a reply that went out as a push for one effect', () => {
    const replaced = { ...reply, state: 'replaced', reason: 'reply_token_dead' };
    const push = { ...reply, key: 'line:e2/reply/0:push', class: 'B' as const };
    expect(complaints({ effects: [order, replaced, push] })).toEqual([]);
    expect(complaints({ effects: [order, replaced, push], seen: [...good.seen, 'reply:e2'] })).toHaveLength(1);
  });

  it('finds a write nobody asked for', () => {
    expect(complaints({ seen: [...good.seen, 'order:e9'] })).toEqual([
      'C3 invented: order:e9 was seen and nobody sent its cause',
    ]);
  });

  it('finds a record that went back in time', () => {
    const changes = [...good.changes].reverse();
    expect(complaints({ changes })).toEqual(['C4 order: P0 went from 3 to 2']);
  });

  it('finds a record that missed its newest change', () => {
    expect(complaints({ current: new Map([['P0', 2]]) })).toEqual(['C4 lost: P0 is at 2, acked was 3']);
  });
});
