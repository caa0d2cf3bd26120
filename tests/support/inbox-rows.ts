import { createIdSource } from '../../core/model/id.ts';
import type { NewDelivery, NewInboxRow } from '../../core/store/inbox.ts';

const source = createIdSource();
export const newId = () => source(Date.now());

/** A delivery with one row per event. */
export function delivery(
  connection: string,
  events: readonly (Partial<NewInboxRow> & { dedupKey: string })[],
): NewDelivery {
  const id = newId();
  return {
    id,
    connection,
    headers: { 'content-type': 'application/json' },
    rawBase64: Buffer.from(`raw of ${id}`).toString('base64'),
    events: events.map((event) => ({
      id: newId(),
      deliveryId: id,
      connection,
      externalId: event.dedupKey,
      bodyHash: 'hash',
      recordKey: event.dedupKey,
      lane: 0,
      occurredAt: '2026-09-01T01:00:00.000Z',
      payload: '{}',
      state: 'pending',
      reason: null,
      ...event,
    })),
  };
}
