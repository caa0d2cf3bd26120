import { listAllowed, suggest } from '../config/suggest.ts';
import { parseDuration } from '../model/duration.ts';
import { createIdSource } from '../model/id.ts';
import { ConfigError } from '../sdk/errors.ts';
import {
  type ApiToken,
  createToken,
  listTokens,
  revokeToken,
  type TokenScope,
  tokenScopes,
} from '../store/api-tokens.ts';
import { appendAudit } from '../store/audit.ts';
import type { Terminal } from './terminal.ts';
import type { StoreAtHand } from './with-store.ts';

export interface TokenOptions {
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  readonly expiresAtMs: number | null;
}

/**
 * The options as they were written; `expires` is a duration such as `90d`, or `never`.
 * @throws ConfigError `scope_unknown`, `duration_invalid`
 */
export function tokenOptions(name: string, scopes: readonly string[], expires: string, nowMs: number): TokenOptions {
  return { name, scopes: [...new Set(scopes.map(scopeOf))], expiresAtMs: expiryOf(expires, nowMs) };
}

/** `musubi token create`: the token alone on standard output, once; only its hash is kept. */
export async function createApiToken(
  { db, timeText }: StoreAtHand,
  terminal: Terminal,
  { name, scopes, expiresAtMs }: TokenOptions,
): Promise<number> {
  const id = createIdSource()(Date.now());
  const token = await db.transaction(async (tx) => {
    const made = await createToken(tx, { id, name, scopes, expiresAtMs });
    await appendAudit(tx, [
      { actor: 'operator', action: 'token:create', subject: `token:${id}`, detail: { name, scopes: [...scopes] } },
    ]);
    return made;
  });
  const until = expiresAtMs === null ? null : timeText(expiresAtMs);
  terminal.warn(
    terminal.pick(
      `${name}（${scopes.join(', ')}）のトークンです。有効期限：${until ?? 'なし'}。表示は一度だけです。安全な場所に保管してください。`,
      `The token of ${name} (${scopes.join(', ')}), valid ${until === null ? 'for ever' : `until ${until}`}. It is shown this once: keep it in a safe place.`,
    ),
  );
  terminal.print(token);
  return 0;
}

/** `musubi token list`: never the tokens themselves, only how they begin. */
export async function listApiTokens({ db, timeText }: StoreAtHand, terminal: Terminal): Promise<number> {
  const tokens = await listTokens(db);
  if (tokens.length === 0) terminal.say('トークンはまだありません。', 'There are no tokens yet.');
  for (const token of tokens) {
    const used = token.lastUsedAtMs === null ? terminal.pick('―', 'never') : timeText(token.lastUsedAtMs);
    terminal.print(
      `${token.id}  ${token.prefix}…  ${token.name}  [${token.scopes.join(', ')}]  ${stateText(token, timeText, terminal)}  ${terminal.pick('最終使用：', 'last used ')}${used}`,
    );
  }
  return 0;
}

function stateText(
  { revokedAtMs, expiresAtMs }: ApiToken,
  timeText: StoreAtHand['timeText'],
  { pick }: Terminal,
): string {
  if (revokedAtMs !== null) return pick(`失効（${timeText(revokedAtMs)}）`, `revoked ${timeText(revokedAtMs)}`);
  if (expiresAtMs === null) return pick('期限なし', 'valid for ever');
  const until = timeText(expiresAtMs);
  return expiresAtMs <= Date.now()
    ? pick(`期限切れ（${until}）`, `expired ${until}`)
    : pick(`期限：${until}`, `until ${until}`);
}

/** `musubi token revoke <id or beginning>`. @throws ConfigError `token_unknown` */
export async function revokeApiToken({ db }: StoreAtHand, terminal: Terminal, idOrPrefix: string): Promise<number> {
  const wanted = idOrPrefix.replace(/…$/, '');
  const revoked = await db.transaction(async (tx) => {
    const count = await revokeToken(tx, wanted);
    if (count > 0) {
      await appendAudit(tx, [{ actor: 'operator', action: 'token:revoke', subject: `token:${wanted}`, detail: {} }]);
    }
    return count;
  });
  if (revoked === 0) {
    throw new ConfigError(`[token] no live token ${wanted}: see musubi token list`, { code: 'token_unknown' });
  }
  terminal.say('失効させました。数秒で使えなくなります。', 'Revoked: a running hub refuses it within seconds.');
  return 0;
}

function scopeOf(written: string): TokenScope {
  const scope = tokenScopes.find((one) => one === written);
  if (scope) return scope;
  const hint = suggest(written, tokenScopes);
  throw new ConfigError(`[token] no scope "${written}": use ${listAllowed(tokenScopes)}${hint ? ` (${hint})` : ''}`, {
    code: 'scope_unknown',
  });
}

function expiryOf(written: string, nowMs: number): number | null {
  if (written === 'never') return null;
  const ms = parseDuration(written);
  if (ms === undefined || ms === 0) {
    throw new ConfigError(`[token] "${written}" is no duration: write 12h, 90d, 52w or never`, {
      code: 'duration_invalid',
    });
  }
  return nowMs + ms;
}
