import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type JsonObject, type ParsedEvent, RejectedError, type SplitResult } from '#sdk';
import * as payloads from '../../../connectors/slack/fixtures/payloads.ts';
import webhook from '../../../connectors/slack/webhook.ts';
import { NOW_MS, payloadForm, slackConfig, TEAM, webhookRequest } from './support.ts';

const FORM = 'application/x-www-form-urlencoded';
const split = (request: ReturnType<typeof webhookRequest>): SplitResult =>
  webhook.split(request, { config: slackConfig(), nowMs: NOW_MS });
const splitForm = (payload: JsonObject) => split(webhookRequest(payloadForm(payload), { contentType: FORM }));
const splitJson = (body: JsonObject) => split(webhookRequest(JSON.stringify(body)));
const splitCommand = (fields: Record<string, string>) =>
  split(webhookRequest(new URLSearchParams(fields).toString(), { contentType: FORM }));
const parse = ({ events: [event] }: SplitResult, settings = slackConfig({ teamId: TEAM })): ParsedEvent => {
  if (!event) throw new Error('no event');
  return webhook.parse(event, { config: settings, connection: 'slack', receivedAtMs: NOW_MS });
};
const keysOf = ({ events: [event] }: SplitResult) => [event?.dedupKey, event?.recordKey];

it('turns a pressed button into a signal that carries nothing but ids', () => {
  expect(parse(splitForm(payloads.blockActions))).toEqual({
    signals: [
      {
        effectId: '0192f0c5-7c1e-7a3b-9d52-3f0c5a1b2c3d',
        name: 'claim',
        by: { channel: 'slack', scope: TEAM, id: 'U0TANAKA01' },
        value: { channel: 'D01UTANAKA01', ts: '1788224460.000100' },
      },
    ],
  });
});

it('names a press by trigger and time, and keeps the presses on one message in order', () => {
  const { trigger_id: trigger } = payloads.blockActions;
  expect(keysOf(splitForm(payloads.blockActions))).toEqual([
    `${trigger}:1788225600.123456`,
    'D01UTANAKA01:1788224460.000100',
  ]);
  expect(splitForm(payloads.blockActions).events[0]?.occurredAtMs).toBe(1_788_225_600_123);
});

it('names events by team and event id, views by id and hash, commands by their trigger', () => {
  expect(keysOf(splitJson(payloads.messageInThread))).toEqual([`${TEAM}:Ev0FIXTURE01`, 'C0CSURGENT']);
  expect(keysOf(splitForm(payloads.viewSubmission))[0]).toBe('view_submission:V0FIXTURE01:1788225600.a1B2c3D4');
  expect(keysOf(splitForm(payloads.shortcut))[0]).toBe(payloads.shortcut.trigger_id);
  expect(keysOf(splitCommand(payloads.slashCommand))).toEqual([payloads.slashCommand.trigger_id, 'U0TANAKA01']);
});

