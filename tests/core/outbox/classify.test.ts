import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pauseMs, resultOfFailure } from '../../../core/outbox/classify.ts';
import type { EffectClass } from '../../../core/sdk/action.ts';
import { AuthError, ConfigError, RejectedError, RetryableError } from '../../../core/sdk/errors.ts';
import { errorOfStatus } from '../../../core/sdk/http.ts';
import type { EffectRow } from '../../../core/store/effects.ts';

const PLANNED = Date.parse('2026-09-01T10:00:00+09:00');
const HOUR = 3_600_000;

const effect = (more: Partial<EffectRow> = {}): EffectRow => ({
  id: '019a0000-0000-7000-8000-000000000001',
  seq: 1,
  effectKey: 'site:1/rule/then.0',
  retryKey: '019a0000-0000-5000-8000-000000000001',
  connection: 'line-main',
  action: 'push',
  class: 'B',
  kind: 'promotional',
  target: 'U1',
  personId: null,
  runId: null,
  rule: 'rule',
  step: 'then.0',
  cause: 'site:1',
  input: {},
  thread: null,
  answeredEffect: null,
  state: 'sending',
  plannedAtMs: PLANNED,
  dueAtMs: PLANNED,
  attempts: 1,
  fence: 7,
  isAfterUnknown: false,
  result: null,
  code: null,
  reason: null,
  ...more,
});

const fail = (error: unknown, more: Partial<EffectRow> = {}, afterMs = 0) =>
  resultOfFailure(effect(more), error, { connector: 'line', nowMs: PLANNED + afterMs, jitter: 0.5 });

const lost = new RetryableError('[line] lost', { code: 'answer_lost', outcome: 'unknown' });
const limited = new RetryableError('[line] 429', { code: 'rate_limited', outcome: 'not_applied', retryAfterMs: 7_000 });

describe('the pause before the next try', () => {
  it('doubles from a second to five minutes', () => {
    const pauses = [1, 2, 3, 4, 9, 10, 20, 1000].map((attempts) => pauseMs(attempts, undefined, 0.5));
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000, 300_000]);
  });

  it('is spread by a quarter each way and never less than the tool asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.option(fc.integer({ min: 0, max: HOUR }), { nil: undefined }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempts, wish, jitter) => {
          const pause = pauseMs(attempts, wish, jitter);
          const middle = pauseMs(attempts, undefined, 0.5);
          expect(pause).toBeGreaterThanOrEqual(Math.max(wish ?? 0, Math.floor(middle * 0.75)));
          expect(pause).toBeLessThanOrEqual(Math.max(wish ?? 0, Math.ceil(middle * 1.25)));
        },
      ),
    );
  });
});

describe('what becomes of an effect whose attempt failed', () => {
  it.each<[string, unknown, string, string]>([
    ['refused for good', new RejectedError('[line] no', { code: 'refused' }), 'dead', 'refused'],
    ['wrongly configured', new ConfigError('[line] no', { code: 'config_invalid' }), 'dead', 'config_invalid'],
    ['credentials refused', new AuthError('[line] no', { code: 'unauthorized' }), 'planned', 'unauthorized'],
    ['rate limited', limited, 'planned', 'rate_limited'],
    ['the answer was lost', lost, 'planned', 'answer_lost'],
    [
      'the connection was never made',
      Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
      'planned',
      'vendor_unreachable',
    ],
    ['something unexpected was thrown', new TypeError('x is not a function'), 'planned', 'answer_lost'],
  ])('%s → %s', (_, error, state, code) => {
    expect(fail(error)).toMatchObject({ state, code, id: effect().id, fence: 7, result: null });
  });

  it('is due again after the pause the tool asked for', () => {
    expect(fail(limited)).toMatchObject({ dueAt: new Date(PLANNED + 7_000).toISOString(), pauseMs: 7_000 });
  });

  it('rests the whole connection for a rate limit and refused credentials, not for a lost answer', () => {
    expect(fail(limited).pauseMs).toBe(7_000);
    expect(fail(errorOfStatus('line', 401)).pauseMs).toBe(1_000);
    expect(fail(lost).pauseMs).toBeNull();
  });

  it('remembers that an earlier attempt may have taken effect, whatever came later', () => {
    expect(fail(lost).isAfterUnknown).toBe(true);
    expect(fail(limited).isAfterUnknown).toBe(false);
    expect(fail(limited, { isAfterUnknown: true }).isAfterUnknown).toBe(true);
  });

  it('keeps the vendor’s detail for the operator', () => {
    const error = new RejectedError('[line] no', { code: 'refused', detail: 'messages[0].text too long' });
    expect(fail(error).reason).toBe('[line] no (messages[0].text too long)');
  });
});

describe('how long an effect is tried', () => {
  const patience: [EffectClass, number][] = [
    ['A', 24 * HOUR],
    ['B', 23 * HOUR],
    ['C', 24 * HOUR],
    ['D', 50_000],
  ];
  it.each(patience)('class %s: up to its patience and not beyond', (effectClass, limitMs) => {
    expect(fail(limited, { class: effectClass }, limitMs - 7_000).state).toBe('planned');
    expect(fail(limited, { class: effectClass }, limitMs - 6_999).state).toBe('dead');
  });

  it.each(patience)('class %s: past it, an outcome nobody knows is listed as unknown', (effectClass, limitMs) => {
    expect(fail(lost, { class: effectClass }, limitMs).state).toBe('unknown');
    expect(fail(limited, { class: effectClass, isAfterUnknown: true }, limitMs).state).toBe('unknown');
  });

  it('an outage of three hours kills nothing of class A, B and C: the tool is there again before patience ends', () => {
    for (const effectClass of ['A', 'B', 'C'] as const) {
      let waited = 0;
      let attempts = 1;
      let last = fail(limited, { class: effectClass, attempts });
      while (waited < 3 * HOUR && last.state === 'planned') {
        waited = Date.parse(last.dueAt) - PLANNED;
        last = fail(lost, { class: effectClass, attempts: ++attempts }, waited);
      }
      expect([effectClass, last.state]).toEqual([effectClass, 'planned']);
    }
  });
});
