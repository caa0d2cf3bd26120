import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CompiledStep } from '../../../core/config/compile-rule.ts';
import type { RuleScope } from '../../../core/config/expressions.ts';
import { runSteps } from '../../../core/rules/run-steps.ts';
import type { JsonObject } from '../../../core/sdk/json.ts';
import { at, calendar, compiled, ms } from './compiled.ts';

const scopeOf = (person: JsonObject): RuleScope => ({ activity: null, person, deal: null, points: 0, runs: {} });

const walk = (steps: readonly CompiledStep[], from: string | null, person: JsonObject, now: string) => {
  const progress = runSteps(steps, from, { scope: scopeOf(person), context: at(ms(now)), calendar });
  return { ...progress, actions: progress.actions.map((step) => step.path) };
};

const NOW = '2026-09-18T15:30:00+09:00'; // Friday before three public holidays

const stepsOf = async (text: string) => (await compiled('trial', `then:\n${text}`)).then;

const SAY = '  - chat.reply: { text: x }\n';

describe('the way through the steps', () => {
  it('takes every action up to the end', async () => {
    expect(walk(await stepsOf(SAY + SAY), null, {}, NOW)).toEqual({ state: 'done', actions: ['then.0', 'then.1'] });
  });

  it('takes one branch, then what stands behind both', async () => {
    const steps = await stepsOf(`
  - if: "person.lastName == '佐藤'"
    then: [ { chat.reply: { text: a } } ]
    else: [ { chat.reply: { text: b } }, { chat.reply: { text: c } } ]
${SAY}`);
    expect(walk(steps, null, { lastName: '佐藤' }, NOW).actions).toEqual(['then.0.then.0', 'then.1']);
    expect(walk(steps, null, { lastName: '鈴木' }, NOW).actions).toEqual(['then.0.else.0', 'then.0.else.1', 'then.1']);
    expect(walk(steps, null, {}, NOW).actions).toEqual(['then.0.else.0', 'then.0.else.1', 'then.1']);
  });

  it('stops at a wait and takes up behind it', async () => {
    const steps = await stepsOf(`${SAY}  - wait: 24h\n${SAY}`);
    expect(walk(steps, null, {}, NOW)).toEqual({
      state: 'waiting',
      actions: ['then.0'],
      at: 'then.1',
      resumeAtMs: ms('2026-09-19T15:30:00+09:00'),
    });
    expect(walk(steps, 'then.1', {}, NOW)).toEqual({ state: 'done', actions: ['then.2'] });
  });

  it('takes up inside the branch it waited in, whatever the condition says by then', async () => {
    const steps = await stepsOf(`
  - if: "person.lastName == '佐藤'"
    then:
      - chat.reply: { text: a }
      - if: "is_blank(person.email)"
        then: [ { wait: 1h }, { chat.reply: { text: b } } ]
      - chat.reply: { text: c }
    else: [ { wait: 2h }, { chat.reply: { text: d } } ]
${SAY}`);
    expect(walk(steps, null, { lastName: '佐藤' }, NOW)).toMatchObject({
      actions: ['then.0.then.0'],
      at: 'then.0.then.1.then.0',
    });
    expect(walk(steps, 'then.0.then.1.then.0', { lastName: '鈴木', email: 'a@example.jp' }, NOW)).toEqual({
      state: 'done',
      actions: ['then.0.then.1.then.1', 'then.0.then.2', 'then.1'],
    });
    expect(walk(steps, 'then.0.else.0', { lastName: '佐藤' }, NOW).actions).toEqual(['then.0.else.1', 'then.1']);
  });

  it('passes through two waits one after the other', async () => {
    const steps = await stepsOf(`  - wait: 1h\n${SAY}  - wait: 1h\n${SAY}`);
    expect(walk(steps, null, {}, NOW)).toMatchObject({ at: 'then.0', actions: [] });
    expect(walk(steps, 'then.0', {}, NOW)).toMatchObject({ at: 'then.2', actions: ['then.1'] });
    expect(walk(steps, 'then.2', {}, NOW)).toEqual({ state: 'done', actions: ['then.3'] });
  });

  it('is not confused by more than ten steps', async () => {
    const steps = await stepsOf(`  - wait: 1h\n${SAY.repeat(9)}  - wait: 1h\n${SAY}`);
    expect(walk(steps, 'then.10', {}, NOW).actions).toEqual(['then.11']);
    expect(walk(steps, 'then.0', {}, NOW)).toMatchObject({ at: 'then.10' });
  });

  it.each(['then.0', 'then.7', 'then.1.then.0', 'nonsense'])(
    'says that the rule was changed when %s is no wait',
    async (from) => {
      const steps = await stepsOf(`${SAY}  - wait: 1h\n`);
      expect(() => walk(steps, from, {}, NOW)).toThrow('the rule was changed');
    },
  );
});

