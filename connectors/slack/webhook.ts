import { isUtf8 } from 'node:buffer';
// Bolt's own check, taken without Bolt's App: the package's front door costs 0.3 s and 40 MB more (README.md, "Bolt").
import { isValidSlackRequest } from '@slack/bolt/dist/receivers/verify-request.js';
import { defineWebhook, isWithinWindow, type Verdict, type VerifyContext, type WebhookRequest } from '#sdk';
import type { SlackConfig } from './config.ts';
import { parseEvent } from './parse.ts';
import { at, isForm, readBody } from './payload.ts';
import { splitBody } from './split.ts';

export default defineWebhook<SlackConfig>({
  maxBytes: 256 * 1024,
  verify,
  split: splitBody,
  parse: parseEvent,
});

// https://docs.slack.dev/authentication/verifying-requests-from-slack
function verify(request: WebhookRequest, context: VerifyContext<SlackConfig>): Verdict {
  if (isCertificateCheck(request)) return { kind: 'respond', status: 200, body: '' };
  const { 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp } = request.headers;
  if (!signature || !timestamp) return { kind: 'reject', reason: 'missing_signature' };
  // Bolt takes a time that is no number, or one in the future, for a fresh one.
  if (!/^\d{1,12}$/.test(timestamp) || !isWithinWindow(Number(timestamp), context.nowMs)) {
    return { kind: 'reject', reason: 'stale_timestamp' };
  }
  if (!isSigned(request.raw, signature, timestamp, context)) return { kind: 'reject', reason: 'bad_signature' };
  return challengeOf(request) ?? { kind: 'accept' };
}

function isSigned(raw: Buffer, signature: string, timestamp: string, context: VerifyContext<SlackConfig>): boolean {
  // Bolt signs text, not bytes: bytes that are no UTF-8 would all read as the same replacement character.
  if (!/^v0=[0-9a-f]{64}$/.test(signature) || !isUtf8(raw)) return false;
  const { signingSecret, previousSigningSecret } = context.config;
  const secrets = previousSigningSecret ? [signingSecret, previousSigningSecret] : [signingSecret];
  return secrets.some((secret) =>
    isValidSlackRequest({
      signingSecret: secret,
      body: raw.toString('utf8'),
      headers: { 'x-slack-signature': signature, 'x-slack-request-timestamp': Number(timestamp) },
      nowMilliseconds: context.nowMs,
    }),
  );
}

/**
 * Slack looks now and then whether the certificate is in order, with a form that is not signed; Bolt answers it so too.
 * @see https://docs.slack.dev/interactivity/implementing-slash-commands
 */
function isCertificateCheck(request: WebhookRequest): boolean {
  return (
    request.raw.length <= 1024 &&
    isForm(request) &&
    new URLSearchParams(request.raw.toString('utf8')).get('ssl_check') === '1'
  );
}

/** @see https://docs.slack.dev/reference/events/url_verification */
function challengeOf(request: WebhookRequest): Verdict | undefined {
  if (isForm(request) || !request.raw.includes('url_verification')) return undefined;
  const challenge = challengeIn(request);
  if (challenge === undefined) return undefined;
  return { kind: 'respond', status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: challenge };
}

function challengeIn(request: WebhookRequest): string | undefined {
  try {
    const body = readBody(request);
    const challenge = at(body, 'challenge');
    return body.type === 'url_verification' && typeof challenge === 'string' ? challenge.slice(0, 1000) : undefined;
  } catch {
    // Signed but unreadable: `split` says so, and the delivery is kept.
    return undefined;
  }
}
