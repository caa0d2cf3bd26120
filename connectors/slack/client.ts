import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
  type WebClientOptions,
} from '@slack/web-api';
import type { z } from 'zod';
import {
  AuthError,
  CALL_DEADLINE_MS,
  errorOfFailure,
  errorOfStatus,
  type HubError,
  isJsonObject,
  RejectedError,
  RetryableError,
} from '#sdk';
import type { SlackConfig } from './config.ts';

export interface CallContext {
  readonly config: SlackConfig;
  readonly connection: string;
  readonly signal: AbortSignal;
}

/**
 * Calls one Web API method; the answer is what `answer` makes of it. No retry happens here: the outbox owns retries.
 * A client is made per call, because only so the call's own signal reaches fetch; connections are pooled below it.
 * @throws HubError
 */
export async function callSlack<T>(
  context: CallContext,
  method: string,
  args: Readonly<Record<string, unknown>>,
  answer: z.ZodType<T>,
): Promise<T> {
  const { connection: who } = context;
  let raw: unknown;
  try {
    raw = await clientOf(context).apiCall(method, { ...args });
  } catch (error) {
    throw hubErrorOf(who, method, error);
  }
  const parsed = answer.safeParse(raw);
  if (!parsed.success) throw unreadableAnswer(who, method, parsed.error);
  return parsed.data;
}

/** @see https://docs.slack.dev/tools/node-slack-sdk/web-api#timeout — the SDK has no timeout and ten retries of its own. */
function clientOf({ config, signal }: CallContext): WebClient {
  const fetchUntil: WebClientOptions['fetch'] = async (url, init) => {
    const until = init?.signal ? AbortSignal.any([init.signal, signal]) : signal;
    return withReadableRetryAfter(await fetch(url, { ...init, signal: until }));
  };
  return new WebClient(config.botToken, {
    slackApiUrl: `${config.apiUrl}/api/`,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: CALL_DEADLINE_MS,
    allowAbsoluteUrls: false,
    fetch: fetchUntil,
    // The SDK prints vendor answers, which may hold personal data; ours go through HubError.
    logger: silent(),
  });
}

/** The SDK throws a bare Error for a 429 whose Retry-After it cannot read; limits are counted per minute, so half of one. */
function withReadableRetryAfter(response: Response): Response {
  if (response.status !== 429 || /^\d/.test(response.headers.get('retry-after') ?? '')) return response;
  return new Response(null, { status: 429, headers: { 'retry-after': '30' } });
}

// https://docs.slack.dev/reference/methods/chat.postMessage#errors (the lists of the other methods agree)
const CREDENTIALS = new Set([
  'account_inactive',
  'invalid_auth',
  'not_authed',
  'token_expired',
  'token_revoked',
  'org_login_required',
  'ekm_access_denied',
  'two_factor_setup_required',
]);
const PERMISSIONS = new Set(['missing_scope', 'no_permission', 'not_allowed_token_type', 'access_denied']);
const RATE = new Set(['ratelimited', 'rate_limited']);
// Slack says of these that part of the operation may have succeeded.
const OUTAGES = new Set(['fatal_error', 'internal_error', 'request_timeout', 'service_unavailable']);

const ADVICE: Readonly<Record<string, string>> = {
  channel_not_found: 'check the channel id, and invite the app if the channel is private',
  not_in_channel: 'invite the app to the channel (/invite)',
  is_archived: 'the channel is archived: choose another one',
  user_not_found: 'check the Slack user id in the staff list',
  users_not_found: 'no Slack user has this e-mail address: set `slack:` in the staff list',
  message_not_found: 'the message was deleted',
  cant_update_message: 'the message was not posted by this app',
};

/** The one place where a Slack error becomes a HubError. */
function hubErrorOf(who: string, method: string, error: unknown): HubError {
  if (error instanceof WebAPIRateLimitedError) return errorOfStatus(who, 429, String(error.retryAfter), method);
  if (error instanceof WebAPIHTTPError)
    return errorOfStatus(who, error.statusCode, error.headers['retry-after'], method);
  if (error instanceof WebAPIRequestError) return errorOfFailure(who, error.original);
  if (error instanceof WebAPIPlatformError) return platformError(who, method, error);
  return errorOfFailure(who, error);
}

function platformError(who: string, method: string, error: WebAPIPlatformError): HubError {
  const code = error.data.error;
  // An answer that is no JSON comes back with its whole text as the "error code".
  if (typeof code !== 'string' || !/^[a-z][a-z0-9_]{0,79}$/.test(code)) return unreadableAnswer(who, method, error);
  const detail = `${method}: ${code}`;
  if (CREDENTIALS.has(code)) {
    return new AuthError(`[${who}] Slack refuses the bot token (${code}): reinstall the app and renew the token`, {
      code: 'unauthorized',
      detail,
    });
  }
  if (PERMISSIONS.has(code)) {
    const needed =
      'needed' in error.data && typeof error.data.needed === 'string' ? error.data.needed : 'see the detail';
    return new AuthError(`[${who}] Slack forbids ${method} (${code}, ${needed}): add the scope and reinstall the app`, {
      code: 'forbidden',
      detail,
    });
  }
  if (RATE.has(code)) return errorOfStatus(who, 429, retryAfterOf(error), detail);
  if (OUTAGES.has(code)) return errorOfStatus(who, 503, null, detail);
  return new RejectedError(
    `[${who}] Slack refuses ${method} (${code}): ${Object.hasOwn(ADVICE, code) ? ADVICE[code] : 'see the detail'}`,
    { code: 'refused', detail: withMessages(detail, error) },
  );
}

function unreadableAnswer(who: string, method: string, cause: unknown): RetryableError {
  return new RetryableError(`[${who}] Slack's answer to ${method} cannot be read: will look whether it took effect`, {
    code: 'answer_lost',
    outcome: 'unknown',
    detail: method,
    // The answer may hold message texts: only the kind of the cause is kept.
    cause: new Error(cause instanceof Error ? cause.name : 'unreadable'),
  });
}

/** Which block is wrong, in Slack's words: `must be less than 3001 characters [json-pointer:/blocks/0/text/text]`. */
function withMessages(detail: string, error: WebAPIPlatformError): string {
  const metadata: unknown = error.data.response_metadata;
  const messages = isJsonObject(metadata) && Array.isArray(metadata.messages) ? metadata.messages : [];
  const pointers = messages.flatMap((one) =>
    typeof one === 'string' ? (one.match(/json-pointer:[\w/]+/g) ?? []) : [],
  );
  return [detail, ...pointers].join(' ').slice(0, 500);
}

function retryAfterOf(error: WebAPIPlatformError): string | null {
  const { retryAfter } = error.data.response_metadata ?? {};
  return retryAfter === undefined ? null : String(retryAfter);
}

function silent(): NonNullable<WebClientOptions['logger']> {
  const nothing = () => {};
  return {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: nothing,
    setLevel: nothing,
    setName: nothing,
    getLevel: () => 'error' as ReturnType<NonNullable<WebClientOptions['logger']>['getLevel']>,
  };
}
