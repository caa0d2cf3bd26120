import type { ContractSample, JsonObject, JsonValue, WebhookPart, WebhookRequest } from '#sdk';
import type { ConnectorFolder } from './connectors.ts';

export const NOW_MS = Date.parse('2026-09-01T10:00:00+09:00');

/** The receiving side of one connector with its settings, ready to be asked. */
export interface Receiver {
  readonly part: WebhookPart<unknown>;
  readonly config: unknown;
  readonly sign: (raw: Buffer, changed?: JsonObject, signedAtMs?: number) => Readonly<Record<string, string>>;
  readonly verdict: (request: WebhookRequest) => string;
  readonly split: (request: WebhookRequest, nowMs?: number) => ReturnType<WebhookPart<unknown>['split']>;
  readonly parse: (event: Parameters<WebhookPart<unknown>['parse']>[0]) => ReturnType<WebhookPart<unknown>['parse']>;
}

export async function receiverOf({ id, definition, fixture }: ConnectorFolder): Promise<Receiver> {
  const part = (await definition.webhook?.())?.default;
  const contract = fixture.webhook;
  if (!part || !contract) throw new Error(`connectors/${id}: webhook.ts and its contract belong together`);
  const config = definition.config.parse(fixture.settings);
  return {
    part,
    config,
    sign: (raw, changed = {}, signedAtMs = NOW_MS) =>
      contract.sign(raw, { ...fixture.settings, ...changed }, signedAtMs),
    verdict: (request) => part.verify(request, { config, nowMs: NOW_MS, isApiToken: () => false }).kind,
    split: (request, nowMs = NOW_MS) => part.split(request, { config, nowMs }),
    parse: (event) => part.parse(event, { config, connection: 'contract', receivedAtMs: NOW_MS }),
  };
}

export const rawOf = (sample: ContractSample, body: JsonValue = sample.body) =>
  Buffer.from((sample.encode ?? JSON.stringify)(body));

/** The request of a sample, or of another body sent the same way. */
export function requestOf(
  receiver: Receiver,
  sample: ContractSample | undefined,
  raw: Buffer,
  proof: Readonly<Record<string, string>>,
): WebhookRequest {
  const path = receiver.part.path ?? '/webhooks/contract';
  return {
    method: 'POST',
    url: path,
    publicUrl: 'https://hub.example.co.jp',
    headers: { 'content-type': sample?.contentType ?? 'application/json', ...proof },
    raw,
  };
}
