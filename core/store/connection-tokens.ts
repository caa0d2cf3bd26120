import type { Queryable } from './database.ts';
import type { SecretBox } from './secret-box.ts';

const ownerOf = (connection: string, field: string) => `${connection}/${field}`;

/** Keeps a connection's credential (an access or refresh token) encrypted. */
export async function saveConnectionToken(
  db: Queryable,
  box: SecretBox,
  given: { connection: string; field: string; value: string },
): Promise<void> {
  await db.query(
    `insert into musubi.connection_tokens as t (connection, field, ciphertext, key_id) values ($1, $2, decode($3, 'base64'), $4)
     on conflict (connection, field) do update set ciphertext = excluded.ciphertext, key_id = excluded.key_id, version = t.version + 1, updated_at = now()`,
    [
      given.connection,
      given.field,
      box.seal(given.value, ownerOf(given.connection, given.field)).toString('base64'),
      box.keyId,
    ],
  );
}

/** The credential in clear; null when none is kept. @throws ConfigError `secret_unreadable` */
export async function loadConnectionToken(
  db: Queryable,
  box: SecretBox,
  wanted: { connection: string; field: string },
): Promise<string | null> {
  const { rows } = await db.query<{ sealed: string }>(
    `select encode(ciphertext, 'base64') as sealed from musubi.connection_tokens where connection = $1 and field = $2`,
    [wanted.connection, wanted.field],
  );
  const [row] = rows;
  return row ? box.open(Buffer.from(row.sealed, 'base64'), ownerOf(wanted.connection, wanted.field)) : null;
}
