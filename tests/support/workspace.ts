import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../core/config/process-env.ts';
import type { Setup } from '../../core/pipeline/setup.ts';
import { readSetup } from '../../core/runtime/hub.ts';

export type Files = Readonly<Record<string, string>>;

export const root = packageRoot;

/** Two LINE channels of one provider, Slack, and the company's own site. Nothing listens at the addresses. */
export const CONNECTIONS = `
connections:
  line-main: { connector: line, providerId: "2000000001", channelSecret: main-secret, channelAccessToken: t, apiUrl: "http://127.0.0.1:9" }
  line-shop: { connector: line, providerId: "2000000001", channelSecret: shop-secret, channelAccessToken: t, apiUrl: "http://127.0.0.1:9" }
  slack: { connector: slack, botToken: xoxb-1, signingSecret: slack-secret, apiUrl: "http://127.0.0.1:9" }
  site: { connector: web, token: site-token }
`;

export const PEOPLE = `
staff:
  - { name: 田中 一郎, email: tanaka@example.co.jp, slack: U0TANAKA01, manager: yamamoto@example.co.jp }
  - { name: 山本 恵, email: yamamoto@example.co.jp, slack: U0YAMAMO01 }
  - { name: 渡辺 剛, email: watanabe@example.co.jp, slack: U0WATANA01, active: false }
channels: { line-support: C0LINESUPP }
`;

export const MAIN = `workspace: { name: sakura, timeZone: Asia/Tokyo, locale: ja }\n${CONNECTIONS}${PEOPLE}`;

export interface TestFolder {
  readonly folder: string;
  readonly write: (files: Files) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** A workspace in a folder of its own. */
export async function testFolder(files: Files): Promise<TestFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'musubi-workspace-'));
  const write = async (written: Files) => {
    for (const [name, text] of Object.entries(written)) {
      const file = path.join(folder, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  };
  await write(files);
  return { folder, write, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** The workspace these files make, with the shipped connectors and mappings, opened as the hub does. */
export async function setupOf(files: Files = {}): Promise<Setup> {
  const own = await testFolder({ 'musubi.yaml': MAIN, ...files });
  try {
    return (await readSetup({ folder: own.folder, root, env: {} })).setup;
  } finally {
    await own.remove();
  }
}
