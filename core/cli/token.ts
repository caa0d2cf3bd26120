import { listAllowed, suggest } from '../config/suggest.ts';
import { parseDuration } from '../model/duration.ts';
import { createIdSource } from '../model/id.ts';
import { ConfigError } from '../sdk/errors.ts';
import { createToken, listTokens, revokeToken, type TokenScope, tokenScopes } from '../store/api-tokens.ts';
import { appendAudit } from '../store/audit.ts';
import type { CommandContext } from './command-context.ts';
import { withStore } from './with-store.ts';

export interface TokenOptions {
  readonly name: string;
  readonly scopes: readonly string[];
  /** A duration such as `90d`, or `never`. */
  readonly expires: string;
}

/**
 * `musubi token create`: the token alone on standard output, once; only its hash is kept.
 * @throws ConfigError `scope_unknown`, `duration_invalid`
 */
export async function createApiToken(context: CommandContext, options: TokenOptions): Promise<number> {
  const scopes = options.scopes.map(scopeOf);
  const expiresAtMs = expiryOf(options.expires);
  return withStore(context, { create: true }, async ({ db, timeText }) => {
    const id = createIdSource()(Date.now());
    const token = await db.transaction(async (tx) => {
      const made = await createToken(tx, { id, name: options.name, scopes, expiresAtMs });
      await appendAudit(tx, [
        { actor: 'operator', action: 'token:create', subject: `token:${id}`, detail: { name: options.name, scopes } },
      ]);
      return made;
    });
    const { terminal } = context;
    const until = expiresAtMs === null ? null : timeText(expiresAtMs);
    terminal.warn(
      terminal.pick(
        `${options.name}（${scopes.join(', ')}）のトークンです。有効期限：${until ?? 'なし'}。表示は一度だけです。安全な場所に保管してください。`,
        `The token of ${options.name} (${scopes.join(', ')}), valid ${until === null ? 'for ever' : `until ${until}`}. It is shown this once: keep it in a safe place.`,
      ),
    );
    terminal.print(token);
    return 0;
  });
}

/** `musubi token list`: never the tokens themselves, only how they begin. */
export function listApiTokens(context: CommandContext): Promise<number> {
  return withStore(context, { create: false }, async ({ db, timeText }) => {
    const { terminal } = context;
    const tokens = await listTokens(db);
    if (tokens.length === 0) terminal.say('トークンはまだありません。', 'There are no tokens yet.');
    for (const { id, name, prefix, scopes, expiresAtMs, lastUsedAtMs, revokedAtMs } of tokens) {
      const time = (ms: number | null, none: string) => (ms === null ? none : timeText(ms));
      const state =
        revokedAtMs !== null
          ? terminal.pick(`失効（${timeText(revokedAtMs)}）`, `revoked ${timeText(revokedAtMs)}`)
          : expiresAtMs !== null && expiresAtMs <= Date.now()
            ? terminal.pick('期限切れ', 'expired')
            : terminal.pick(`期限：${time(expiresAtMs, 'なし')}`, `until ${time(expiresAtMs, 'for ever')}`);
      const used = terminal.pick(`最終使用：${time(lastUsedAtMs, '―')}`, `last used ${time(lastUsedAtMs, 'never')}`);
      terminal.print(`${id}  ${prefix}…  ${name}  [${scopes.join(', ')}]  ${state}  ${used}`);
    }
    return 0;
  });
}

/** `musubi token revoke <id or beginning>`. @throws ConfigError `token_unknown` */
export function revokeApiToken(context: CommandContext, idOrPrefix: string): Promise<number> {
  return withStore(context, { create: false }, async ({ db }) => {
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
    context.terminal.say(
      '失効させました。数秒で使えなくなります。',
      'Revoked: a running hub refuses it within seconds.',
    );
    return 0;
  });
}

function scopeOf(written: string): TokenScope {
  const scope = tokenScopes.find((one) => one === written);
  if (scope) return scope;
  const hint = suggest(written, tokenScopes);
  throw new ConfigError(`[token] no scope "${written}": use ${listAllowed(tokenScopes)}${hint ? ` (${hint})` : ''}`, {
    code: 'scope_unknown',
  });
}

function expiryOf(written: string): number | null {
  if (written === 'never') return null;
  const ms = parseDuration(written);
  if (ms === undefined || ms === 0) {
    throw new ConfigError(`[token] "${written}" is no duration: write 12h, 90d, 52w or never`, {
      code: 'duration_invalid',
    });
  }
  return Date.now() + ms;
}
