import { isJsonObject, type JsonObject } from '../sdk/json.ts';
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
  /** Gives the clock of the hub back to real time. */
  readonly realClock: () => Promise<void>;
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

/** What a workspace's story plays. */
export type Story = (kit: StoryKit) => Promise<void>;

/** One thing to try after the story. */
export interface Hint {
  readonly ja: string;
  readonly en: string;
}

/** Where a demo answers. */
export interface DemoPlace {
  readonly hubUrl: string;
  readonly origins: Readonly<Record<string, string>>;
  /** The workspace, from the current folder. */
  readonly folder: string;
}

/** A workspace's story.ts. */
export interface StoryModule {
  readonly default: Story;
  readonly tryNext?: (place: DemoPlace) => readonly Hint[];
  /** Tells the alert to a colleague among the writes of the sandboxes: day one is measured up to the first. */
  readonly isAlert?: (write: SeenWrite) => boolean;
}

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
  const shown = new Set<string>();
  /** The words that a tool was told to show, once for each write. */
  const showOnce = (write: SeenWrite) => {
    const key = JSON.stringify(write);
    if (shown.has(key)) return;
    shown.add(key);
    for (const text of shownTexts(write.row)) print(`               ${write.connector} │ ${text}`);
  };
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
  const writes = (connector: string) => readWrites(connector, originOf(connector));
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
    async realClock() {
      await call('POST', `${hubUrl}/__clock`, { real: true });
      clockMs = null;
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
      for (const one of seen) showOnce(one);
      return seen.at(-1) ?? null;
    },
    missing: () => missing,
  };
}

/** The writes that a sandbox recorded, oldest first. */
export async function readWrites(connector: string, origin: string): Promise<SeenWrite[]> {
  const requests = (await call('GET', `${origin}/__sandbox/requests?write=true`)) as unknown as LoggedRequest[];
  return requests.flatMap((one) => one.writes.map((row) => ({ connector, at: one.at, row })));
}

/** The texts of a write, line by line: its own, else those of its messages. */
export function shownTexts(row: JsonObject): readonly string[] {
  const messages = Array.isArray(row.messages) ? row.messages : [];
  const texts =
    typeof row.text === 'string' ? [row.text] : messages.map((one) => (isJsonObject(one) ? one.text : null));
  return texts.flatMap((text) => (typeof text === 'string' ? text.split('\n').filter((one) => one.trim() !== '') : []));
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
