import { setTimeout as sleep } from 'node:timers/promises';
import lineSandbox from '../../connectors/line/sandbox/index.ts';
import slackSandbox from '../../connectors/slack/sandbox/index.ts';
import type { JsonObject } from '../../core/sdk/json.ts';
import type { OutgoingWebhook, SandboxDefinition } from '../../core/sdk/sandbox/definition.ts';
import type { Fault } from '../../core/sdk/sandbox/faults.ts';
import { type LoggedRequest, type RunningSandbox, startSandbox } from '../../core/sdk/sandbox/start.ts';
import { markOf } from './marks.ts';

export type ToolName = 'line' | 'slack';

/** The simulated vendors, in the process of the test: each keeps its own log of what it took. */
export interface Tools {
  readonly env: Readonly<Record<string, string>>;
  /** A person acts in LINE; the webhook is handed back instead of being sent. */
  readonly act: (edit: JsonObject) => Promise<OutgoingWebhook>;
  /** Marks of the writes taken so far, one per write, in order. */
  readonly seen: () => readonly string[];
  readonly requests: (tool: ToolName) => readonly LoggedRequest[];
  /** From now on each answer waits so long after its request was applied. */
  readonly slowAnswers: (ms: number) => void;
  readonly fault: (tool: ToolName, fault: Partial<Fault>) => Promise<void>;
  readonly healed: (tool: ToolName) => Promise<void>;
  readonly close: () => Promise<void>;
}

export const lineConfig = {
  providerId: '2000000001',
  channelSecret: 'chaos-line-secret',
  channelAccessToken: 'chaos-line-token',
};
const slackConfig = { botToken: 'xoxb-chaos', signingSecret: 'chaos-slack-secret' };
const channels = ['C0CHAOS000', 'C0CHAOS001', 'C0CHAOS002', 'C0CHAOS003', 'C0HANDOVER'];

export async function startTools(): Promise<Tools> {
  let answerDelayMs = 0;
  const outgoing = new Map<string, OutgoingWebhook>();
  const wrapped = (inner: SandboxDefinition): SandboxDefinition => ({
    async build(kit) {
      kit.app.addHook('onSend', async (request, _reply, payload) => {
        if (answerDelayMs > 0 && !request.url.startsWith('/__sandbox'))
          await sleep(answerDelayMs, undefined, { ref: false });
        return payload;
      });
      const deliver = async (webhook: OutgoingWebhook) => {
        outgoing.set(eventIdOf(webhook.body), webhook);
        return { status: 200, body: '' };
      };
      await inner.build({ ...kit, deliver });
    },
  });
  const start = (inner: SandboxDefinition, name: string, config: JsonObject) =>
    startSandbox(wrapped(inner), { connections: [{ name, config, webhookUrl: 'http://127.0.0.1:9/' }] });
  const running: Record<ToolName, RunningSandbox> = {
    line: await start(lineSandbox, 'line-main', lineConfig),
    slack: await start(slackSandbox, 'slack', slackConfig),
  };
  const control = async (tool: ToolName, path: string, payload: JsonObject): Promise<JsonObject> => {
    const response = await running[tool].app.inject({ method: 'POST', url: `/__sandbox/${path}`, payload });
    if (response.statusCode !== 200) throw new Error(`sandbox ${tool} refused ${path}: ${response.body}`);
    return response.json<JsonObject>();
  };
  await control('slack', 'seed', {
    channels: channels.map((id) => ({ id, name: id.toLowerCase() })),
    // The vendor's own limit would make every other number here a measure of it.
    rate: { perSecond: 10_000, burst: 10_000 },
  });
  return {
    env: { CHAOS_LINE_URL: running.line.origin, CHAOS_SLACK_URL: running.slack.origin },
    async act(edit) {
      const { result } = (await control('line', 'edit', edit)) as { result: { webhookEventId: string } };
      const webhook = outgoing.get(result.webhookEventId);
      if (!webhook) throw new Error('LINE sent no webhook');
      outgoing.delete(result.webhookEventId);
      return webhook;
    },
    seen: () =>
      Object.values(running).flatMap((one) =>
        one.requests.flatMap(({ writes }) => writes.map((row) => markOf(row) ?? 'unmarked')),
      ),
    requests: (tool) => running[tool].requests,
    slowAnswers: (ms) => {
      answerDelayMs = ms;
    },
    fault: async (tool, fault) => void (await control(tool, 'fault', fault as JsonObject)),
    healed: async (tool) => void (await running[tool].app.inject({ method: 'DELETE', url: '/__sandbox/fault' })),
    close: async () => void (await Promise.all(Object.values(running).map((one) => one.close()))),
  };
}

const eventIdOf = (body: string) =>
  (JSON.parse(body) as { events: [{ webhookEventId: string }] }).events[0].webhookEventId;
