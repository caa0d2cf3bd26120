import type { JsonObject, JsonValue } from './json.ts';

/** The running sandbox as a fixture may use it: a person acting in the tool. */
export interface ContractSandbox {
  readonly seed: (data: JsonObject) => Promise<void>;
  /** Resolves to what the sandbox's `onEdit` handler returned. */
  readonly edit: (edit: JsonObject) => Promise<JsonValue>;
  readonly state: () => Promise<JsonValue>;
  /** Bodies of the webhooks it has sent so far, oldest first. */
  readonly delivered: () => readonly string[];
}

/** One genuine body and what must come of it. */
export interface ContractSample {
  readonly name: string;
  readonly body: JsonValue;
  /** How the vendor writes the body on the wire; default JSON. Called with mutated bodies too: it must not throw. */
  readonly encode?: (body: JsonValue) => string;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Events it splits into. A challenge that `verify` answers itself has 0. */
  readonly events: number;
  /** Objects of the source records it parses into, in order; not checked when absent. */
  readonly objects?: readonly string[];
  /** Names of the signals it parses into, in order; not checked when absent. */
  readonly signals?: readonly string[];
}

export interface WebhookContract {
  /** `body`: the raw bytes are signed. `token`: only a token is sent, so an altered body cannot be noticed. */
  readonly signs: 'body' | 'token';
  /** Width of the window around now, in seconds, when the vendor signs a time. */
  readonly windowSeconds?: number;
  /** Headers that prove a request genuine at `nowMs`, lower-case names. */
  readonly sign: (body: Buffer, settings: JsonObject, nowMs: number) => Readonly<Record<string, string>>;
  /** Settings that `sign` uses as secrets; a request signed with another value must be refused. */
  readonly secrets: readonly string[];
  readonly samples: readonly ContractSample[];
}

/** A fault of the vendor, as `POST /__sandbox/fault` takes it, without the path. */
export interface ContractFault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: JsonValue;
}

export interface ActionContract {
  /** Start of the path of the vendor call that takes effect. */
  readonly path: string;
  readonly method?: string;
  /** A valid input, as `perform` gets it. It may seed and edit the sandbox first. */
  readonly input: JsonObject | ((sandbox: ContractSandbox) => Promise<JsonObject>);
  /** Result of the effect that this one answers or changes (`ActionContext.answered`). */
  readonly answered?: JsonObject | ((sandbox: ContractSandbox) => Promise<JsonObject>);
  /** Class D only: `resend` when the input itself is a one-use key and the rule sends it again. Default `never`. */
  readonly afterUnknown?: 'resend' | 'never';
  /** How this vendor says no, where it does not use 401, 429 with Retry-After, 500 and 400 in their standard meaning. */
  readonly faults?: Readonly<Partial<Record<'auth' | 'limited' | 'unavailable' | 'rejected', ContractFault>>>;
}

/** What the contract suite needs to know of a connector: default export of `connectors/<id>/fixtures/contract.ts`. */
export interface ContractFixture {
  /** Settings of a connection as an operator writes them, without base URLs. Secrets are invented, 12 characters or more. */
  readonly settings: JsonObject;
  readonly webhook?: WebhookContract;
  /** One entry for every action. */
  readonly actions?: Readonly<Record<string, ActionContract>>;
}

/** Keeps the types of a contract fixture checked. */
export const defineContract = (fixture: ContractFixture): ContractFixture => fixture;
