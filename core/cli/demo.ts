import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../config/process-env.ts';
import { createHub, type Hub, type HubOptions } from '../runtime/hub.ts';
import { createLog } from '../runtime/log.ts';
import type { CommandContext } from './command-context.ts';
import { forkSandboxes, type Sandboxes } from './fork-sandboxes.ts';
import { boundGlobalFetch, stopOnSignal } from './start.ts';
import { createStoryKit, type StoryModule } from './story-kit.ts';
import type { Terminal } from './terminal.ts';
import { storeStep } from './with-store.ts';
import { workspaceFolder } from './workspace-folder.ts';

/** What a demo that was forked tells its parent. */
export type DemoMessage =
  | { readonly state: 'ready'; readonly hubUrl: string; readonly origins: Readonly<Record<string, string>> }
  | { readonly state: 'played'; readonly missing: readonly string[] };

/**
 * `musubi demo`: the sandboxes in a process of their own, the hub on the embedded store, the workspace's story played over
 * real HTTP. The exit code is 0 only when the sandboxes saw every expected effect.
 */
export async function demo(context: CommandContext, { once }: { readonly once: boolean }): Promise<number> {
  const startedAt = performance.now();
  const { settings, terminal } = context;
  const { say } = terminal;
  const workspace = workspaceFolder(context.folder);
  boundGlobalFetch();
  say('結び（Musubi）のデモを始めます。', 'Starting the Musubi demo.');
  const hub = await createHub(hubOptions(context, workspace));
  let sandboxes: Sandboxes | null = null;
  const close = async () => void (await sandboxes?.close());
  const stopping = stopOnSignal(hub, () => say('終了します…', 'Stopping…'), close);
  try {
    sandboxes = await forkSandboxes(workspace, settings, hub.url);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    say(
      `${seconds} 秒で起動しました：${hub.url}（保存先：${hub.store.kind}）`,
      `Ready after ${seconds} s: ${hub.url} (store: ${hub.store.kind})`,
    );
    tellParent({ state: 'ready', hubUrl: hub.url, origins: sandboxes.origins });
    const story = await loadStory(workspace);
    const missing = await play(story, { hub, sandboxes, terminal, startedAt });
    if (!once) showWhereToLook(hub, sandboxes.origins, story, workspace, terminal);
    tellParent({ state: 'played', missing });
    if (!once) {
      say('Ctrl-C で終了します。', 'Ctrl-C ends it.');
      return 0;
    }
    await hub.close();
    await close();
    say(
      missing.length === 0 ? 'すべて確認できました。' : '確認できなかったものがあります。',
      missing.length === 0 ? 'Everything was seen.' : 'Not everything was seen.',
    );
    return missing.length === 0 ? 0 : 1;
  } catch (error) {
    // what fails because the demo is being ended is no failure: the end is under way
    if (stopping.isStopping()) return 0;
    tellParent({ state: 'played', missing: [error instanceof Error ? error.message : String(error)] });
    await hub.close().catch(() => {});
    await close();
    throw error;
  }
}

const hubOptions = ({ settings, dataDir, terminal }: CommandContext, folder: string): HubOptions => ({
  folder,
  root: packageRoot,
  env: settings.env,
  host: settings.host,
  port: settings.port,
  log: createLog({ level: settings.env.MUSUBI_LOG ?? 'error' }),
  databaseUrl: settings.databaseUrl,
  redisUrl: settings.redisUrl,
  schema: settings.schema,
  ...(dataDir !== undefined && { dataDir }),
  onProgress: (step) => terminal.progress(step === 'ready' ? null : storeStep(step, terminal)),
});

const loadStory = (workspace: string): Promise<StoryModule> =>
  import(pathToFileURL(path.join(workspace, 'story.ts')).href) as Promise<StoryModule>;

interface Stage {
  readonly hub: Hub;
  readonly sandboxes: Sandboxes;
  readonly terminal: Terminal;
  readonly startedAt: number;
}

/** Plays the story and gives the clock back; returns what was not seen. */
async function play(story: StoryModule, { hub, sandboxes, terminal, startedAt }: Stage): Promise<readonly string[]> {
  const { language, print } = terminal;
  const kit = createStoryKit({ hubUrl: hub.url, origins: sandboxes.origins, language, print, startedAt });
  await story.default(kit);
  await kit.realClock();
  const missing = kit.missing();
  if (missing.length > 0) terminal.say('見つからなかったもの：', 'Missing:');
  for (const line of missing) print(`  ✗ ${line}`);
  return missing;
}

function showWhereToLook(
  { url }: Hub,
  origins: Sandboxes['origins'],
  story: StoryModule,
  workspace: string,
  { print, say, pick }: Terminal,
): void {
  const folder = path.relative(process.cwd(), workspace) || '.';
  print();
  say('サンドボックスが受け取ったリクエスト：', 'What the sandboxes received:');
  for (const [id, origin] of Object.entries(origins)) print(`  ${id.padEnd(6)} ${origin}/__sandbox/requests`);
  const health = `curl -s ${url}/health`;
  const hints = [{ ja: health, en: health }, ...(story.tryNext?.({ hubUrl: url, origins, folder }) ?? [])];
  say('次に試せること：', hints.length === 3 ? 'Three things to try next:' : 'To try next:');
  for (const [at, { ja, en }] of hints.entries()) print(`  ${at + 1}. ${pick(ja, en)}`);
}

function tellParent(message: DemoMessage): void {
  process.send?.(message);
}
