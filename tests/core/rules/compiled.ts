import type { CompiledRule } from '../../../core/config/compile-rule.ts';
import { createCalendar } from '../../../core/model/calendar.ts';
import type { ActivityRow } from '../../../core/store/activities.ts';
import type { RunRow } from '../../../core/store/runs.ts';
import { loadFiles } from '../config/workspace-folder.ts';

const MAIN = `
workspace: { name: sakura }
connections: { chat: { connector: chat, botToken: x } }
`;

export const calendar = createCalendar({ timeZone: 'Asia/Tokyo' });

/** A rule as an operator writes it, compiled as the hub does; title and trigger are given when the text has none. */
export async function compiled(name: string, text: string): Promise<CompiledRule> {
  const whole = `title: { ja: 試し, en: Trial }\n${text.includes('when:') ? '' : 'when: { activity: page_view }\n'}${text}`;
  const { workspace, problems } = await loadFiles({ 'musubi.yaml': MAIN, [`rules/${name}.yaml`]: whole });
  const [rule] = workspace?.rules ?? [];
  if (!rule) throw new Error(problems.map((one) => `${one.line}:${one.col} ${one.message}`).join('\n'));
  return rule;
}

export const ms = (text: string) => Date.parse(text);
export const at = (nowMs: number) => ({ nowMs, calendar });

let counter = 0;

export const activity = (occurredAt: string, more: Partial<ActivityRow> = {}): ActivityRow => ({
  id: `activity-${counter++}`,
  kind: 'page_view',
  direction: 'in',
  occurredAtMs: ms(occurredAt),
  connection: 'site',
  sourceEventId: `event-${counter}`,
  personId: 'p',
  linkId: null,
  subject: null,
  body: null,
  channel: 'web',
  durationSec: null,
  outcome: null,
  metadata: { path: '/pricing' },
  inboxId: null,
  mappingVersion: null,
  ...more,
});

export const run = (rule: string, startedAt: string, more: Partial<RunRow> = {}): RunRow => ({
  id: `run-${counter++}`,
  rule,
  ruleVersion: 'v1',
  subjectType: 'person',
  subjectId: 'p',
  personId: 'p',
  cause: 'site:event-1',
  state: 'done',
  position: null,
  resumeAtMs: null,
  vars: {},
  reason: null,
  startedAtMs: ms(startedAt),
  endedAtMs: ms(startedAt),
  ...more,
});
