import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { startSandboxes } from '../../core/cli/sandbox.ts';
import { createStoryKit } from '../../core/cli/story-kit.ts';
import { createHub } from '../../core/runtime/hub.ts';
import { createLog } from '../../core/runtime/log.ts';
import story from '../../examples/quickstart/story.ts';
import { freePort } from '../support/hub.ts';
import { dropSchema, newSchema, postgresUrl, stores } from '../support/stores.ts';
import { root } from '../support/workspace.ts';

/** The quickstart as somebody who cloned it has it: no data of ours, ports of its own. */
async function copyOfQuickstart(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'musubi-quickstart-'));
  await cp(path.join(root, 'examples', 'quickstart'), folder, {
    recursive: true,
    filter: (source) => !source.includes('.musubi'),
  });
  return folder;
}

describe.each(await stores())('the quickstart on $kind', ({ kind }) => {
  it('shows everything its story tells', async () => {
    const folder = await copyOfQuickstart();
    const [port, line, slack, site] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const env = {
      MUSUBI_PUBLIC_URL: `http://127.0.0.1:${port}`,
      LINE_API_URL: `http://127.0.0.1:${line}`,
      SLACK_API_URL: `http://127.0.0.1:${slack}`,
      MUSUBI_SANDBOX_PORT: String(site),
    };
    const schema = newSchema();
    const hub = await createHub({
      folder,
      root,
      env,
      host: '127.0.0.1',
      port,
      log: createLog({ level: 'silent' }),
      databaseUrl: kind === 'postgres' ? postgresUrl : undefined,
      schema,
      watch: false,
    });
    const sandboxes = await startSandboxes(folder, env, hub.url);
    try {
      const printed: string[] = [];
      const kit = createStoryKit({
        hubUrl: hub.url,
        origins: sandboxes.origins,
        language: kind === 'postgres' ? 'en' : 'ja',
        print: (text) => void printed.push(text),
        startedAt: performance.now(),
      });
      await story(kit);
      expect(kit.missing()).toEqual([]);
      expect(printed.filter((text) => text.includes('✓')).length).toBeGreaterThanOrEqual(10);
      await hub.engine.quiet();
      const { rows } = await hub.store.db.query(
        `select 'effect' as what, state from musubi.effects where state <> 'confirmed'
         union all select 'inbox', state from musubi.inbox where state not in ('applied', 'superseded', 'skipped')
         union all select 'run', state from musubi.runs where state = 'failed'`,
      );
      expect(rows).toEqual([]);
    } finally {
      await hub.close();
      await sandboxes.close();
      await rm(folder, { recursive: true, force: true });
      if (kind === 'postgres') await dropSchema(schema);
    }
  }, 90_000);
});
