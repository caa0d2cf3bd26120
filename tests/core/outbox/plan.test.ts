import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type EffectWish, planEffect } from '../../../core/outbox/plan.ts';
import { defineAction } from '../../../core/sdk/action.ts';
import { RejectedError } from '../../../core/sdk/errors.ts';

const action = defineAction<unknown, { to: string; text: string }>({
  input: z.strictObject({ to: z.string().min(1), text: z.string().min(1) }),
  bind(given, scope) {
    if (scope.activity?.standby === true) throw new RejectedError('[chat] standby', { code: 'channel_standby' });
    return { to: 'U1', ...given };
  },
  target: ({ to }) => to,
  perform: async () => ({ status: 'confirmed', result: {} }),
});

const wish = (more: Partial<EffectWish> = {}): EffectWish => ({
  id: '019a0000-0000-7000-8000-000000000001',
  connection: 'chat-main',
  actionName: 'say',
  action,
  config: {},
  effectClass: 'B',
  kind: 'transactional',
  cause: 'site:event-1',
  rule: 'greeting',
  step: 'then.0',
  personId: 'p',
  runId: 'r',
  rendered: { ok: { text: 'hello' } },
  thread: 'handover/r',
  answeredEffect: null,
  scope: {
    locale: 'ja',
    activity: {},
    person: null,
    addresses: [],
    owner: null,
    manager: null,
    staff: [],
    channels: {},
  },
  nowMs: Date.parse('2026-09-01T01:00:00Z'),
  ...more,
});

describe('an effect', () => {
  it('takes what its cause gives, is due at once and has its person as its target', () => {
    expect(planEffect(wish())).toMatchObject({
      state: 'planned',
      target: 'U1',
      input: { to: 'U1', text: 'hello' },
      plannedAt: '2026-09-01T01:00:00.000Z',
      dueAt: '2026-09-01T01:00:00.000Z',
      thread: 'handover/r',
      code: null,
      reason: null,
    });
  });

  it('has the same keys whenever it is planned again, and others for another cause, rule or step', () => {
    const first = planEffect(wish());
    const again = planEffect(
      wish({ id: '019a0000-0000-7000-8000-000000000002', nowMs: 0, rendered: { ok: { text: 'other' } } }),
    );
    expect([again.effectKey, again.retryKey]).toEqual([first.effectKey, first.retryKey]);
    expect(first.retryKey).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    for (const other of [{ cause: 'site:event-2' }, { rule: 'other' }, { step: 'then.1' }]) {
      expect(planEffect(wish(other)).retryKey).not.toBe(first.retryKey);
    }
  });
});

describe('what cannot go out is a dead letter with its reason', () => {
  it.each<[string, Partial<EffectWish>, string, RegExp]>([
    [
      'a value is missing',
      { rendered: { missing: ['person.lastName', 'owner.name'] } },
      'missing_value',
      /person\.lastName, owner\.name/,
    ],
    ['the text cannot be rendered', { rendered: { failed: 'no such filter' } }, 'template_failed', /no such filter/],
    [
      'the cause cannot carry it',
      { scope: { ...wish().scope, activity: { standby: true } } },
      'channel_standby',
      /standby/,
    ],
    ['the input does not fit', { rendered: { ok: { text: '' } } }, 'invalid_input', /chat-main\.say/],
    [
      'the input has more than the action takes',
      { rendered: { ok: { text: 'a', colour: 'red' } } },
      'invalid_input',
      /colour/,
    ],
  ])('%s', (_, more, code, reason) => {
    const effect = planEffect(wish(more));
    expect(effect).toMatchObject({ state: 'dead', code, target: effect.id });
    expect(effect.reason).toMatch(reason);
  });

  it('but a fault of the action itself is not swallowed', () => {
    const broken = {
      ...action,
      bind: () => {
        throw new TypeError('broken');
      },
    };
    expect(() => planEffect(wish({ action: broken }))).toThrow('broken');
  });
});
