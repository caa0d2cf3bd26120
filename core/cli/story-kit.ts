import type { JsonObject } from '../sdk/json.ts';
import type { LoggedRequest } from '../sdk/sandbox/start.ts';

/** A write a sandbox recorded. */
export interface SeenWrite {
  readonly connector: string;
  readonly at: string;
  readonly row: JsonObject;
}

/** What a story drives a running hub and its sandboxes with. Everything goes over real HTTP. */
export interface StoryKit {
  readonly hubUrl: string;
  readonly language: 'ja' | 'en';
  /** The workspace clock, epoch ms. */
  readonly nowMs: () => number;
  /** Sets the clock of the hub and of all sandboxes. */
  readonly setClock: (ms: number) => Promise<void>;
  readonly advanceTo: (ms: number) => Promise<void>;
  readonly seed: (connector: string, data: JsonObject) => Promise<void>;
  /** A person acts in a tool; returns what the sandbox answers. */
  readonly edit: (connector: string, edit: JsonObject) => Promise<JsonObject>;
  /** The tool sends its last webhook once more, byte for byte. */
  readonly resendLast: (connector: string) => Promise<void>;
  readonly writes: (connector: string) => Promise<readonly SeenWrite[]>;
  /** Prints a step of the story. */
  readonly step: (ja: string, en: string) => void;
  /**
   * Waits until the sandbox shows exactly `count` writes more than it did when the story began that fit; prints what was
   * seen. A miss is remembered and reported at the end.
   */
  readonly expect: (
    what: { ja: string; en: string },
    connector: string,
    fits: (row: JsonObject) => boolean,
    count?: number,
  ) => Promise<SeenWrite | null>;
  readonly missing: () => readonly string[];
}

/** A workspace's story: `export default story` in its story.ts. */
export type Story = (kit: StoryKit) => Promise<void>;

export interface StoryKitOptions {
  readonly hubUrl: string;
  readonly origins: Readonly<Record<string, string>>;
  readonly language: 'ja' | 'en';
  readonly print: (line: string) => void;
  readonly startedAt: number;
}

const WAIT_MS = 15_000;
const POLL_MS = 50;
/** After the wanted number was seen: time for one too many to show. */
const SETTLE_MS = 150;

export function createStoryKit(options: StoryKitOptions): StoryKit {
  const { hubUrl, origins, language, print, startedAt } = options;
  const missing: string[] = [];
  let clockMs: number | null = null;
  const originOf = (connector: string) => {
    const origin = origins[connector];
    if (!origin) throw new Error(`no sandbox for ${connector}`);
    return origin;
  };
  const elapsed = () => `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s`;
  const setSandboxClocks = async (ms: number) => {
    const now = new Date(ms).toISOString();
    await Promise.all(Object.values(origins).map((origin) => call('POST', `${origin}/__sandbox/clock`, { now })));
  };
  const writes = async (connector: string): Promise<SeenWrite[]> => {
    const requests = (await call(
      'GET',
      `${originOf(connector)}/__sandbox/requests?write=true`,
    )) as unknown as LoggedRequest[];
    return requests.flatMap((one) => one.writes.map((row) => ({ connector, at: one.at, row })));
  };
  return {
    hubUrl,
    language,
    nowMs: () => clockMs ?? Date.now(),
    async setClock(ms) {
      await setSandboxClocks(ms);
      await call('POST', `${hubUrl}/__clock`, { set: new Date(ms).toISOString() });
      clockMs = ms;
    },
    async advanceTo(ms) {
      await setSandboxClocks(ms);
      await call('POST', `${hubUrl}/__clock`, { advanceTo: new Date(ms).toISOString() });
      clockMs = ms;
    },
    seed: async (connector, data) => void (await call('POST', `${originOf(connector)}/__sandbox/seed`, data)),
    edit: async (connector, edit) =>
      ((await call('POST', `${originOf(connector)}/__sandbox/edit`, edit)) as { result: JsonObject }).result,
    async resendLast(connector) {
      const sent = (await call('GET', `${originOf(connector)}/__sandbox/deliveries`)) as unknown as { seq: number }[];
      await call('POST', `${originOf(connector)}/__sandbox/redeliver`, { seq: sent.at(-1)?.seq ?? 0 });
    },
    writes,
    step: (ja, en) => print(`${elapsed()}  ${language === 'ja' ? ja : en}`),
    async expect(what, connector, fits, count = 1) {
      const wanted = language === 'ja' ? what.ja : what.en;
      const began = performance.now();
      let seen: SeenWrite[] = [];
      while (performance.now() - began < WAIT_MS) {
        seen = (await writes(connector)).filter((one) => fits(one.row));
        if (seen.length >= count) break;
        await pause(POLL_MS);
      }
      const tookMs = Math.round(performance.now() - began);
      await pause(SETTLE_MS);
      seen = (await writes(connector)).filter((one) => fits(one.row));
      const isRight = seen.length === count;
      print(
        `${elapsed()}    ${isRight ? '✓' : '✗'} ${wanted} ${isRight ? `(${tookMs} ms)` : `— ${seen.length}/${count}`}`,
      );
      if (!isRight) missing.push(`${wanted}: ${seen.length}/${count}`);
      return seen.at(-1) ?? null;
    },
    missing: () => missing,
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function call(method: string, url: string, body?: unknown): Promise<JsonObject> {
  const response = await fetch(url, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return text === '' ? {} : (JSON.parse(text) as JsonObject);
}
