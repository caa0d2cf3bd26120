import type { FastifyInstance } from 'fastify';
import type { JsonObject, JsonValue } from '../json.ts';

/** A connection of the workspace that points at this sandbox. */
export interface SandboxConnection {
  readonly name: string;
  /** Its parsed settings, secrets included: the sandbox signs and checks with them. */
  readonly config: JsonObject;
  /** Where its webhooks go. */
  readonly webhookUrl: string;
}

export interface OutgoingWebhook {
  readonly connection: string;
  readonly method?: string;
  /** Replaces the connection's webhook URL, e.g. for a fixed path on the hub. */
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Further tries when no 2xx came back, as the vendor would make them: real milliseconds to wait before each. */
  readonly retryAfterMs?: readonly number[];
}

export interface DeliveryResult {
  /** HTTP status of the last try; 0 when none came back. */
  readonly status: number;
  readonly body: string;
}

/** What a simulated vendor is built with. */
export interface SandboxKit {
  /** Routes go here. Every body arrives as a Buffer; use `jsonBody` to read JSON as the vendor would. */
  readonly app: FastifyInstance;
  readonly connections: readonly SandboxConnection[];
  /** The sandbox clock, epoch ms. */
  readonly nowMs: () => number;
  /** Marks the current request as a write (creates, changes, deletes or sends) and names its rows for assertions. */
  readonly recordWrites: (request: object, rows: readonly JsonObject[]) => void;
  /** Sends a signed webhook to the hub and logs it. */
  readonly deliver: (webhook: OutgoingWebhook) => Promise<DeliveryResult>;
  /** `POST /__sandbox/seed`: puts records there without a webhook. */
  readonly onSeed: (handle: (data: JsonObject) => void) => void;
  /** `POST /__sandbox/edit`: a person acts in the tool; webhooks go out as the vendor would send them. */
  readonly onEdit: (handle: (edit: JsonObject) => Promise<JsonValue>) => void;
  /** `GET /__sandbox/state`. */
  readonly onState: (read: () => JsonValue) => void;
}

/** A vendor, simulated: it refuses what the vendor refuses. */
export interface SandboxDefinition {
  readonly build: (kit: SandboxKit) => void | Promise<void>;
}

export const defineSandbox = (definition: SandboxDefinition): SandboxDefinition => definition;
