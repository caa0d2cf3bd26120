import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type DeliveryResult, hmacSha256, type JsonObject, type JsonValue, type SandboxKit } from '#sdk';
import { buttonNameOf } from '../action-id.ts';
import type { ResponseUrls } from './response-url.ts';
import { messageShape } from './shapes.ts';
import type { App, Channel, Message, User, Workspace } from './workspace.ts';

const editSchema = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('press'),
    /** Id or name; a user's id means their direct message with the app. */
    channel: z.string(),
    /** Default: the newest message there that has the button. */
    ts: z.string().optional(),
    action: z.string(),
    user: z.string(),
  }),
  z.strictObject({
    do: z.literal('message'),
    channel: z.string(),
    user: z.string(),
    text: z.string(),
    thread_ts: z.string().optional(),
  }),
  z.strictObject({
    do: z.literal('command'),
    command: z.string(),
    text: z.string().default(''),
    user: z.string(),
    channel: z.string(),
  }),
  z.strictObject({ do: z.literal('url-verification') }),
]);
type Edit<D extends string> = Extract<z.infer<typeof editSchema>, { do: D }>;

interface Scene {
  readonly kit: SandboxKit;
  readonly workspace: Workspace;
  readonly responseUrls: ResponseUrls;
}

/** A person acts in Slack; the webhook goes out signed and its answer comes back. */
export async function actAsPerson(scene: Scene, given: JsonObject): Promise<JsonValue> {
  const edit = editSchema.parse(given);
  switch (edit.do) {
    case 'press':
      return { ...(await press(scene, edit)) };
    case 'message':
      return { ...(await write(scene, edit)) };
    case 'command':
      return { ...(await command(scene, edit)) };
    case 'url-verification': {
      const challenge = { token: VERIFICATION_TOKEN, challenge: crypto.randomUUID(), type: 'url_verification' };
      return {
        ...(await send(scene.kit, anyApp(scene.workspace), JSON.stringify(challenge), JSON_TYPE)),
        ...challenge,
      };
    }
  }
}

const VERIFICATION_TOKEN = 'sandbox-verification-token';
const FORM_TYPE = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
// Slack: at once, after 1 min, after 5 min; here sixty times as fast. https://docs.slack.dev/apis/events-api#retries
const EVENT_RETRIES_MS = [0, 1_000, 5_000];

/** https://docs.slack.dev/reference/interaction-payloads/block_actions-payload */
async function press({ kit, workspace, responseUrls }: Scene, edit: Edit<'press'>): Promise<DeliveryResult> {
  const user = userOf(workspace, edit.user);
  const channel = channelOf(workspace, edit.channel);
  const { message, app, button, blockId } = buttonOn(workspace, channel, edit);
  const payload = {
    type: 'block_actions',
    user: { id: user.id, username: user.name, name: user.name, team_id: workspace.team.id },
    api_app_id: app.id,
    token: VERIFICATION_TOKEN,
    container: {
      type: 'message',
      message_ts: message.ts,
      channel_id: channel.id,
      is_ephemeral: false,
      ...(message.threadTs && { thread_ts: message.threadTs }),
    },
    trigger_id: triggerId(workspace),
    team: { id: workspace.team.id, domain: workspace.team.domain },
    enterprise: null,
    is_enterprise_install: false,
    channel: { id: channel.id, name: channel.name },
    message: messageShape(workspace, message, false),
    state: { values: {} },
    response_url: responseUrls.issue(channel.id, message.ts),
    actions: [{ block_id: blockId, ...button, action_ts: workspace.nextTs() }],
  };
  return await send(kit, app, new URLSearchParams({ payload: JSON.stringify(payload) }).toString(), FORM_TYPE);
}

/** https://docs.slack.dev/reference/events/message, envelope …/apis/events-api#events-JSON */
async function write({ kit, workspace }: Scene, edit: Edit<'message'>): Promise<DeliveryResult> {
  const user = userOf(workspace, edit.user);
  const channel = channelOf(workspace, edit.channel);
  const app = anyApp(workspace);
  const ts = workspace.nextTs();
  const thread = edit.thread_ts;
  workspace.add({
    channel: channel.id,
    ts,
    user: user.id,
    text: edit.text,
    blocks: [],
    replies: [],
    ...(thread && { threadTs: thread }),
  });
  const event = {
    type: 'message',
    user: user.id,
    ts,
    client_msg_id: crypto.randomUUID(),
    text: edit.text,
    team: workspace.team.id,
    channel: channel.id,
    event_ts: ts,
    channel_type: channel.user ? 'im' : channel.isPrivate ? 'group' : 'channel',
    ...(thread && { thread_ts: thread }),
  };
  return await sendEvent(kit, app, envelope(kit, workspace, app, event));
}

