import type { Queryable } from './database.ts';

/** How a connection does: shown by `musubi status`. */
export interface ConnectionState {
  readonly connection: string;
  readonly state: 'ok' | 'resting' | 'needs_reauth';
  readonly lastError: string | null;
  readonly lastErrorAt: Date | null;
  readonly lastOkAt: Date | null;
}

/** A call went well. */
export async function noteConnectionOk(db: Queryable, connections: readonly string[]): Promise<void> {
  if (connections.length === 0) return;
  await db.query(
    `insert into musubi.connection_states (connection, state, last_ok_at) select c, 'ok', now() from jsonb_array_elements_text($1::jsonb) as c
     on conflict (connection) do update set state = 'ok', last_ok_at = now(), paused_until = null`,
    [JSON.stringify(connections)],
  );
}

/** A call failed in a way that concerns the whole connection. `error` is our own message: no personal data, no secret. */
export async function noteConnectionError(
  db: Queryable,
  connection: string,
  state: 'resting' | 'needs_reauth',
  error: string,
): Promise<void> {
  await db.query(
    `insert into musubi.connection_states (connection, state, last_error, last_error_at) values ($1, $2, $3, now())
     on conflict (connection) do update set state = excluded.state, last_error = excluded.last_error, last_error_at = now()`,
    [connection, state, error],
  );
}

export async function connectionStates(db: Queryable): Promise<ConnectionState[]> {
  const { rows } = await db.query('select * from musubi.connection_states order by connection');
  return rows.map((row) => ({
    connection: row.connection as string,
    state: row.state as ConnectionState['state'],
    lastError: row.last_error as string | null,
    lastErrorAt: row.last_error_at as Date | null,
    lastOkAt: row.last_ok_at as Date | null,
  }));
}
