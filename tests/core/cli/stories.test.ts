import { createServer } from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { environmentOfFreePorts } from '../../../core/cli/free-ports.ts';
import { knownStories, stories } from '../../../core/cli/stories.ts';
import { shownTexts } from '../../../core/cli/story-kit.ts';
import { readProcessSettings } from '../../../core/config/process-env.ts';
import { root, type TestFolder, testFolder } from '../../support/workspace.ts';
import { capturedTerminal } from './captured-terminal.ts';

let folder: TestFolder | undefined;
afterEach(() => folder?.remove());

/** It drives the hub, and then it breaks. */
const STORY = `
export default async function story(kit) {
  await kit.setClock(Date.parse('2026-10-07T10:00:00+09:00'));
  const anonymousId = 'v1';
  await kit.edit('web', { do: 'view', anonymousId, path: '/pricing', title: 'p' });
  throw new Error('the story broke');
}
`;
const MAIN = `
workspace: { name: sakura }
connections: { site: { connector: web, token: t } }
`;

describe('acceptance stories', () => {
  it('are the built-in ones and the folders with a story, by number, whatever the spelling', async () => {
    folder = await testFolder({ 'a02/story.ts': '', 'a10/story.ts': '', 'notes/readme.md': '' });
    expect([...knownStories(folder.folder).keys()]).toEqual(['A2', 'A10', 'A19']);
  });

  it('play with a store and ports of their own, and say what was missing', async () => {
    folder = await testFolder({ 'a03/musubi.yaml': MAIN, 'a03/story.ts': STORY });
    const settings = readProcessSettings({ ...process.env, MUSUBI_LANG: 'en' });
    const run = { settings, terminal: capturedTerminal(), dataDir: path.join(folder.folder, 'data') };
    expect(await knownStories(folder.folder).get('A3')?.(run)).toEqual(['the story broke']);
  }, 120_000);

  it('name the known ones when one is not', async () => {
    const context = {
      settings: readProcessSettings({}),
      folder: undefined,
      dataDir: undefined,
      terminal: capturedTerminal(),
    };
    await expect(stories(context, ['a77'])).rejects.toMatchObject({ code: 'story_unknown' });
  });

  it('move every address of the workspace, together with the hub', async () => {
    const env = await environmentOfFreePorts(path.join(root, 'examples', 'quickstart'), 7070);
    expect(Object.keys(env).sort()).toEqual([
      'LINE_API_URL',
      'MUSUBI_PORT',
      'MUSUBI_PUBLIC_URL',
      'MUSUBI_SANDBOX_PORT',
      'SLACK_API_URL',
    ]);
    expect(env.MUSUBI_PUBLIC_URL).toBe(`http://127.0.0.1:${env.MUSUBI_PORT}`);
    expect(
      new Set([env.MUSUBI_PORT, new URL(env.LINE_API_URL ?? '').port, new URL(env.SLACK_API_URL ?? '').port]).size,
    ).toBe(3);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(Number(env.MUSUBI_PORT), '127.0.0.1', resolve));
    await new Promise((resolve) => server.close(resolve));
  });

  it('show the words of a message, whichever way the tool writes it', () => {
    expect(shownTexts({ text: '一行\n\n二行' })).toEqual(['一行', '二行']);
    expect(shownTexts({ messages: [{ type: 'text', text: 'こんにちは' }, { type: 'image' }] })).toEqual(['こんにちは']);
    expect(shownTexts({ id: '1' })).toEqual([]);
  });
});
