// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts as operators write them.
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../core/config/problem.ts';
import { CONTACTS, loadFiles, MAIN, RULE } from './workspace-folder.ts';

const GOOD = { 'musubi.yaml': MAIN, 'mappings/crm/contacts.yaml': CONTACTS, 'rules/lost-deal-revival.yaml': RULE };
const ENV = { CRM_TOKEN: 't' };

async function problemsOf(
  files: Record<string, string>,
  shipped: Record<string, string> = {},
  env: Record<string, string> = ENV,
) {
  const { workspace, problems } = await loadFiles({ ...GOOD, ...files }, shipped, env);
  if (problems.length > 0) expect(workspace).toBeNull();
  return problems.map(formatProblem);
}

describe('a workspace that is right', () => {
  it('is read with everything operators wrote', async () => {
    const { workspace, problems } = await loadFiles(GOOD, {}, ENV);
    expect(problems.map(formatProblem)).toEqual([]);
    expect(workspace).toMatchObject({
      name: 'sakura',
      timeZone: 'Asia/Tokyo',
      locale: 'ja',
      publicUrl: 'https://sakura.example.jp',
      connections: {
        'crm-jp': {
          connector: 'crm',
          pollMs: 60_000,
          settings: { token: 't', baseUrl: 'https://crm.example.com' },
          order: 0,
        },
        chat: { connector: 'chat', pollMs: null, order: 1 },
      },
      policy: {
        'person.phone': { rule: 'newest', onBlank: 'keep' },
        'person.jobTitle': { rule: 'owner', owner: 'crm-jp' },
        'deal.*': { rule: 'priority', priority: ['crm-jp', 'chat'], onBlank: 'ask' },
      },
      staff: [{ email: 'tanaka@example.co.jp', active: true }, { email: 'yamamoto@example.co.jp' }],
      calendar: { timeZone: 'Asia/Tokyo', businessHours: '09:00-18:00', extraHolidays: ['2026-12-29'] },
      gate: {
        quiet: { quietHours: '21:00-09:00', quietDays: ['sunday', 'holiday'] },
        cap: { count: 3, perMs: 604_800_000 },
      },
      intake: { maxPending: 5000 },
    });
    expect(workspace?.mappings.map(({ connector, object, entity }) => [connector, object, entity])).toEqual([
      ['crm', 'contacts', 'person'],
    ]);
    expect(workspace?.customFields.person?.favouriteProduct?.label).toEqual({
      ja: '好きな商品',
      en: 'Favourite product',
    });
  });

  it('has rules whose steps know their connection, action and place', async () => {
    const { workspace } = await loadFiles(GOOD, {}, ENV);
    const rule = workspace?.rules[0];
    expect(rule).toMatchObject({
      name: 'lost-deal-revival',
      per: 'deal',
      cooldownMs: 14 * 86_400_000,
      when: { activity: ['page_view', 'demo_view'] },
    });
    expect(rule?.points).toMatchObject({
      page_view: { give: 3, count: 3, withinMs: 172_800_000 },
      email_click: { give: 2, count: 1, withinMs: null, where: null },
    });
    const [alert, branch] = rule?.then ?? [];
    expect(alert).toMatchObject({
      type: 'action',
      path: 'then.0',
      connection: 'chat',
      connector: 'chat',
      action: 'alert',
      kind: 'staff',
      effectClass: 'C',
    });
    expect(branch).toMatchObject({
      type: 'if',
      path: 'then.1',
      // biome-ignore lint/suspicious/noThenProperty: the operators' own word.
      then: [{ type: 'wait', path: 'then.1.then.0', forMs: 86_400_000, at: null, days: 'any' }],
      else: [
        { type: 'wait', at: '10:00', days: 'business' },
        { type: 'action', path: 'then.1.else.1', kind: 'promotional', effectClass: 'D' },
      ],
    });
    expect(rule?.on.claim?.[0]).toMatchObject({ path: 'on.claim.0', action: 'alert' });
  });

  it('renders an action in the reader’s language, escaped for its channel, and holds it when a name is missing', async () => {
    const { workspace } = await loadFiles(GOOD, {}, ENV);
    const step = workspace?.rules[0]?.then[0];
    if (step?.type !== 'action') throw new Error('expected an action');
    const scope = { person: { lastName: '<田中>' }, run: { id: 'r1' } };
    expect(step.input.render(scope, 'ja')).toEqual({
      ok: { to: 'owner', text: '&lt;田中>様が料金ページを見ました', buttons: ['claim'] },
    });
    expect(step.input.render(scope, 'en')).toMatchObject({ ok: { text: '&lt;田中> saw the prices' } });
    expect(step.input.render({ person: { lastName: null } }, 'ja')).toEqual({ missing: ['person.lastName'] });
    expect(step.thread?.render(scope)).toEqual({ ok: 'revival/r1' });
  });

  it('changes the version of a rule only when its file changes', async () => {
    const version = async (rule: string) =>
      (await loadFiles({ ...GOOD, 'rules/lost-deal-revival.yaml': rule }, {}, ENV)).workspace?.rules[0]?.version;
    const first = await version(RULE);
    expect(first).toMatch(/^[0-9a-f]{12}$/);
    expect(await version(RULE)).toBe(first);
    expect(await version(`${RULE}\n# note\n`)).not.toBe(first);
  });

  it('takes shipped mappings, its own in place of a shipped one, and only the shipped rules it uses', async () => {
    const shipped = {
      'mappings/crm/contacts.yaml': 'broken: [',
      'mappings/crm/events.yaml': 'object: events\nentity: activity\nfields: { kind: { const: page_view } }\n',
      'mappings/unused/things.yaml': 'broken: [',
      'rules/welcome.yaml': RULE,
      'rules/broken.yaml': 'broken: [',
    };
    const main = `${MAIN}use: [welcome]\n`;
    const { workspace, problems } = await loadFiles({ ...GOOD, 'musubi.yaml': main }, shipped, ENV);
    expect(problems.map(formatProblem)).toEqual([]);
    expect(workspace?.mappings.map(({ object }) => object)).toEqual(['contacts', 'events']);
    expect(workspace?.rules.map(({ name }) => name)).toEqual(['lost-deal-revival', 'welcome']);
  });
});

