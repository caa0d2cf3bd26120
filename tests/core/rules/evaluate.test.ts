import { beforeAll, describe, expect, it } from 'vitest';
import type { CompiledRule } from '../../../core/config/compile-rule.ts';
import { type EvaluationInput, evaluateRule, openRuns } from '../../../core/rules/evaluate.ts';
import type { ActivityRow } from '../../../core/store/activities.ts';
import type { RunRow } from '../../../core/store/runs.ts';
import { activity, at, compiled, ms, run } from './compiled.ts';

const NOW = '2026-09-02T10:00:00+09:00';

let interest: CompiledRule;
beforeAll(async () => {
  interest = await compiled(
    'interest',
    `
if: "points >= 3"
points: { page_view: { where: "activity.path == '/pricing'", count: 3, within: 48h, give: 3 } }
cooldown: 14d
then: [ { chat.reply: { text: x } } ]
`,
  );
});

function evaluate(rule: CompiledRule, history: readonly ActivityRow[], runs: readonly RunRow[] = [], now = NOW) {
  const input: EvaluationInput = {
    activity: history.at(-1) ?? null,
    person: { lastName: '佐藤' },
    deal: null,
    history,
    runs,
    context: at(ms(now)),
  };
  return evaluateRule(rule, input);
}

const views = (...times: string[]) => times.map((time) => activity(time));
const THREE = ['2026-08-31T10:00:00+09:00', '2026-09-01T12:00:00+09:00', NOW];

describe('points', () => {
  it('counts signs within the window, its first instant included', () => {
    expect(evaluate(interest, views(...THREE))).toMatchObject({ fires: true, points: 3 });
  });

  it('does not count a sign one millisecond older than the window', () => {
    const early = new Date(ms('2026-08-31T10:00:00+09:00') - 1).toISOString();
    expect(evaluate(interest, views(early, THREE[1] as string, NOW)).fires).toBe(false);
  });

  it('does not count what the condition of the sign leaves out', () => {
    const other = activity(THREE[1] as string, { metadata: { path: '/qa' } });
    expect(evaluate(interest, [...views(THREE[0] as string), other, ...views(NOW)]).fires).toBe(false);
  });

  it('gives the points once, however many signs there are', () => {
    expect(evaluate(interest, views(...THREE, NOW, NOW, NOW))).toMatchObject({ fires: true, points: 3 });
  });

  it('shows the counted signs, oldest first', () => {
    const result = evaluate(interest, views(...THREE));
    const times = result.fires ? result.signs.map((sign) => sign.occurredAtMs) : [];
    expect(times).toEqual(THREE.map(ms));
  });

  it('adds the kinds up and forgets signs after seven days when the rule names no window', async () => {
    const rule = await compiled(
      'sum',
      `if: "points >= 5"\npoints: { page_view: 2, email_click: 3 }\nthen: [ { chat.reply: { text: x } } ]`,
    );
    const click = (time: string) => activity(time, { kind: 'email_click' });
    expect(evaluate(rule, [click('2026-08-26T10:00:00+09:00'), ...views(NOW)]).fires).toBe(true);
    expect(evaluate(rule, [click('2026-08-26T09:59:59+09:00'), ...views(NOW)]).fires).toBe(false);
  });
});

describe('one run at a time', () => {
  it('does not fire while a run of the rule waits, however old', () => {
    const waiting = run('interest', '2026-01-01T00:00:00+09:00', { state: 'waiting' });
    expect(evaluate(interest, views(...THREE), [waiting])).toMatchObject({ fires: false });
  });

  it('is not stopped by a run of another rule', () => {
    const waiting = run('other', NOW, { state: 'waiting' });
    expect(evaluate(interest, views(...THREE), [waiting]).fires).toBe(true);
  });
});

describe('cooldown', () => {
  it.each<[string, string, boolean]>([
    ['a day later', '2026-09-01T10:00:00+09:00', false],
    ['a millisecond before its end', '2026-08-19T10:00:00.001+09:00', false],
    ['at its end', '2026-08-19T10:00:00.000+09:00', true],
  ])('%s', (_, startedAt, fires) => {
    expect(evaluate(interest, views(...THREE), [run('interest', startedAt)]).fires).toBe(fires);
  });

  it('is not begun by a run that failed', () => {
    const failed = run('interest', '2026-09-01T10:00:00+09:00', { state: 'failed' });
    expect(evaluate(interest, views(...THREE), [failed]).fires).toBe(true);
  });
});

describe('the condition', () => {
  it('sees which runs are under way', async () => {
    const rule = await compiled('silent', `if: "!('handover' in runs)"\nthen: [ { chat.reply: { text: x } } ]`);
    expect(evaluate(rule, views(NOW), [run('handover', NOW, { state: 'waiting' })]).fires).toBe(false);
    expect(evaluate(rule, views(NOW), [run('handover', NOW, { state: 'done' })]).fires).toBe(true);
  });

  it('gives the reason when it cannot be computed', async () => {
    const rule = await compiled(
      'broken',
      `if: "days_since(person.birthday) > 3"\nthen: [ { chat.reply: { text: x } } ]`,
    );
    const result = evaluate(rule, views(NOW));
    expect(result).toMatchObject({ fires: false, reason: expect.any(String) });
  });

  it('fires on every trigger where there is none', async () => {
    const rule = await compiled('always', `then: [ { chat.reply: { text: x } } ]`);
    expect(evaluate(rule, views(NOW)).fires).toBe(true);
  });
});

describe('openRuns', () => {
  it('names the waiting runs, of several of one rule the newest', () => {
    const older = run('handover', '2026-09-01T00:00:00+09:00', { state: 'waiting' });
    const newer = run('handover', '2026-09-02T00:00:00+09:00', { state: 'waiting' });
    expect(openRuns([older, newer, run('done', NOW)])).toEqual({ handover: { id: newer.id } });
  });
});
