import { describe, expect, it } from 'vitest';
import { indexRules } from '../../../core/rules/rule-index.ts';
import { compiled } from './compiled.ts';

const POST = 'chat.alert: { text: x }';

describe('the index of rules', () => {
  it('finds a rule by each kind and each field it names, once, in the order of the files', async () => {
    const index = indexRules([
      await compiled('one', `when: { activity: [page_view, line_message, page_view] }\nthen: [ { ${POST} } ]`),
      await compiled('two', `when: { activity: page_view }\nthen: [ { ${POST} } ]`),
      await compiled('three', `when: { change: [person.jobTitle, deal.status] }\nthen: [ { ${POST} } ]`),
    ]);
    const named = (rules: readonly { name: string }[] | undefined) => rules?.map((rule) => rule.name);
    expect(named(index.byActivity.get('page_view'))).toEqual(['one', 'two']);
    expect(named(index.byActivity.get('line_message'))).toEqual(['one']);
    expect(named(index.byChange.get('deal.status'))).toEqual(['three']);
    expect(named(index.byChange.get('person.jobTitle'))).toEqual(['three']);
    expect(index.byActivity.get('purchase')).toBeUndefined();
    expect(index.byChange.get('page_view')).toBeUndefined();
    expect([...index.byName.keys()]).toEqual(['one', 'two', 'three']);
  });

  it('of no rules asks for nothing', () => {
    const index = indexRules([]);
    expect([index.longestCooldownMs, index.longestWindowMs, index.byName.size]).toEqual([0, null, 0]);
  });

  it('knows the longest cooldown and the longest window, so that one read serves all rules', async () => {
    const counting = (name: string, cooldown: string, within: string) =>
      compiled(
        name,
        `points: { page_view: { count: 2, give: 1, within: ${within} } }\ncooldown: ${cooldown}\nthen: [ { ${POST} } ]`,
      );
    const index = indexRules([await counting('a', '1d', '30d'), await counting('b', '14d', '2h')]);
    expect(index.longestCooldownMs).toBe(14 * 86_400_000);
    expect(index.longestWindowMs).toBe(30 * 86_400_000);
  });

  it('takes the usual window of signs where a rule names none', async () => {
    const index = indexRules([await compiled('a', `points: { page_view: 2 }\nthen: [ { ${POST} } ]`)]);
    expect(index.longestWindowMs).toBe(7 * 86_400_000);
  });

  describe('knows what must be read before a rule', () => {
    const quoting = 'chat.alert: { text: "{{ history.first.text }}" }';
    const promotional = `${POST}, kind: promotional`;
    it.each<[string, string, { history: boolean; consents: boolean }]>([
      ['nothing', `then: [ { ${POST} } ]`, { history: false, consents: false }],
      ['history: it counts', `points: { page_view: 1 }\nthen: [ { ${POST} } ]`, { history: true, consents: false }],
      ['history: it shows it', `then: [ { ${quoting} } ]`, { history: true, consents: false }],
      [
        'history: it shows it in a branch, behind a wait',
        `then: [ { wait: 1h }, { if: "true", then: [ { wait: 1h } ], else: [ { if: "true", then: [ { ${quoting} } ] } ] } ]`,
        { history: true, consents: false },
      ],
      [
        'history: a button shows it',
        `then: [ { ${POST} } ]\non: { claim: [ { ${quoting} } ] }`,
        { history: true, consents: false },
      ],
      ['consents: it promotes', `then: [ { ${promotional} } ]`, { history: false, consents: true }],
      [
        'consents: a button promotes, in a branch',
        `then: [ { ${POST} } ]\non: { claim: [ { if: "true", then: [ { ${promotional} } ] } ] }`,
        { history: false, consents: true },
      ],
    ])('%s', async (_, text, needs) => {
      const rule = await compiled('one', text);
      expect(indexRules([rule]).needs.get('one')).toEqual(needs);
    });
  });
});
