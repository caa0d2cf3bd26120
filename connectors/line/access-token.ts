import { channelAccessToken, HTTPFetchError } from '@line/bot-sdk';
import { z } from 'zod';
import { AuthError, ConfigError, type HubError, RetryableError } from '#sdk';
import { type LineConfig, secretsOf } from './config.ts';
import { withinDeadline } from './deadline.ts';
import { vendorError } from './vendor-error.ts';

/** A stateless token lives 15 minutes; renewing at 12 leaves room for a slow call and a clock that is off. */
const RENEW_AFTER_MS = 12 * 60_000;

const issuedSchema = z.object({ access_token: z.string().min(1) });

export interface TokenContext {
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

export interface AccessTokens {
  /** @throws AuthError when LINE refuses the channel; RetryableError (not applied) when no token could be had. */
  readonly get: (context: TokenContext) => Promise<string>;
  /** Drops a token LINE refused; false when there is no other to be had. */
  readonly forget: (token: string) => boolean;
}

/** The tokens of one connection: the long-lived one from its settings, or stateless ones issued and kept in memory. */
export function createAccessTokens(config: LineConfig, who: string): AccessTokens {
  const fixed = config.channelAccessToken;
  if (fixed !== undefined) return { get: async () => fixed, forget: () => false };

  let held: { readonly issuedAtMs: number; readonly token: Promise<string>; value?: string } | null = null;
  return {
    get({ nowMs, signal }) {
      if (held && Math.abs(nowMs - held.issuedAtMs) < RENEW_AFTER_MS) return held.token;
      // The promise is kept, not the token: calls that start together share one request.
      const mine: typeof held = { issuedAtMs: nowMs, token: issue(config, who, signal) };
      held = mine;
      mine.token.then(
        (value) => {
          mine.value = value;
        },
        () => {
          if (held === mine) held = null;
        },
      );
      return mine.token;
    },
    forget(token) {
      if (held && held.value === token) held = null;
      return true;
    },
  };
}

async function issue(config: LineConfig, who: string, signal: AbortSignal): Promise<string> {
  const { channelId, channelSecret, apiUrl } = config;
  if (channelId === undefined) {
    throw new ConfigError(`[${who}] no channelAccessToken and no channelId: give one of them`, {
      code: 'line_token_missing',
    });
  }
  try {
    // https://developers.line.biz/en/reference/messaging-api/#issue-stateless-channel-access-token
    const client = new channelAccessToken.ChannelAccessTokenClient({ baseURL: apiUrl });
    const answer = await withinDeadline(who, signal, () =>
      client.issueStatelessChannelTokenByClientSecret(channelId, channelSecret),
    );
    return issuedSchema.parse(answer).access_token;
  } catch (error) {
    throw issueError(who, error, secretsOf(config));
  }
}

function issueError(who: string, error: unknown, secrets: readonly string[]): HubError {
  if (error instanceof HTTPFetchError && (error.status === 400 || error.status === 401)) {
    return new AuthError(`[${who}] LINE refuses channelId and channelSecret: copy both from the console again`, {
      code: 'unauthorized',
    });
  }
  const known = vendorError(who, error, secrets);
  if (!(known instanceof RetryableError) || known.outcome === 'not_applied') return known;
  // The token was asked for, nothing was sent: whatever became of that request, the effect was not applied.
  return new RetryableError(`[${who}] no access token could be issued (${known.code}): will retry`, {
    code: 'token_unavailable',
    outcome: 'not_applied',
    retryAfterMs: known.retryAfterMs,
    cause: known,
  });
}
