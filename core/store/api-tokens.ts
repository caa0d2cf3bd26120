import { createHash, randomBytes } from 'node:crypto';
import type { Queryable } from './database.ts';

export const tokenScopes = ['events', 'viewer', 'operator', 'mapping-editor', 'admin', 'erasure'] as const;
export type TokenScope = (typeof tokenScopes)[number];

export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly TokenScope[];
  readonly expiresAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  readonly revokedAtMs: number | null;
}

/** `musubi_` helps secret scanners; 256 random bits follow. */
const PREFIX = 'musubi_';

export const hashToken = (token: string) => createHash('sha256').update(token).digest('hex');

/** Makes a token; only its hash is kept, so it can be shown once. */
export async function createToken(
  db: Queryable,
  options: { id: string; name: string; scopes: readonly TokenScope[]; expiresAtMs: number | null },
): Promise<string> {
  const token = PREFIX + randomBytes(32).toString('base64url');
  await db.query(
    'insert into musubi.api_tokens (id, name, prefix, hash, scopes, expires_at) values ($1, $2, $3, $4, $5::jsonb, $6)',
    [
      options.id,
      options.name,
      token.slice(0, PREFIX.length + 6),
      hashToken(token),
      JSON.stringify(options.scopes),
      options.expiresAtMs === null ? null : new Date(options.expiresAtMs),
    ],
  );
  return token;
}

const millis = (value: unknown): number | null => (value instanceof Date ? value.getTime() : null);

export async function listTokens(db: Queryable): Promise<(ApiToken & { hash: string })[]> {
  const { rows } = await db.query('select * from musubi.api_tokens order by created_at');
  return rows.map((row) => ({
    id: row.id as string,
    name: row.name as string,
    prefix: row.prefix as string,
    hash: row.hash as string,
    scopes: row.scopes as TokenScope[],
    expiresAtMs: millis(row.expires_at),
    lastUsedAtMs: millis(row.last_used_at),
    revokedAtMs: millis(row.revoked_at),
  }));
}

export async function revokeToken(db: Queryable, idOrPrefix: string): Promise<number> {
  const { rowCount } = await db.query(
    'update musubi.api_tokens set revoked_at = now() where revoked_at is null and (id::text = $1 or prefix = $1)',
    [idOrPrefix],
  );
  return rowCount;
}