describe('what is wrong in musubi.yaml', () => {
  it('names connection and key of every variable that is not set, and repeats no value', async () => {
    expect(await problemsOf({}, {}, {})).toEqual([
      'musubi.yaml:4:37 connections.crm-jp.token: the environment variable CRM_TOKEN is not set (connection "crm-jp", key "token")',
    ]);
  });

  it('is found in one run, with place and what was meant', async () => {
    const main = MAIN.replace('connector: chat', 'connector: caht')
      .replace('person.phone', 'person.phnoe')
      .replace('owner: crm-jp', 'owner: crmjp')
      .replace('manager: yamamoto@', 'manager: yamamotoo@');
    const problems = await problemsOf({
      'musubi.yaml': main,
      'rules/lost-deal-revival.yaml': RULE.replace('page_view, demo', 'page_veiw, demo'),
    });
    expect(problems).toEqual([
      expect.stringMatching(
        /^musubi\.yaml:5:24 connections\.chat\.connector: no connector "caht".*did you mean "chat"\?/,
      ),
      expect.stringMatching(
        /^musubi\.yaml:7:3 policy\.person\.phnoe: person has no field "phnoe".*did you mean "phone"\?/,
      ),
      expect.stringMatching(
        /^musubi\.yaml:8:29 policy\.person\.jobTitle\.owner: no connection "crmjp".*did you mean "crm-jp"\?/,
      ),
      expect.stringMatching(
        /^musubi\.yaml:14:\d+ staff\.0\.manager: the manager is not in the staff list \(did you mean "yamamoto@example.co.jp"\?\)/,
      ),
      expect.stringMatching(
        /^rules\/lost-deal-revival\.yaml:3:20 when\.activity\.0: no activity kind "page_veiw".*did you mean "page_view"\?/,
      ),
      expect.stringContaining('musubi.yaml has no connection of chat'),
      expect.stringContaining('musubi.yaml has no connection of chat'),
      expect.stringContaining('musubi.yaml has no connection of chat'),
    ]);
  });

  it.each([
    ['workspce: { name: a }', /unknown key.*did you mean "workspace"\?/],
    ['workspace: { name: a, timeZone: Asia/Tokio }', /workspace\.timeZone: not a time zone name/],
    ['workspace: { name: a, locale: jp }', /workspace\.locale: not one of: ja, en/],
    ['workspace: { name: a }\ngate: { quietHours: 21-9 }', /gate\.quietHours: .*expected a span such as "09:00-18:00"/],
    ['workspace: { name: a }\ngate: { quietDays: [sundy] }', /quietDays\.0: not one of.*did you mean "sunday"\?/],
    ['workspace: { name: a }\ncalendar: { extraHolidays: [2026-02-30] }', /extraHolidays\.0: expected a date/],
    ['workspace: { name: a }\npolicy: { person.phone: newst }', /policy\.person\.phone: .*newest/],
    [
      'workspace: { name: a }\npolicy: { person.phone: { ownr: x } }',
      /unknown key; allowed: rule, owner, priority, onBlank \(did you mean "owner"\?\)/,
    ],
    [
      'workspace: { name: a }\nconnections: { crm: { connector: crm, tokn: x } }',
      /connections\.crm\.tokn: unknown key; allowed: token, baseUrl.*did you mean "token"\?/,
    ],
    ['workspace: { name: a }\nconnections: { crm: { connector: crm, token: "" } }', /connections\.crm\.token: /],
    [
      'workspace: { name: a }\ncustomFields: { person: { email: { type: string } } }',
      /person already has a field of this name/,
    ],
    [
      'workspace: { name: a }\ncustomFields: { person: { x: { type: strng } } }',
      /type: not one of.*did you mean "string"\?/,
    ],
    [
      'workspace: { name: a }\nuse: [lost-deal-revivl]',
      /use\.0: there is no rule "lost-deal-revivl".*did you mean "lost-deal-revival"\?/,
    ],
    ['workspace: { name: "${nope" }', /workspace\.name/],
    ['', /./],
  ])('says so: %s', async (main, message) => {
    const { problems } = await loadFiles({ 'musubi.yaml': main, 'rules/lost-deal-revival.yaml': RULE }, {}, ENV);
    const lines = problems.map(formatProblem);
    expect(
      lines.some((line) => message.test(line)),
      lines.join('\n'),
    ).toBe(true);
  });

  it('says when there is none', async () => {
    const { problems } = await loadFiles({});
    expect(problems.map(formatProblem)).toEqual([
      'musubi.yaml:1:1 there is no such file: a workspace is a folder with a musubi.yaml',
    ]);
  });
});