/** https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling */
async function command({ kit, workspace, responseUrls }: Scene, edit: Edit<'command'>): Promise<DeliveryResult> {
  const user = userOf(workspace, edit.user);
  const channel = channelOf(workspace, edit.channel);
  const app = anyApp(workspace);
  const form = new URLSearchParams({
    token: VERIFICATION_TOKEN,
    team_id: workspace.team.id,
    team_domain: workspace.team.domain,
    channel_id: channel.id,
    channel_name: channel.name,
    user_id: user.id,
    user_name: user.name,
    command: edit.command,
    text: edit.text,
    api_app_id: app.id,
    is_enterprise_install: 'false',
    response_url: responseUrls.issue(channel.id),
    trigger_id: triggerId(workspace),
  });
  return await send(kit, app, form.toString(), FORM_TYPE);
}

const envelope = (kit: SandboxKit, workspace: Workspace, app: App, event: JsonObject): JsonObject => ({
  token: VERIFICATION_TOKEN,
  team_id: workspace.team.id,
  context_team_id: workspace.team.id,
  context_enterprise_id: null,
  api_app_id: app.id,
  event,
  type: 'event_callback',
  event_id: `Ev${String(workspace.nextNumber()).padStart(9, '0')}`,
  event_time: Math.floor(kit.nowMs() / 1000),
  authorizations: [
    {
      enterprise_id: null,
      team_id: workspace.team.id,
      user_id: app.botUserId,
      is_bot: true,
      is_enterprise_install: false,
    },
  ],
  is_ext_shared_channel: false,
  event_context: `4-sandbox-${workspace.nextNumber()}`,
});

async function sendEvent(kit: SandboxKit, app: App, body: JsonObject): Promise<DeliveryResult> {
  const text = JSON.stringify(body);
  let result = await send(kit, app, text, JSON_TYPE);
  for (const [index, waitMs] of EVENT_RETRIES_MS.entries()) {
    if (result.status >= 200 && result.status < 300) break;
    await sleep(waitMs, undefined, { ref: false });
    const reason = result.status === 0 ? 'connection_failed' : 'http_error';
    result = await send(kit, app, text, JSON_TYPE, {
      'x-slack-retry-num': String(index + 1),
      'x-slack-retry-reason': reason,
    });
  }
  return result;
}

/** https://docs.slack.dev/authentication/verifying-requests-from-slack — real time, because the hub checks against it */
async function send(
  kit: SandboxKit,
  app: App,
  body: string,
  contentType: string,
  more: Readonly<Record<string, string>> = {},
): Promise<DeliveryResult> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = `v0=${hmacSha256(app.signingSecret, `v0:${timestamp}:${body}`, 'hex')}`;
  return await kit.deliver({
    connection: app.connection,
    headers: {
      'content-type': contentType,
      'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signature,
      ...more,
    },
    body,
  });
}

interface PressedButton {
  readonly message: Message;
  readonly app: App;
  readonly button: JsonObject;
  readonly blockId: string;
}

function buttonOn(workspace: Workspace, channel: Channel, { ts, action }: Edit<'press'>): PressedButton {
  const candidates = [...workspace.messagesOf(channel.id).values()].filter((one) => !ts || one.ts === ts);
  for (const message of candidates.toReversed()) {
    for (const block of message.blocks) {
      const elements = Array.isArray(block.elements) ? (block.elements as JsonObject[]) : [];
      const button = elements.find(({ action_id: id }) => id === action || buttonNameOf(String(id)) === action);
      if (button && message.app) return { message, app: message.app, button, blockId: String(block.block_id) };
    }
  }
  throw new Error(`no message in ${channel.id} has a button ${action}`);
}

function userOf(workspace: Workspace, wanted: string): User {
  const user =
    workspace.users.get(wanted) ??
    [...workspace.users.values()].find(({ email, name }) => email === wanted || name === wanted);
  if (!user) throw new Error(`no user ${wanted}`);
  return user;
}

function channelOf(workspace: Workspace, wanted: string): Channel {
  const name = wanted.replace(/^#/, '');
  const all = [...workspace.channels.values()];
  const channel =
    workspace.channels.get(wanted) ?? all.find(({ user }) => user === wanted) ?? all.find((one) => one.name === name);
  if (!channel) throw new Error(`no channel ${wanted}`);
  return channel;
}

function anyApp({ apps }: Workspace): App {
  const [app] = apps;
  if (!app) throw new Error('no app is installed: the workspace has no Slack connection');
  return app;
}

const triggerId = (workspace: Workspace): string =>
  `${workspace.nextNumber()}.${workspace.team.id.length}.${crypto.randomUUID().replaceAll('-', '')}`;
