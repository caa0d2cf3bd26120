import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHub } from './hub-process.ts';
import { openRig, type Rig, workspace } from './rig.ts';
import { quickestStore } from './stores.ts';

const TAKEN_MS = 5_000;
/** Longer than the moment for which files must be still before they are read. */
const STILL_MS = 600;

const order = (word: string) => `title: { ja: 注文, en: Order }
when: { activity: order_placed }
then:
  - slack.post-message:
      channel: handover
      text: "[${word}] {{ activity.body }}"
`;

describe('a workspace that cannot be used', () => {
  it('is refused at the start with every problem of every file, and nothing is made', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'musubi-chaos-'));
    cpSync(workspace, folder, { recursive: true });
    const main = readFileSync(path.join(folder, 'musubi.yaml'), 'utf8');
    writeFileSync(path.join(folder, 'musubi.yaml'), main.replace('connector: slack', 'connector: slcak'));
    writeFileSync(path.join(folder, 'rules', 'push.yaml'), 'title: { ja: 通知, en: "Push }\nwhen: {');
    writeFileSync(path.join(folder, 'rules', 'order.yaml'), order('order').replace('when:', 'wehn:'));
    mkdirSync(path.join(folder, 'mappings', 'web'), { recursive: true });
    writeFileSync(path.join(folder, 'mappings', 'web', 'events.yaml'), 'object: events\nentity: acitvity\n');
    const hub = startHub({ folder, env: { CHAOS_SLACK_URL: 'http://127.0.0.1:9' } });
    try {
      const { code, signal } = await hub.ended;
      const said = hub.output.join('\n');
      expect([code, signal]).toEqual([1, null]);
      expect(said).toMatch(/\d+ problems in the configuration: correct the files/);
      expect(said).toMatch(/musubi\.yaml:\d+:\d+ .*CHAOS_LINE_URL/);
      expect(said).toMatch(/musubi\.yaml:\d+:\d+ .*slcak.*did you mean "slack"/);
      for (const file of ['rules/push.yaml', 'rules/order.yaml', 'mappings/web/events.yaml'])
        expect(said).toMatch(new RegExp(`${file}:\\d+:\\d+ `));
      expect(existsSync(path.join(folder, '.musubi'))).toBe(false);
    } finally {
      await hub.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** R22. */
describe('files of a running hub', () => {
  let rig: Rig;
  let file: string;
  beforeAll(async () => {
    rig = await openRig(await quickestStore());
    file = path.join(rig.folder, 'rules', 'order.yaml');
    await rig.start();
    for (const event of await rig.events.introductions()) await rig.courier.deliver(event);
  });
  afterAll(() => rig.close());

  const count = (msg: string) => rig.hub().log.filter((line) => line.msg === msg).length;
  const RELOADED = 'workspace reloaded';
  const KEPT = 'workspace not reloaded: the last good one stays';
  /** Changes a file and waits until the hub has looked at it. */
  const change = async (msg: string, write: () => void) => {
    const before = count(msg);
    write();
    await expect.poll(() => count(msg), { timeout: TAKEN_MS }).toBeGreaterThan(before);
  };
  /** The word of the rule by which the next order is told. */
  const wordOfNext = async () => {
    const event = await rig.events.make('order');
    await rig.courier.deliver(event);
    const own = () => rig.tools.seen().filter((mark) => mark.endsWith(`:${event.tag}`));
    await expect.poll(own, { timeout: TAKEN_MS }).toHaveLength(1);
    return own()[0]?.split(':')[0];
  };

  it('are taken over when they are good', async () => {
    expect(await wordOfNext()).toBe('order');
    await change(RELOADED, () => writeFileSync(file, order('second')));
    expect(await wordOfNext()).toBe('second');
  });

  it.each([
    ['is no YAML', `${order('bad')}  - : [`],
    ['has an unknown key', `${order('bad')}wehn: {}\n`],
    ['names an unknown channel', order('bad').replace('handover', 'nowhere')],
    ['is empty', ''],
    ['holds itself', 'title: &a { ja: *a, en: *a }\n'],
  ])('are not taken over when one %s: the last good ones stay and the place is logged', async (_what, text) => {
    const word = await wordOfNext();
    await change(KEPT, () => writeFileSync(file, text));
    const line = rig.hub().log.findLast(({ msg }) => msg === KEPT);
    expect(line).toMatchObject({ level: 'error', code: 'config_invalid', kind: 'config' });
    expect(line?.reason).toMatch(/rules\/order\.yaml:\d+:\d+ /);
    expect(await wordOfNext()).toBe(word);
    await change(RELOADED, () => writeFileSync(file, order('second')));
  });

  it('are taken over as a whole when one was written half and then to its end', async () => {
    const text = order('third');
    await change(KEPT, () => writeFileSync(file, text.slice(0, text.indexOf('[third]') + 3)));
    expect(await wordOfNext()).toBe('second');
    await change(RELOADED, () => writeFileSync(file, text));
    expect(await wordOfNext()).toBe('third');
  });

  it('are read once when they change twice in 50 ms, as they are then', async () => {
    const before = count(RELOADED) + count(KEPT);
    await change(RELOADED, () => {
      writeFileSync(file, order('never').slice(0, 60));
      setTimeout(() => writeFileSync(file, order('fourth')), 50);
    });
    expect(await wordOfNext()).toBe('fourth');
    expect(count(RELOADED) + count(KEPT)).toBe(before + 1);
  });

  it('are taken over when an editor puts a new file in the place of the old one, again and again', async () => {
    for (const word of ['fifth', 'sixth', 'seventh']) {
      await change(RELOADED, () => {
        writeFileSync(`${file}.tmp`, order(word));
        renameSync(`${file}.tmp`, file);
      });
      expect(await wordOfNext()).toBe(word);
    }
  });

  it('are seen in a folder that was not there before', async () => {
    const folder = path.join(rig.folder, 'mappings', 'web');
    await change(KEPT, () => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, 'events.yaml'), 'object: events\nentity: acitvity\n');
    });
    await change(RELOADED, () => rmSync(path.join(rig.folder, 'mappings'), { recursive: true }));
  });

  it('may lose musubi.yaml and get it back', async () => {
    const main = path.join(rig.folder, 'musubi.yaml');
    const text = readFileSync(main, 'utf8');
    await change(KEPT, () => rmSync(main));
    expect(await wordOfNext()).toBe('seventh');
    await change(RELOADED, () => writeFileSync(main, text));
  });

  it('stop acting when they are removed', async () => {
    await change(RELOADED, () => rmSync(file));
    const event = await rig.events.make('order');
    await rig.courier.deliver(event);
    await change(RELOADED, () => writeFileSync(file, order('eighth')));
    expect(await wordOfNext()).toBe('eighth');
    expect(rig.tools.seen().filter((mark) => mark.endsWith(`:${event.tag}`))).toEqual([]);
  });

  it('of other kinds are not looked at', async () => {
    const before = count(RELOADED) + count(KEPT);
    writeFileSync(path.join(rig.folder, 'rules', 'notes.txt'), 'half a tho');
    writeFileSync(path.join(rig.folder, 'rules', '.order.yaml.swp'), 'b0VIM');
    await sleep(STILL_MS);
    expect(count(RELOADED) + count(KEPT)).toBe(before);
    expect(rig.hub().hasEnded()).toBe(false);
  });
});
