import type { JsonObject, JsonValue } from './json.ts';

/** One received webhook request, body as it came off the wire. Header names are lower-case. */
export interface WebhookRequest {
  readonly method: string;
  /** Path and query as received, e.g. `/webhooks/line-main?x=1`. */
  readonly url: string;
  /** The workspace's public root, for vendors that sign the whole URL. */
  readonly publicUrl: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly raw: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `respond` answers a challenge of the protocol itself; nothing is stored. */
export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'reject'; readonly reason: string }
  | ({ readonly kind: 'respond' } & Reply);

export interface VerifyContext<C> {
  readonly config: C;
  /** Real time, for signature windows; never the workspace clock. */
  readonly nowMs: number;
  /** True when the presented value is a live API token of this workspace with the scope `events`. */
  readonly isApiToken: (presented: string) => boolean;
}

/** One event of a delivery, as `split` found it. */
export interface WebhookEvent {
  /** The vendor's own id of the event, for people. */
  readonly externalId: string;
  /** Unique per connection for the dedup window; the same event redelivered has the same key. */
  readonly dedupKey: string;
  /** The record the event is about: events with one key are applied in order. */
  readonly recordKey: string;
  /** When it happened at the vendor, epoch ms. */
  readonly occurredAtMs: number;
  readonly payload: JsonObject;
  /** Equal for every redelivery of the same event; default: the payload. Another one under the same key raises an alert. */
  readonly fingerprint?: string;
}

export interface SplitResult {
  readonly events: readonly WebhookEvent[];
  /** The answer after commit; default 200 with an empty body. A status of 4xx must come with no events. */
  readonly reply?: Reply;
}

/** What a tool said about one of its objects. */
export interface SourceRecord {
  /** The mapping that reads it: `mappings/<connector>/<object>.yaml`. */
  readonly object: string;
  readonly id: string;
  /** When it was last modified at the tool, epoch ms. */
  readonly modifiedAtMs: number;
  /** The tool's own version where it has one; else the hash of the mapped fields stands in. */
  readonly version?: string;
  readonly isDeleted?: boolean;
  readonly data: JsonObject;
}

/** A record that must be read again at the tool before it can be applied. */
export interface DirtyId {
  readonly object: string;
  readonly id: string;
}

/** An answer by a person to a message we sent: a button pressed. `effectId` is the opaque id the button carried. */
export interface Signal {
  readonly effectId: string;
  /** Kebab-case or snake_case name of the button, e.g. `claim`. */
  readonly name: string;
  readonly by: { readonly channel: string; readonly scope: string; readonly id: string };
  readonly value?: JsonValue;
}

/** What an event turned out to say. All lists may be empty: an unknown event is accepted and stored. */
export interface ParsedEvent {
  readonly records?: readonly SourceRecord[];
  readonly dirty?: readonly DirtyId[];
  readonly signals?: readonly Signal[];
  /** Why nothing follows from it, e.g. `standby`; shown as the reason of the skipped inbox row. */
  readonly skip?: string;
}

export interface ParseContext<C> {
  readonly config: C;
  readonly connection: string;
  readonly receivedAtMs: number;
}

/** The receiving side of a connector. All functions are pure and synchronous: the request holds nothing but them and one commit. */
export interface WebhookPart<C> {
  /** Body limit in bytes; default 262,144. */
  readonly maxBytes?: number;
  /** A further fixed path, e.g. `/events`; which connection is meant is found by trying `verify` on each. */
  readonly path?: string;
  /** Must compare on the raw bytes, timing-safe. */
  readonly verify: (request: WebhookRequest, context: VerifyContext<C>) => Verdict;
  /** @throws RejectedError when a genuine body cannot be read: it is stored as dead(parse) and answered 200. */
  readonly split: (request: WebhookRequest, context: { readonly config: C; readonly nowMs: number }) => SplitResult;
  /** @throws RejectedError when the event cannot be understood: dead with that reason. */
  readonly parse: (event: WebhookEvent, context: ParseContext<C>) => ParsedEvent;
}

/** Keeps the types of a webhook part inferred. */
export const defineWebhook = <C>(part: WebhookPart<C>): WebhookPart<C> => part;
