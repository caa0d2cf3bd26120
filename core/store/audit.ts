import { createHash } from 'node:crypto';
import type { JsonObject } from '../sdk/json.ts';
import type { Tx } from './database.ts';

export interface AuditEntry {
  /** `operator`, `musubi`, or an address such as `slack:T0:U0`. */
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: JsonObject;
}

const AUDIT_LOCK = 0x61756474;

/** Appends entries to the hash chain: each row's hash covers the one before it, so a changed or missing row shows. */
export async function appendAudit(tx: Tx, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await tx.query('select pg_advisory_xact_lock($1)', [AUDIT_LOCK]);
  const { rows } = await tx.query<{ hash: string }>('select hash from musubi.audit order by seq desc limit 1');
  let previous = rows[0]?.hash ?? '';
  for (const { actor, action, subject, detail } of entries) {
    const hash = createHash('sha256')
      .update(JSON.stringify([previous, actor, action, subject, detail]))
      .digest('hex');
    await tx.query(
      'insert into musubi.audit (actor, action, subject, detail, prev_hash, hash) values ($1, $2, $3, $4, $5, $6)',
      [actor, action, subject, detail, previous, hash],
    );
    previous = hash;
  }
}