it('gives a redelivered event the key it had', () => {
  const again = webhookRequest(JSON.stringify(payloads.messageInThread));
  const headers = { ...again.headers, 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_timeout' };
  expect(keysOf(split({ ...again, headers }))).toEqual(keysOf(splitJson(payloads.messageInThread)));
});

it('answers a slash command at once, in both languages and for its sender only', () => {
  const { reply } = splitCommand(payloads.slashCommand);
  expect(reply?.status).toBe(200);
  expect(JSON.parse(reply?.body ?? '')).toEqual({
    response_type: 'ephemeral',
    text: '/musubi を受け付けました。 / Received: /musubi',
  });
});

it('keeps no token and no response URL of a request', () => {
  for (const result of [splitForm(payloads.blockActions), splitCommand(payloads.slashCommand)]) {
    expect(JSON.stringify(result.events)).not.toMatch(/hooks\.slack\.com|fixture-verification-token/);
  }
});

it('passes over our own posts, changes and deletions', () => {
  for (const own of [payloads.ownMessage, payloads.ownMessageChanged, payloads.ownMessageDeleted]) {
    expect(parse(splitJson(own))).toEqual({ skip: 'own_message' });
  }
  expect(parse(splitJson(payloads.messageInThread))).toEqual({ skip: 'not_used' });
});

it('refuses a press from another workspace, whatever it says it is about', () => {
  const { blockActions } = payloads;
  const elsewhere = { ...blockActions, team: { id: 'T0OTHER001', domain: 'other' } };
  const guest = { ...blockActions, user: { ...blockActions.user, team_id: 'T0OTHER001' } };
  for (const forged of [elsewhere, guest]) expect(parse(splitForm(forged))).toEqual({ skip: 'other_workspace' });
  // Without a configured team the guest is told apart by the scope.
  expect(parse(splitForm(guest), slackConfig()).signals?.[0]?.by.scope).toBe('T0OTHER001');
});

it('passes over buttons that are not ours', () => {
  const [action] = payloads.blockActions.actions;
  const others = ['claim', 'musubi:', 'musubi:Claim!', 'xmusubi:claim'];
  for (const action_id of others) {
    expect(parse(splitForm({ ...payloads.blockActions, actions: [{ ...action, action_id }] }))).toEqual({
      skip: 'not_used',
    });
  }
});

it('accepts what Slack may add later', () => {
  expect(parse(splitJson({ type: 'brand_new', team_id: TEAM }))).toEqual({ skip: 'not_used' });
  expect(parse(splitJson(payloads.appRateLimited))).toEqual({ skip: 'app_rate_limited' });
  expect(keysOf(splitJson(payloads.appRateLimited))[0]).toBe(`app_rate_limited:${TEAM}:1788225600000`);
});

it('calls a signed body it cannot read unreadable', () => {
  const bodies = ['', '{', '[]', 'null', '"x"', '{"type":1}', '{"nothing":true}'];
  for (const body of bodies) {
    expect(() => split(webhookRequest(body))).toThrow(expect.objectContaining({ code: 'unreadable_body' }));
  }
  expect(() => split(webhookRequest('a=b', { contentType: FORM }))).toThrow(RejectedError);
});

it('meets 10,000 random signed bodies with nothing but unreadable_body', () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `payload=${encodeURIComponent(json)}`),
    fc.record({ type: fc.constantFrom(...TYPES) }, { noNullPrototype: true }).chain(withRandomParts),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
  const contentType = fc.constantFrom(FORM, `${FORM}; charset=utf-8`, 'application/json', 'text/plain', '');
  fc.assert(
    fc.property(text, contentType, (body, type) => {
      const request = webhookRequest(body, { contentType: type });
      const context = { config: slackConfig(), nowMs: NOW_MS, isApiToken: () => false };
      if (webhook.verify(request, context).kind !== 'accept') return;
      try {
        for (const event of split(request).events) {
          expect(event.dedupKey).toMatch(/^[\x21-\x7E]{1,600}$/);
          webhook.parse(event, { config: slackConfig({ teamId: TEAM }), connection: 'slack', receivedAtMs: NOW_MS });
        }
      } catch (error) {
        expect(error).toBeInstanceOf(RejectedError);
        expect(error).toMatchObject({ code: 'unreadable_body' });
      }
    }),
    { numRuns: 10_000 },
  );
});

const TYPES = [
  'event_callback',
  'block_actions',
  'view_submission',
  'app_rate_limited',
  'url_verification',
  'shortcut',
];
const PARTS = ['event', 'actions', 'user', 'team', 'team_id', 'view', 'container', 'channel', 'message', 'trigger_id'];

/** A known type with random values where its parts belong. */
function withRandomParts(base: JsonObject): fc.Arbitrary<string> {
  const values = fc.dictionary(fc.constantFrom(...PARTS), fc.jsonValue({ maxDepth: 4 }));
  return values.map((parts) => JSON.stringify({ ...parts, ...base }));
}