describe('what is wrong in a mapping', () => {
  it.each([
    ['  emial: { at: properties.email }', /fields\.emial: person has no field "emial".*did you mean "email"\?/],
    [
      '  industry: { at: a, values: { x: B }, onUnknow: skip }',
      /fields\.industry\.onUnknow: unknown key.*did you mean "onUnknown"\?/,
    ],
    [
      '  buyerStage: { at: a, values: { x: loyall } }',
      /values\.x: buyerStage has no code "loyall".*did you mean "loyal"\?/,
    ],
    ['  department: { at: "a..b" }', /fields\.department\.at: not a path/],
    ['  department: { at: "a.__proto__.b" }', /fields\.department\.at: not a path/],
    ['  department: { at: a, cel: "r.b" }', /only one of at, cel and const/],
    ['  department: { write: true }', /needs one of at, cel, const and to/],
    ['  department: { at: a, as: strng }', /fields\.department\.as: not one of/],
    [
      '  department: { cel: "r.a +" }',
      /^mappings\/crm\/contacts\.yaml:19:28 fields\.department\.cel: Unexpected token/,
    ],
    ['  department: { cel: "x.a" }', /:19:23 fields\.department\.cel: there is no "x" here/],
    ['  department: { cel: "r.a.matches(\'a+\')" }', /there is no method "matches".*write re\(text, 'pattern'\)/],
  ])('says so: %s', async (line, message) => {
    const problems = await problemsOf({ 'mappings/crm/contacts.yaml': CONTACTS.replace('links:', `${line}\nlinks:`) });
    expect(
      problems.some((problem) => message.test(problem)),
      problems.join('\n'),
    ).toBe(true);
  });

  it('says when the folder is no connector, the name differs or evidence is not mapped', async () => {
    const problems = await problemsOf({
      'mappings/crn/contacts.yaml': CONTACTS,
      'mappings/crm/contacts.yaml': CONTACTS.replace('object: contacts', 'object: contact').replace(
        '[email, phone]',
        '[email, mobile]',
      ),
      'mappings/crm/events.yaml': 'object: events\nentity: activity\nfields: { kind: { const: page_veiw } }\n',
    });
    expect(problems).toEqual([
      expect.stringMatching(
        /^mappings\/crm\/contacts\.yaml:2:9 object: differs from the file name: expected "contacts"/,
      ),
      expect.stringMatching(/^mappings\/crm\/contacts\.yaml:4:19 identify\.1: fields: does not map "mobile"/),
      expect.stringMatching(
        /^mappings\/crm\/events\.yaml:3:26 fields\.kind\.const: kind has no code "page_veiw".*did you mean "page_view"\?/,
      ),
      expect.stringMatching(/^mappings\/crn\/contacts\.yaml:1:1 .*no connector "crn".*did you mean "crm"\?/),
    ]);
  });
});

