import { isUuid } from '../model/id.ts';
import { ConfigError } from '../sdk/errors.ts';
import { effectsById } from '../store/effects.ts';
import {
  activitiesOfEvent,
  changesOfEvent,
  type ExplainedEvent,
  effectsOfActivities,
  findEvents,
} from '../store/explain.ts';
import type { Terminal } from './terminal.ts';
import type { StoreAtHand } from './with-store.ts';

/** What came of an event, found by our inbox id or the vendor's own id. */
export async function showEvent(store: StoreAtHand, terminal: Terminal, id: string): Promise<number> {
  const events = await findEvents(store.db, isUuid(id) ? id : null, id);
  if (events.length === 0)
    throw new ConfigError(`[why] no event ${id}: give its inbox id or the tool's own id`, { code: 'why_unknown' });
  for (const event of events) await showOne(event, store, terminal);
  return 0;
}

async function showOne(event: ExplainedEvent, { db, timeText }: StoreAtHand, { print, pick }: Terminal): Promise<void> {
  print(`event:${event.id}`);
  print(`  ${event.connection}  ${event.externalId}`);
  print(
    `  ${pick('発生', 'happened')} ${timeText(event.occurredAtMs)}, ${pick('受信', 'received')} ${timeText(event.receivedAtMs)} (${pick('配信', 'delivery')} ${event.deliveryId})`,
  );
  const done = event.processedAtMs === null ? '' : `, ${timeText(event.processedAtMs)}`;
  print(`  ${pick('状態', 'state')} ${event.state}${done}, ${pick('試行', 'attempts')} ${event.attempts}`);
  if (event.reason !== null) print(`  ${event.reason}`);
  if (event.mappingVersion !== null) print(`  ${pick('マッピング', 'mapping')} ${event.mappingVersion}`);
  const activities = await activitiesOfEvent(db, event.id);
  for (const { kind, personId } of activities) {
    print(
      `  ${pick('行動', 'activity')} ${kind}  ${personId === null ? pick('誰のものか未確定', 'nobody knows yet whose') : `person:${personId}`}`,
    );
  }
  for (const { entityType, entityId, field, outcome, after, policy } of await changesOfEvent(db, event.id)) {
    const word = outcome === 'applied' ? pick('変更', 'change') : pick('採用されなかった値', 'lost');
    print(`  ${word} ${entityType}:${entityId} ${field} = ${JSON.stringify(after)}  (${policy})`);
  }
  const effects = await effectsById(db, await effectsOfActivities(db, activities));
  for (const { id, connection, action, rule, state } of [...effects.values()].sort((a, b) => a.seq - b.seq)) {
    print(`  send:${id}  ${connection}.${action}, ${pick('ルール', 'rule')} ${rule ?? '—'}, ${state}`);
  }
}