describe('how long a wait is', () => {
  it.each<[string, string, string, string]>([
    ['hours', '36h', NOW, '2026-09-20T03:30:00+09:00'],
    ['days, any', '{ for: 3d }', NOW, '2026-09-21T15:30:00+09:00'],
    [
      'business days over a weekend and three holidays',
      '{ for: 1d, days: business }',
      NOW,
      '2026-09-24T15:30:00+09:00',
    ],
    ['three business days', '{ for: 3d, days: business }', NOW, '2026-09-28T15:30:00+09:00'],
    ['to a time of day', '{ for: 3d, at: "10:00" }', NOW, '2026-09-21T10:00:00+09:00'],
    [
      'to a time of day on a business day',
      '{ for: 3d, at: "10:00", days: business }',
      NOW,
      '2026-09-24T10:00:00+09:00',
    ],
    ['hours, then a time of day', '{ for: 2h, at: "16:00" }', NOW, '2026-09-19T16:00:00+09:00'],
    ['hours, then a time of day still to come', '{ for: 2h, at: "18:00" }', NOW, '2026-09-18T18:00:00+09:00'],
    [
      'a day from before that time of day',
      '{ for: 1d, at: "10:00" }',
      '2026-09-01T09:00:00+09:00',
      '2026-09-02T10:00:00+09:00',
    ],
    [
      'two weeks to a time of day',
      '{ for: 2w, at: "09:00" }',
      '2026-09-01T23:59:00+09:00',
      '2026-09-15T09:00:00+09:00',
    ],
  ])('%s', async (_, wait, now, expected) => {
    const steps = await stepsOf(`  - wait: ${wait}\n${SAY}`);
    const progress = walk(steps, null, {}, now);
    expect(progress.state === 'waiting' && new Date(progress.resumeAtMs).toISOString()).toBe(
      new Date(expected).toISOString(),
    );
  });
});

describe('for any steps', () => {
  const condition = { source: 'flag', test: (scope: RuleScope) => ({ value: scope.person?.flag === true }) };
  const action = (path: string) => ({ type: 'action', path }) as CompiledStep;
  type Tree = { kind: 'action' } | { kind: 'wait' } | { kind: 'if'; then: Tree[]; else: Tree[] };
  const { trees } = fc.letrec<{ tree: Tree; trees: Tree[] }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<Tree>({ kind: 'action' }, { kind: 'wait' }),
      fc.record({ kind: fc.constant('if' as const), then: tie('trees'), else: tie('trees') }),
    ),
    trees: fc.array(tie('tree'), { maxLength: 4 }),
  }));
  const build = (list: readonly Tree[], path: string): CompiledStep[] =>
    list.map((tree, index): CompiledStep => {
      const own = `${path}.${index}`;
      if (tree.kind === 'action') return action(own);
      if (tree.kind === 'wait') return { type: 'wait', path: own, forMs: 1, at: null, days: 'any' };
      return {
        type: 'if',
        path: own,
        condition,
        then: build(tree.then, `${own}.then`),
        else: build(tree.else, `${own}.else`),
      } as CompiledStep;
    });
  const straight = (steps: readonly CompiledStep[], flag: boolean): string[] =>
    steps.flatMap((step) => {
      if (step.type === 'action') return [step.path];
      if (step.type === 'wait') return [];
      return straight(flag ? step.then : step.else, flag);
    });

  it('waiting and going on reaches every action of the way, once and in order', () => {
    fc.assert(
      fc.property(trees, fc.boolean(), (list, flag) => {
        const steps = build(list, 'then');
        const seen: string[] = [];
        let from: string | null = null;
        for (;;) {
          const progress = runSteps(steps, from, { scope: scopeOf({ flag }), context: at(0), calendar });
          seen.push(...progress.actions.map((step) => step.path));
          if (progress.state === 'done') break;
          from = progress.at;
        }
        expect(seen).toEqual(straight(steps, flag));
      }),
      { numRuns: 1_000 },
    );
  });
});
