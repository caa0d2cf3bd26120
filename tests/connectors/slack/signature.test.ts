import { isValidSlackRequest as boltsOwn } from '@slack/bolt';
import { isValidSlackRequest } from '@slack/bolt/dist/receivers/verify-request.js';
import { expect, it } from 'vitest';
import { hmacSha256 } from '#sdk';
import { signed } from '../../../connectors/slack/fixtures/contract.ts';
import { blockActions, urlVerification } from '../../../connectors/slack/fixtures/payloads.ts';
import webhook from '../../../connectors/slack/webhook.ts';
import { NOW_MS, payloadForm, SECRET, slackConfig, webhookRequest } from './support.ts';

const FORM = 'application/x-www-form-urlencoded';
const BODY = payloadForm(blockActions);
const verify = (request: Parameters<typeof webhook.verify>[0], settings = slackConfig()) =>
  webhook.verify(request, { config: settings, nowMs: NOW_MS, isApiToken: () => false });
const formSignedAt = (seconds: number) =>
  verify(
    webhookRequest(BODY, {
      contentType: FORM,
      headers: signed(Buffer.from(BODY), SECRET, NOW_MS + seconds * 1000) as Record<string, string>,
    }),
  );

it('accepts what Slack signed, whatever parameters the content type carries', () => {
  for (const contentType of [FORM, `${FORM}; charset=utf-8`, 'Application/X-WWW-Form-Urlencoded;charset=UTF-8']) {
    expect(verify(webhookRequest(BODY, { contentType }))).toEqual({ kind: 'accept' });
  }
});

it("computes the signature of Slack's own published example", () => {
  // https://docs.slack.dev/authentication/verifying-requests-from-slack
  const body =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar' +
    '&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com' +
    '%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
  const headers = {
    'x-slack-request-timestamp': '1531420618',
    'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  };
  const context = {
    config: slackConfig({ signingSecret: '8f742231b10e8888abcd99yyyzzz85a5' }),
    nowMs: 1_531_420_618_000,
    isApiToken: () => false,
  };
  expect(webhook.verify(webhookRequest(body, { contentType: FORM, headers }), context)).toEqual({ kind: 'accept' });
});

it('takes a time of 299 seconds ago or ahead, and refuses 301 in both directions', () => {
  expect([-299, 299, 0].map((seconds) => formSignedAt(seconds).kind)).toEqual(['accept', 'accept', 'accept']);
  expect([-301, 301, 3600, -86_400].map(formSignedAt)).toEqual(
    Array(4).fill({ kind: 'reject', reason: 'stale_timestamp' }),
  );
});

it('refuses a time that is no number, which Bolt alone would let through', () => {
  const headers = {
    'x-slack-request-timestamp': 'soon',
    'x-slack-signature': `v0=${hmacSha256(SECRET, `v0:soon:${BODY}`, 'hex')}`,
  };
  expect(verify(webhookRequest(BODY, { contentType: FORM, headers })).kind).toBe('reject');
});

it('refuses a missing signature, a missing time and another secret', () => {
  const proof = signed(Buffer.from(BODY), SECRET, NOW_MS) as Record<string, string>;
  for (const [name] of Object.entries(proof)) {
    const headers = Object.fromEntries(Object.entries(proof).filter(([header]) => header !== name));
    expect(verify(webhookRequest(BODY, { contentType: FORM, headers }))).toMatchObject({ reason: 'missing_signature' });
  }
  const theirs = signed(Buffer.from(BODY), 'another-secret', NOW_MS) as Record<string, string>;
  expect(verify(webhookRequest(BODY, { contentType: FORM, headers: theirs }))).toMatchObject({
    reason: 'bad_signature',
  });
});

it('takes the previous secret as long as it is configured', () => {
  const headers = signed(Buffer.from(BODY), 'previous-signing-secret', NOW_MS) as Record<string, string>;
  const request = webhookRequest(BODY, { contentType: FORM, headers });
  expect(verify(request).kind).toBe('reject');
  expect(verify(request, slackConfig({ previousSigningSecret: 'previous-signing-secret' })).kind).toBe('accept');
});

it('refuses every body that differs by one byte', () => {
  const raw = Buffer.from(BODY);
  const headers = signed(raw, SECRET, NOW_MS) as Record<string, string>;
  for (let at = 0; at < raw.length; at++) {
    const altered = Buffer.from(raw);
    altered[at] = (altered[at] ?? 0) ^ 0x80;
    expect([at, verify(webhookRequest(altered, { contentType: FORM, headers })).kind]).toEqual([at, 'reject']);
  }
});

it('refuses bytes that only read like the signed text', () => {
  const text = JSON.stringify({ type: 'x', note: '\uFFFD' });
  const headers = signed(Buffer.from(text), SECRET, NOW_MS) as Record<string, string>;
  const bytes = Buffer.from(Buffer.from(text).toString('latin1').replace('\u00ef\u00bf\u00bd', '\u00ff'), 'latin1');
  expect(bytes.toString('utf8')).toBe(text);
  expect(verify(webhookRequest(text, { headers })).kind).toBe('accept');
  expect(verify(webhookRequest(bytes, { headers })).kind).toBe('reject');
});

it('answers the challenge of the console only when it is signed', () => {
  const body = JSON.stringify(urlVerification);
  expect(verify(webhookRequest(body))).toMatchObject({ kind: 'respond', status: 200, body: urlVerification.challenge });
  expect(verify(webhookRequest(body, { headers: {} }))).toEqual({ kind: 'reject', reason: 'missing_signature' });
  const wrong = signed(Buffer.from(body), 'another-secret', NOW_MS) as Record<string, string>;
  expect(verify(webhookRequest(body, { headers: wrong }))).toEqual({ kind: 'reject', reason: 'bad_signature' });
});

it("answers Slack's certificate check, and stores nothing of it", () => {
  const request = webhookRequest('ssl_check=1&token=x', { contentType: `${FORM}; charset=utf-8`, headers: {} });
  expect(verify(request)).toEqual({ kind: 'respond', status: 200, body: '' });
});

it('uses the very function Bolt exports, so that an update that moves it is noticed', () => {
  expect(isValidSlackRequest).toBe(boltsOwn);
});
