import { isUuid } from '../model/id.ts';
import { ConfigError } from '../sdk/errors.ts';
import type { JsonObject } from '../sdk/json.ts';
import { type EffectRow, effectsById } from '../store/effects.ts';
import { activityOfCause, effectsOfRun, gateDecisionsOf } from '../store/explain.ts';
import { findRun } from '../store/runs.ts';
import { plainReason } from './dead-reasons.ts';
import type { Terminal } from './terminal.ts';
import type { StoreAtHand } from './with-store.ts';

/** Why an effect is, or is not, on its way: its cause, what the gate said, what came of it. */
export async function showSend(store: StoreAtHand, terminal: Terminal, id: string): Promise<number> {
  const effect = isUuid(id) ? (await effectsById(store.db, [id])).get(id) : undefined;
  if (!effect)
    throw new ConfigError(`[why] no effect ${id}: give the id that musubi dead list or a log line shows`, {
      code: 'why_unknown',
    });
  const { print, pick } = terminal;
  print(`send:${effect.id}`);
  print(`  ${effect.connection}.${effect.action}  ${effect.kind}  ${pick('状態', 'state')} ${effect.state}`);
  if (effect.personId !== null) print(`  ${pick('相手', 'to')} person:${effect.personId}  (${effect.target})`);
  else print(`  ${pick('宛先', 'to')} ${effect.target}`);
  await showCause(effect, store, terminal);
  await showGate(effect, store, terminal);
  showOutcome(effect, store, terminal);
  await showFollowers(effect, store, terminal);
  return 0;
}

async function showCause(effect: EffectRow, { db, timeText }: StoreAtHand, { print, pick }: Terminal): Promise<void> {
  const activity = await activityOfCause(db, effect.cause);
  const what = activity === null ? '' : `  ${activity.kind}, ${timeText(activity.atMs)}`;
  print(`  ${pick('きっかけ', 'cause')} ${effect.cause}${what}`);
  if (activity?.inboxId) print(`    musubi why event ${activity.inboxId}`);
  if (effect.rule === null) return;
  const run = effect.runId === null ? null : await findRun(db, effect.runId);
  const version = run === null ? '' : ` (${run.ruleVersion})`;
  print(`  ${pick('ルール', 'rule')} ${effect.rule}${version}  ${pick('ステップ', 'step')} ${effect.step ?? '—'}`);
  if (run)
    print(
      `  ${pick('実行', 'run')} ${run.id}  ${run.state}, ${timeText(run.startedAtMs)}${run.reason === null ? '' : `  ${run.reason}`}`,
    );
  if (effect.answeredEffect !== null) print(`  ${pick('返答先', 'answers')} send:${effect.answeredEffect}`);
  if (effect.thread !== null) print(`  ${pick('スレッド', 'thread')} ${effect.thread}`);
}

async function showGate(effect: EffectRow, { db, timeText }: StoreAtHand, { print, pick }: Terminal): Promise<void> {
  for (const { atMs, stage, outcome, reason, detail } of await gateDecisionsOf(db, effect.id)) {
    const until = typeof detail.until === 'string' ? ` → ${timeText(Date.parse(detail.until))}` : '';
    print(`  ${pick('ゲート', 'gate')} ${timeText(atMs)}  ${stage}: ${outcome} (${reason})${until}`);
  }
}

function showOutcome(effect: EffectRow, { timeText }: StoreAtHand, terminal: Terminal): void {
  const { print, pick } = terminal;
  print(
    `  ${pick('計画', 'planned')} ${timeText(effect.plannedAtMs)}, ${pick('送信予定', 'due')} ${timeText(effect.dueAtMs)}, ${pick('試行', 'attempts')} ${effect.attempts}`,
  );
  if (effect.isAfterUnknown)
    print(`  ${pick('以前の応答が失われています', 'the answer to an earlier attempt was lost')}`);
  if (effect.code !== null)
    print(
      `  ${effect.code}: ${effect.code === 'gate' ? (effect.reason ?? '') : plainReason(effect.code, effect.reason, terminal)}`,
    );
  if (effect.reason !== null && effect.code !== 'gate') print(`  ${effect.reason}`);
  print(`  ${pick('内容', 'input')} ${shownJson(effect.input)}`);
  if (effect.result !== null) print(`  ${pick('結果', 'result')} ${shownJson(effect.result)}`);
}

/** A one-use token is a credential while it lives. */
const shownJson = (value: JsonObject): string =>
  JSON.stringify(value, (key, each: unknown) => (/token|secret/i.test(key) ? '(hidden)' : each));

/** A reply that became a push goes on as another effect of the same step. */
async function showFollowers(effect: EffectRow, { db }: StoreAtHand, { print, pick }: Terminal): Promise<void> {
  if (effect.state !== 'replaced' || effect.runId === null) return;
  const others = await effectsById(db, await effectsOfRun(db, effect.runId));
  for (const other of [...others.values()].sort((a, b) => a.seq - b.seq)) {
    if (other.step?.startsWith(`${effect.step}:`))
      print(`  ${pick('代わりの送信', 'went on as')} send:${other.id}  ${other.action}, ${other.state}`);
  }
}
