import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPglite } from '../../../core/store/open-pglite.ts';
import { type TestFolder, testFolder } from '../../support/workspace.ts';
import { musubi } from './musubi.ts';

const MAIN = `
workspace: { name: sakura, timeZone: Asia/Tokyo }
connections:
  line-main: { connector: line, providerId: "2000000001", channelSecret: s1, channelAccessToken: t, apiUrl: "http://127.0.0.1:7101" }
`;
const BROKEN = `
workspace: { name: sakura }
connections: { site: { connector: weeb, token: t } }
staff: [ { name: 田中 一郎, email: tanaka@example.co.jp, manager: nobody@example.co.jp } ]
`;

describe('the musubi command', () => {
  let whole: TestFolder;
  let broken: TestFolder;
  beforeAll(async () => {
    whole = await testFolder({ 'musubi.yaml': MAIN });
    broken = await testFolder({ 'musubi.yaml': BROKEN, 'mappings/web/events.yaml': 'object: event\n' });
  });
  afterAll(() => Promise.all([whole.remove(), broken.remove()]));

  it('check ends with 1 and every problem of a broken workspace, never a stack', async () => {
    const { code, out, error } = await musubi(['-w', broken.folder, 'check']);
    expect(code).toBe(1);
    expect(out).toContain('connections.site.connector: no connector "weeb"');
    expect(out).toContain('(did you mean "web"?)');
    expect(out).toContain('staff.0.manager: the manager is not in the staff list');
    expect(error).toBe('2 problems\n');
  });

  it('a wrong command ends with 2, a wrong name with 1, each with what would be right', async () => {
    const [unknown, story, where] = await Promise.all([
      musubi(['chek']),
      musubi(['stories', 'A99']),
      musubi(['-w', broken.folder, 'status']),
    ]);
    expect(unknown.code).toBe(2);
    expect(unknown.error).toContain('Did you mean check?');
    expect(story).toMatchObject({
      code: 1,
      out: '',
      error: '[stories] no story "A99"; known: A19 (did you mean "A19"?)\n',
    });
    expect(where.code).toBe(1);
    expect(where.error).toMatch(/^\[store\] there is no data in \S+ yet: start the hub first.*\n$/);
    expect(`${unknown.error}${story.error}${where.error}`).not.toMatch(/^\s+at /m);
  });

  it('speaks Japanese when asked to', async () => {
    const [help, english] = await Promise.all([
      musubi(['--lang', 'ja', 'token', 'create', '--help']),
      musubi(['--help']),
    ]);
    expect(help.code).toBe(0);
    expect(help.out).toContain('トークンを作成する（表示は一度だけ）');
    expect(english.out).toContain('Exit codes: 0 all is well, 1 something is wrong, 2 wrong usage');
  });

  it('makes the first token before the first start, into a store of its own', async () => {
    const data = path.join(whole.folder, 'elsewhere');
    const { code, out, error } = await musubi([
      '-w',
      whole.folder,
      '--data',
      data,
      'token',
      'create',
      '--name',
      'first',
    ]);
    expect(error).toContain('The token of first (viewer), valid until');
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^musubi_[\w-]{43}\n$/) });
    expect(existsSync(path.join(data, 'pgdata'))).toBe(true);

    const held = await openPglite({ dataDir: data });
    const refused = await musubi(['-w', whole.folder, '--data', data, 'dead', 'list']);
    await held.close();
    expect(refused.code).toBe(1);
    expect(refused.error).toContain('hub.lock');
    expect(refused.error).toContain('stop the hub, run the command, start it again');

    expect(await musubi(['-w', whole.folder, '--data', data, 'dead', 'list'])).toMatchObject({
      code: 0,
      out: 'Nothing is dead.\n',
    });
  }, 120_000);

  it('writes the three schemas for an editor', async () => {
    const folder = path.join(whole.folder, 'schemas');
    const { code, out } = await musubi(['schema', '--out', folder]);
    expect({
      code,
      files: out
        .trim()
        .split('\n')
        .map((one) => path.basename(one)),
    }).toEqual({
      code: 0,
      files: ['musubi.schema.json', 'mapping.schema.json', 'rule.schema.json'],
    });
    const rule = JSON.parse(readFileSync(path.join(folder, 'rule.schema.json'), 'utf8'));
    expect(Object.keys(rule.properties)).toContain('cooldown');
    expect(JSON.parse((await musubi(['schema', 'mapping'])).out).properties).toHaveProperty('entity');
    expect((await musubi(['schema', 'rul'])).error).toContain('(did you mean "rule"?)');
  });
});
