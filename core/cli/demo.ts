import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot, type ProcessSettings } from '../config/process-env.ts';
import { createHub, type Hub } from '../runtime/hub.ts';
import { createLog } from '../runtime/log.ts';
import { boundGlobalFetch, stopOnSignal } from './start.ts';
import { createStoryKit, type Story } from './story-kit.ts';
import { workspaceFolder } from './workspace-folder.ts';

export interface DemoOptions {
  readonly settings: ProcessSettings;
  /** Default: the quickstart that ships. */
  readonly folder: string | undefined;
  readonly once: boolean;
}

const quickstart = path.join(packageRoot, 'examples', 'quickstart');

/**
 * `musubi demo`: the sandboxes in a process of their own, the hub on the embedded store, the workspace's story played over
 * real HTTP. Returns the exit code: 0 only when the sandboxes saw every expected effect.
 */
export async function demo({ settings, folder, once }: DemoOptions): Promise<number> {
  const startedAt = performance.now();
  const say = (ja: string, en: string) => console.log(settings.language === 'ja' ? ja : en);
  const workspace = workspaceFolder(folder ?? quickstart);
  boundGlobalFetch();
  say('結び（Musubi）のデモを始めます。', 'Starting the Musubi demo.');
  const hub = await createHub({
    folder: workspace,
    root: packageRoot,
    env: settings.env,
    host: settings.host,
    port: settings.port,
    log: createLog({ level: settings.env.MUSUBI_LOG ?? 'error' }),
    databaseUrl: settings.databaseUrl,
    redisUrl: settings.redisUrl,
    schema: settings.schema,
    onProgress: (message) => console.log(`  … ${message}`),
  });
  const sandboxes = await forkSandboxes(workspace, settings, hub.url);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`${seconds} 秒で起動しました：${hub.url}（保存先：${hub.store.kind}）`, `Ready after ${seconds} s: ${hub.url} (store: ${hub.store.kind})`);

  const kit = createStoryKit({ hubUrl: hub.url, origins: sandboxes.origins, language: settings.language, print: console.log, startedAt });
  const { default: story } = (await import(pathToFileURL(path.join(workspace, 'story.ts')).href)) as { default: Story };
  await story(kit);
  await fetch(`${hub.url}/__clock`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"real":true}' });
  const missing = kit.missing();
  if (missing.length > 0) {
    say('見つからなかったもの：', 'Missing:');
    for (const line of missing) console.log(`  ✗ ${line}`);
  }
  if (once) {
    await hub.close();
    await sandboxes.close();
    say(missing.length === 0 ? 'すべて確認できました。' : '確認できなかったものがあります。', missing.length === 0 ? 'Everything was seen.' : 'Not everything was seen.');
    return missing.length === 0 ? 0 : 1;
  }
  showWhereToLook(hub, sandboxes.origins, workspace, say);
  stopOnSignal(hub, () => say('終了します…', 'Stopping…'), sandboxes.close);
  return 0;
}

function showWhereToLook(hub: Hub, origins: Readonly<Record<string, string>>, workspace: string, say: (ja: string, en: string) => void): void {
  const folder = path.relative(process.cwd(), workspace) || '.';
  console.log('');
  say('サンドボックスが受け取ったリクエスト：', 'What the sandboxes received:');
  for (const [id, origin] of Object.entries(origins)) console.log(`  ${id.padEnd(6)} ${origin}/__sandbox/requests`);
  say('次に試せること：', 'Three things to try next:');
  console.log(`  1. curl -s ${hub.url}/health`);
  const edit = `curl -s -X POST ${origins.line ?? ''}/__sandbox/edit -d '{"do":"message","userId":"U00000000000000000000000000000001","text":"営業時間は？"}'`;
  console.log(`  2. ${edit}`);
  say(`  3. ${folder}/rules/line-auto-reply.yaml を書き換えて保存する（すぐに反映されます）`, `  3. edit ${folder}/rules/line-auto-reply.yaml (a saved change counts at once)`);
  say('Ctrl-C で終了します。', 'Ctrl-C ends it.');
}

interface Sandboxes {
  readonly origins: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

const SANDBOX_START_MS = 30_000;

async function forkSandboxes(workspace: string, settings: ProcessSettings, hubUrl: string): Promise<Sandboxes> {
  const child = fork(path.join(packageRoot, 'core', 'musubi.mjs'), ['--workspace', workspace, 'sandbox'], {
    env: { ...settings.env, MUSUBI_HUB_URL: hubUrl } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const origins = await new Promise<Sandboxes['origins']>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('[demo] the sandboxes did not start')), SANDBOX_START_MS);
    child.once('message', (message) => {
      clearTimeout(timer);
      resolve((message as { origins: Sandboxes['origins'] }).origins);
    });
    child.once('exit', (code) => reject(new Error(`[demo] the sandboxes ended with ${code}: is one of their ports taken?`)));
  });
  return { origins, close: () => endChild(child) };
}

function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
