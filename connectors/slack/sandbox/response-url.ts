import { isJsonObject, jsonBody, type SandboxKit } from '#sdk';
import type { Workspace } from './workspace.ts';

// https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
const USES_MAX = 5;
const LIFE_MS = 30 * 60_000;

interface Issued {
  readonly channel: string;
  readonly ts?: string;
  readonly atMs: number;
  uses: number;
}

/** URLs that answer one interaction without a token. Slack's own stand on hooks.slack.com; ours on the one origin. */
export interface ResponseUrls {
  readonly issue: (channel: string, ts?: string) => string;
}

/** Answers posts to them: the pressed message replaced or deleted, or a message only the person sees. */
export function createResponseUrls(kit: SandboxKit, workspace: Workspace): ResponseUrls {
  const issued = new Map<string, Issued>();
  kit.app.post('/actions/*', async (request, reply) => {
    const entry = issued.get(request.url.split('?')[0] ?? '');
    const body = jsonBody(request);
    if (!entry || kit.nowMs() - entry.atMs > LIFE_MS) return reply.code(404).send({ ok: false, error: 'expired_url' });
    if (entry.uses >= USES_MAX) return reply.code(404).send({ ok: false, error: 'used_url' });
    if (!isJsonObject(body)) return reply.code(500).send({ ok: false, error: 'invalid_payload' });
    entry.uses += 1;
    const messages = workspace.messagesOf(entry.channel);
    const pressed = entry.ts === undefined ? undefined : messages.get(entry.ts);
    const text = typeof body.text === 'string' ? body.text : '';
    if (pressed && body.replace_original === true) Object.assign(pressed, { text, blocks: [] });
    if (pressed && body.delete_original === true) messages.delete(pressed.ts);
    kit.recordWrites(request, [{ kind: 'response', channel: entry.channel, text }]);
    return { ok: true };
  });
  return {
    issue: (channel, ts) => {
      const path = `/actions/${workspace.team.id}/${workspace.nextNumber()}/${crypto.randomUUID()}`;
      issued.set(path, { channel, ...(ts && { ts }), atMs: kit.nowMs(), uses: 0 });
      return `${originOf(kit)}${path}`;
    },
  };
}

function originOf(kit: SandboxKit): string {
  const address = kit.app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the sandbox does not listen yet');
  return `http://${address.address}:${address.port}`;
}
