import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connectorInfos, loadConnectors, openActions } from '../../../core/runtime/registry.ts';
import { type Files, root, type TestFolder, testFolder } from '../../support/workspace.ts';

const MANIFEST = `
id: chat
names: { ja: チャット, en: Chat }
actions:
  post: { class: B, kind: staff, channel: talk }
`;
const INDEX = `
export default {
  config: {},
  actions: { post: async () => ({ default: { input: {}, texts: ['text'] } }) },
};
`;
const GOOD = { 'chat/manifest.yaml': MANIFEST, 'chat/index.ts': INDEX };

describe('the registry of connectors', () => {
  let own: TestFolder | null = null;
  const load = async (files: Files, wanted: ReadonlySet<string> | null = null) => {
    own = await testFolder(files);
    return loadConnectors(own.folder, wanted);
  };
  afterEach(async () => {
    await own?.remove();
    own = null;
  });
  const actionsOf = async (files: Files) => {
    const chat = (await load(files)).get('chat');
    if (!chat) throw new Error('no connector');
    return openActions(chat);
  };

  it('finds every connector that ships, each under the name of its folder, in order', async () => {
    const folder = path.join(root, 'connectors');
    const found = await loadConnectors(folder, null);
    const folders = (await readdir(folder, { withFileTypes: true })).filter((one) => one.isDirectory());
    expect([...found.keys()]).toEqual(folders.map((one) => one.name).toSorted());
    const infos = await connectorInfos(found);
    for (const [id, info] of Object.entries(infos)) expect(info.id).toBe(id);
  });

  it('imports the wanted ones alone', async () => {
    const broken = { 'heavy/manifest.yaml': 'id: heavy', 'heavy/index.ts': 'throw new Error("was imported");' };
    const found = await load({ ...GOOD, ...broken, 'README.md': 'a file is no connector' }, new Set(['chat']));
    expect([...found.keys()]).toEqual(['chat']);
  });

  it('takes class, kind and channel of an action from the manifest', async () => {
    expect(await actionsOf(GOOD)).toMatchObject({ post: { effectClass: 'B', kind: 'staff', channel: 'talk' } });
  });

  it('takes the connector’s own name for the channel where the manifest names none', async () => {
    const files = { ...GOOD, 'chat/manifest.yaml': MANIFEST.replace(', channel: talk', '') };
    expect(await actionsOf(files)).toMatchObject({ post: { channel: 'chat' } });
  });

  describe('refuses, and names the connector,', () => {
    it.each<[string, string, RegExp]>([
      ['a manifest with another id', MANIFEST.replace('id: chat', 'id: talk'), /^\[chat\] .*talk/],
      ['a manifest without a name in Japanese', MANIFEST.replace('ja: チャット, ', ''), /^\[chat\] .*names\.ja/],
      ['an effect class nobody knows', MANIFEST.replace('class: B', 'class: E'), /^\[chat\] .*class/],
      ['a manifest that is no YAML', 'id: [chat', /^\[chat\] /],
      ['an empty manifest', '', /^\[chat\] /],
    ])('%s', async (_, manifest, message) => {
      const failing = load({ ...GOOD, 'chat/manifest.yaml': manifest });
      await expect(failing).rejects.toMatchObject({
        code: 'manifest_invalid',
        message: expect.stringMatching(message),
      });
    });

    it('a folder without a manifest', async () => {
      const failing = load({ 'chat/index.ts': INDEX });
      await expect(failing).rejects.toMatchObject({
        code: 'manifest_invalid',
        message: expect.stringMatching(/^\[chat\] /),
      });
    });

    it('an action the manifest does not name', async () => {
      const files = { ...GOOD, 'chat/index.ts': INDEX.replace('post:', 'shout:') };
      await expect(actionsOf(files)).rejects.toMatchObject({
        code: 'manifest_invalid',
        message: expect.stringMatching(/^\[chat\] .*shout/),
      });
    });

    it('an action the manifest names and nobody wrote', async () => {
      const files = { ...GOOD, 'chat/index.ts': INDEX.replace(/actions: .*\n/, 'actions: {},\n') };
      await expect(actionsOf(files)).rejects.toMatchObject({
        code: 'manifest_invalid',
        message: expect.stringMatching(/^\[chat\] .*post/),
      });
    });
  });
});
