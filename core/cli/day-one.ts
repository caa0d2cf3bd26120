import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { environmentOfFreePorts } from './free-ports.ts';
import type { StoryRun } from './stories.ts';
import { readWrites, type StoryModule, shownTexts } from './story-kit.ts';
import { lastWord, type StoryProcess, startProcess } from './story-process.ts';
import { quickstartFolder } from './workspace-folder.ts';

/** The numbers of acceptance story A19. */
const FIRST_ALERT_MS = 60_000;
const REFUSAL_MS = 2_000;
const END_MS = 10_000;
const POLL_MS = 100;

/**
 * A19, day one: a cold start alerts within a minute, says where to look and holds its data for itself; Ctrl-C ends it; a second start
 * keeps the data; nothing leaves the machine; an older Node is told what is missing.
 */
export async function dayOne(run: StoryRun): Promise<readonly string[]> {
  const stage = await openStage(run);
  try {
    const first = await firstStart(stage);
    const second = first.length > 0 ? [] : await secondStart(stage);
    return [...first, ...second, ...outsideConnections(stage), ...(await olderNode(stage))];
  } finally {
    await Promise.all(stage.children.map((child) => child.kill()));
  }
}

interface Stage {
  readonly story: StoryModule;
  readonly run: (args: readonly string[], nodeArgs?: readonly string[]) => StoryProcess;
  readonly children: StoryProcess[];
}

async function openStage({ settings, dataDir }: StoryRun): Promise<Stage> {
  const children: StoryProcess[] = [];
  const env = {
    ...settings.env,
    DATABASE_URL: '',
    REDIS_URL: '',
    ...(await environmentOfFreePorts(quickstartFolder, settings.port)),
    NODE_OPTIONS: `--import=${moduleOf(WATCH_NETWORK)}`,
  };
  return {
    story: (await import(pathToFileURL(path.join(quickstartFolder, 'story.ts')).href)) as StoryModule,
    children,
    run(args, nodeArgs) {
      const child = startProcess({
        args: ['--workspace', quickstartFolder, '--data', dataDir, ...args],
        env,
        nodeArgs,
      });
      children.push(child);
      return child;
    },
  };
}

/** Reports every connection to another machine: after the installation there is none. */
const WATCH_NETWORK = `
import { Socket } from 'node:net';
const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  const [first, second] = args;
  const options = Array.isArray(first) ? first[0] : first;
  const host = typeof options === 'object' && options !== null ? (options.path ? null : options.host) : second;
  if (typeof host === 'string' && !/^(127\\.|localhost$|::1$)/.test(host)) console.error('outside connection to ' + host);
  return connect.apply(this, args);
};`;

const moduleOf = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`;

async function firstStart(stage: Stage): Promise<string[]> {
  const began = performance.now();
  const demo = stage.run(['demo']);
  const ready = await demo.message('ready');
  if (!ready) return [`the start of the demo: ${lastWord(demo)}`];
  const alert = await firstAlert(stage.story, ready.origins, demo);
  const alertMs = performance.now() - began;
  const played = await demo.message('played');
  if (!played) return [`the end of the story: ${lastWord(demo)}`];
  return [
    ...(alert === null || alertMs > FIRST_ALERT_MS
      ? [`the first alert within ${FIRST_ALERT_MS / 1000} s of the start`]
      : []),
    ...played.missing,
    ...missingWords(demo.output(), alert, ready.origins),
    ...(await refusedDemo(stage)),
    ...(await endByCtrlC(demo)),
  ];
}

/** The texts of the first alert that a sandbox recorded; null when none came in time. */
async function firstAlert(
  story: StoryModule,
  origins: Readonly<Record<string, string>>,
  demo: StoryProcess,
): Promise<readonly string[] | null> {
  const began = performance.now();
  while (!demo.hasEnded() && performance.now() - began < FIRST_ALERT_MS) {
    for (const [connector, origin] of Object.entries(origins)) {
      const writes = await readWrites(connector, origin).catch(() => []);
      const alert = writes.find((one) => story.isAlert?.(one));
      if (alert) return shownTexts(alert.row);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return null;
}

/** The command prints the alert's text, the URL of each sandbox's log, and three things to try next. */
function missingWords(
  output: string,
  alert: readonly string[] | null,
  origins: Readonly<Record<string, string>>,
): string[] {
  const logs = Object.values(origins).map((origin) => `${origin}/__sandbox/requests`);
  return [
    ...((alert ?? []).every((text) => output.includes(text)) ? [] : ["the alert's text in the output"]),
    ...logs.filter((url) => !output.includes(url)).map((url) => `${url} in the output`),
    ...([1, 2, 3].every((at) => output.includes(`\n  ${at}. `)) ? [] : ['three things to try next']),
  ];
}

async function endByCtrlC(demo: StoryProcess): Promise<string[]> {
  const pressed = performance.now();
  demo.pressCtrlC();
  const timer = setTimeout(() => void demo.kill(), 2 * END_MS);
  const { code } = await demo.ended;
  clearTimeout(timer);
  const tookMs = performance.now() - pressed;
  return [
    ...(code === 0 ? [] : [`exit code 0 after Ctrl-C, it was ${code}`]),
    ...(tookMs <= END_MS ? [] : [`an end within ${END_MS / 1000} s of Ctrl-C, it took ${Math.round(tookMs / 1000)} s`]),
  ];
}

/** The second start meets new people and still knows the old ones. */
async function secondStart(stage: Stage): Promise<string[]> {
  const before = await countPersons(stage);
  const demo = stage.run(['demo', '--once']);
  const played = await demo.message('played');
  const { code } = await demo.ended;
  const after = await countPersons(stage);
  return [
    ...(played?.missing ?? [`the second start: ${lastWord(demo)}`]),
    ...(code === 0 ? [] : [`exit code 0 of --once, it was ${code}`]),
    ...(before > 0 && after > before
      ? []
      : [`kept data: ${before} persons before the second start, ${after} after it`]),
  ];
}

const outsideConnections = ({ children }: Stage): string[] =>
  children.flatMap((child) =>
    [...child.output().matchAll(/^outside connection.*$/gm)].map(([found]) => `loopback alone: ${found}`),
  );

/** Another demo on the same data, while the first runs. */
async function refusedDemo({ run }: Stage): Promise<string[]> {
  const other = run(['demo', '--once']);
  const { code, afterMs } = await other.ended;
  return [
    ...(code === 0 ? ['a refusal of a second demo on the same data'] : []),
    ...(afterMs <= REFUSAL_MS
      ? []
      : [`that refusal within ${REFUSAL_MS / 1000} s, it took ${(afterMs / 1000).toFixed(1)} s`]),
    ...(/hub\.lock/.test(other.output()) ? [] : ['the name of the lock in that refusal']),
  ];
}

async function countPersons({ run }: Stage): Promise<number> {
  const status = run(['status', '--json']);
  await status.ended;
  const json = status.output();
  return (JSON.parse(json.slice(json.indexOf('{'))) as { persons: number }).persons;
}

/** Stands in for a Node that is too old to read the rest of the program. */
const OLDER = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } });
Object.defineProperty(process, 'version', { value: 'v20.19.0' });`;

async function olderNode({ run }: Stage): Promise<string[]> {
  const demo = run(['demo', '--once'], [`--import=${moduleOf(OLDER)}`]);
  const { code } = await demo.ended;
  const words = demo.output().trim();
  const isClear = code === 1 && /24/.test(words) && /v20\.19\.0/.test(words) && words.split('\n').length === 1;
  return isClear ? [] : ['one clear line for an older Node'];
}