describe('what is wrong in a rule', () => {
  it.each([
    [
      'chat.alert: { to: owner',
      'chat.alrt: { to: owner',
      /then\.0\.chat\.alrt: chat has no action "alrt".*did you mean "alert"\?/,
    ],
    ['chat.alert: { to: owner', 'caht.alert: { to: owner', /no connector "caht".*did you mean "chat"\?/],
    ['to: owner,', 'to: ownr,', /then\.0\.chat\.alert\.to: not one of: owner, manager \(did you mean "owner"\?\)/],
    ['to: owner,', 'too: owner,', /then\.0\.chat\.alert\.too: unknown key.*did you mean "to"\?/],
    ['to: owner,', 'priority: high,', /then\.0\.chat\.alert\.priority: expected/],
    [
      '#cs-urgent',
      '#cs-urgnt',
      /on\.claim\.0\.chat\.alert\.channel: no channel "cs-urgnt".*did you mean "cs-urgent"\?/,
    ],
    ['#cs-urgent', 'cs-urgnt', /no channel "cs-urgnt"/],
    [
      '{{ person.lastName }} saw',
      '{{ person.lastNmae }} saw',
      /text\.en: person has no "lastNmae".*did you mean "lastName"\?/,
    ],
    ['{{ run.id }}', '{{ run.idd }}', /then\.0\.thread: run has no "idd"/],
    ['staff_by.name }}', 'staff_by.name | upcas }}', /undefined filter: upcas.*did you mean "upcase"\?/],
    ["deal.status == 'lost'", "deal.status == 'lots'", /:5:21 if: deal\.status is never "lots".*did you mean "lost"\?/],
    ['per: deal', 'per: person', /if: there is no "deal" here/],
    ['per: deal', 'per: dael', /per: not one of: person, deal/],
    ['email_click: 2', 'email_clik: 2', /points\.email_clik: no activity kind.*did you mean "email_click"\?/],
    ['within: 48h', 'within: 48', /within/],
    ['cooldown: 14d', 'cooldown: two weeks', /cooldown: expected a duration/],
    ['is_blank(person.email)', 'person.email', /then\.1\.if: a condition must be true or false; this is dyn<string>/],
    ['days: business', 'days: busines', /then\.1\.else\.0\.wait/],
    ['kind: promotional', 'kind: promo', /then\.1\.else\.1\.kind: not one of: promotional, transactional, staff/],
    [
      '    thread:',
      '    connection: chatt\n    thread:',
      /connection: no connection "chatt" of chat.*did you mean "chat"\?/,
    ],
    [
      'when: { activity: [page_view, demo_view] }',
      'when: { change: [person.lifecycleStag] }',
      /when\.change\.0: person has no field "lifecycleStag".*did you mean "lifecycleStage"\?/,
    ],
    ['now: "2026-09-02T10:00:00+09:00"', 'now: yesterday', /tests\.0\.given\.now/],
    ['then: [ { wait: 1d } ]', 'then: [ { wait: 1d, chat.reply: { text: a } } ]', /a step is exactly one of/],
  ])('says so: %s → %s', async (before, after, message) => {
    expect(RULE).toContain(before);
    const problems = await problemsOf({ 'rules/lost-deal-revival.yaml': RULE.replace(before, after) });
    expect(
      problems.some((problem) => message.test(problem)),
      problems.join('\n'),
    ).toBe(true);
  });

  it('asks which connection is meant when there are several', async () => {
    const main = MAIN.replace('policy:', '  chat-b: { connector: chat, botToken: y }\npolicy:');
    const problems = await problemsOf({ 'musubi.yaml': main });
    expect(problems).toHaveLength(3);
    expect(problems[0]).toMatch(
      /rules\/lost-deal-revival\.yaml:9:5 then\.0\.chat\.alert: several connections of chat: add connection: with one of chat, chat-b/,
    );
    expect(
      await problemsOf({
        'musubi.yaml': main,
        'rules/lost-deal-revival.yaml': RULE.replaceAll(
          /(- chat|\[ \{ chat)\.(\w+): (\{.*?\})(?= \}|\n)/g,
          '$1.$2: $3',
        ).replace('    thread:', '    connection: chat-b\n    thread:'),
      }),
    ).toHaveLength(2);
  });
});
