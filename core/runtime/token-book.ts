import { hashToken, listTokens, type TokenScope } from '../store/api-tokens.ts';
import type { Queryable } from '../store/database.ts';

/** The live API tokens, held by hash so that a request is checked without the database. */
export interface TokenBook {
  readonly allows: (presented: string, scope: TokenScope, nowMs: number) => boolean;
  readonly refresh: () => Promise<void>;
}

/** Reads the tokens at start and with every sweep: a new or revoked token counts within seconds. */
export async function openTokenBook(db: Queryable): Promise<TokenBook> {
  let byHash = new Map<string, { scopes: readonly TokenScope[]; expiresAtMs: number | null }>();
  const refresh = async () => {
    const live = (await listTokens(db)).filter((one) => one.revokedAtMs === null);
    byHash = new Map(live.map((one) => [one.hash, { scopes: one.scopes, expiresAtMs: one.expiresAtMs }]));
  };
  await refresh();
  return {
    refresh,
    allows(presented, scope, nowMs) {
      const token = byHash.get(hashToken(presented));
      if (!token || (token.expiresAtMs !== null && token.expiresAtMs <= nowMs)) return false;
      return token.scopes.includes(scope) || token.scopes.includes('admin');
    },
  };
}
