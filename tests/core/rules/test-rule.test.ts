import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../core/config/problem.ts';
import { createCalendar } from '../../../core/model/calendar.ts';
import { testRule } from '../../../core/rules/test-rule.ts';
import { setupOf } from '../../support/workspace.ts';

const context = {
  calendar: createCalendar({ timeZone: 'Asia/Tokyo' }),
  timeZone: 'Asia/Tokyo',
  customFields: { person: { trialEndsAt: { type: 'datetime', label: { ja: '試用終了', en: 'Trial ends' } } } },
} as const;

const MAIN_EXTRA = `
workspace: { name: sakura }
connections:
  slack: { connector: slack, botToken: xoxb-1, signingSecret: s, apiUrl: "http://127.0.0.1:9" }
customFields: { person: { trialEndsAt: { type: datetime } } }
channels: { sales: C0SALES001 }
`;

/** What the tests of a rule say, one line a failure, without the file. */
async function failuresOf(rule: string): Promise<string[]> {
  const setup = await setupOf({ 'musubi.yaml': MAIN_EXTRA, 'rules/probe.yaml': rule });
  const compiled = setup.rules.byName.get('probe');
  if (!compiled) throw new Error('the rule was not loaded');
  return testRule(compiled, context).map(formatProblem);
}

const NOW = 'now: "2026-10-07T10:00:00+09:00"';
const ALERT = 'slack.post-message: { channel: sales, text: "見込みがあります" }';

describe('the tests a rule carries', () => {
  it('hold when the rule does what they expect', async () => {
    const rule = `
title: { ja: 料金, en: Pricing }
when: { activity: page_view }
if: "points >= 3 && person.trialEndsAt > now"
points: { page_view: { where: "activity.path == '/pricing'", count: 2, within: 48h, give: 3 } }
then: [ { ${ALERT} } ]
tests:
  - given:
      ${NOW}
      activity: { path: /pricing }
      person: { trialEndsAt: "2026-10-08T00:00:00+09:00" }
      history: [ { kind: page_view, at: "2026-10-06T10:00:00+09:00", metadata: { path: /pricing } } ]
    expect: { fires: true, actions: [slack.post-message] }
  - given:
      ${NOW}
      activity: { path: /pricing }
      person: { trialEndsAt: "2026-10-08T00:00:00+09:00" }
      history: [ { kind: page_view, at: "2026-10-04T10:00:00+09:00", path: /pricing } ]
    expect: { fires: false }
  - given:
      ${NOW}
      activity: { path: /pricing }
      person: { trialEndsAt: "2026-10-06T00:00:00+09:00" }
      history: [ { kind: page_view, at: "2026-10-06T10:00:00+09:00", path: /pricing } ]
    expect: { fires: false, actions: [] }
`;
    expect(await failuresOf(rule)).toEqual([]);
  });

  it('name place, what was expected, what came and why', async () => {
    const rule = `
title: { ja: 一言, en: Word }
when: { activity: line_message }
if: "has_keyword(activity.body, '見積')"
then: [ { ${ALERT} } ]
tests:
  - given: { ${NOW}, activity: { body: こんにちは } }
    expect: { fires: true }
  - given: { ${NOW}, activity: { body: お見積り } }
    expect: { fires: true, actions: [slack.alert] }
  - given: { ${NOW}, activity: { kind: page_view } }
    expect: { fires: true }
  - given: { ${NOW}, activity: { body: お見積り }, history: [ { kind: page_view, at: 昨日 } ] }
    expect: { fires: true }
`;
    expect(await failuresOf(rule)).toEqual([
      'rules/probe.yaml:7:5 tests.0: expected {"fires":true}, got {"fires":false} (the condition is false)',
      'rules/probe.yaml:9:5 tests.1: expected {"fires":true,"actions":["slack.alert"]}, got {"fires":true,"actions":["slack.post-message"]}',
      'rules/probe.yaml:11:5 tests.2: expected {"fires":true}, got {"fires":false} (page_view does not wake it; it looks at line_message)',
      'rules/probe.yaml:13:5 tests.3: given.history.0.at: expected a time such as 2026-09-01T10:00:00+09:00',
    ]);
  });

  it('walk through the waits, with the clock moved on', async () => {
    const rule = `
title: { ja: ステップ, en: Steps }
when: { activity: line_message }
then:
  - wait: 1d
  - ${ALERT}
  - if: "hours_since(activity.occurredAt) >= 24.0"
    then:
      - wait: { for: 3d, at: "10:00" }
      - slack.alert: { to: owner, text: "続き" }
tests:
  - given: { ${NOW} }
    expect: { fires: true, actions: [slack.post-message, slack.alert] }
`;
    expect(await failuresOf(rule)).toEqual([]);
  });

  it('know other runs of the person, and a run of the rule itself', async () => {
    const rule = `
title: { ja: 追客, en: Follow up }
when: { activity: line_message }
if: "!('handover' in runs)"
then: [ { ${ALERT} } ]
tests:
  - given: { ${NOW}, runs: { handover: { id: "1" } } }
    expect: { fires: false }
  - given: { ${NOW}, runs: { other: { id: "1" } } }
    expect: { fires: true }
  - given: { ${NOW}, runs: { probe: { id: "1" } } }
    expect: { fires: false }
`;
    expect(await failuresOf(rule)).toEqual([]);
  });

  it('look at a deal, and at a field that changed', async () => {
    const deal = `
title: { ja: 失注, en: Lost }
when: { change: [deal.status] }
per: deal
if: "deal.status == 'lost' && days_since(deal.closedAt) >= 60.0"
then: [ { ${ALERT} } ]
tests:
  - given: { ${NOW}, deal: { status: lost, closedAt: "2026-07-01T00:00:00+09:00" } }
    expect: { fires: true, actions: [slack.post-message] }
  - given: { ${NOW}, deal: { status: lost, closedAt: "2026-10-01T00:00:00+09:00" } }
    expect: { fires: false }
  - given: { ${NOW} }
    expect: { fires: false }
`;
    expect(await failuresOf(deal)).toEqual([]);
  });
});
