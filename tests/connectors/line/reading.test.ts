import { afterEach, describe, expect, it } from 'vitest';
import push from '../../../connectors/line/actions/push.ts';
import { config } from '../../../connectors/line/config.ts';
import quota from '../../../connectors/line/objects/quota.ts';
import users from '../../../connectors/line/objects/users.ts';
import { settingsMarked } from '../../../core/sdk/index.ts';
import { contextOf, HANAKO, type LineWorld, memory, STRANGER, settings, startLine, TARO } from './support.ts';

let line: LineWorld;
afterEach(() => line.close());

const tokenRequests = () => line.sandbox.requests.filter((request) => request.path === '/oauth2/v3/token').length;
const error = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

describe('profiles', () => {
  it('are read by id; a stranger, a person who blocked and a thing that is no id are absent', async () => {
    line = await startLine();
    await line.seed({
      users: [
        { userId: HANAKO, displayName: 'はなこ🌸', language: 'ja', pictureUrl: 'https://example.com/hanako.jpg' },
        { userId: TARO, displayName: '太郎', following: false },
      ],
    });
    const context = contextOf(line);
    const records = await users.read?.([HANAKO, TARO, STRANGER, 'no id\u0000'], context);
    expect(records).toEqual([
      {
        object: 'users',
        id: HANAKO,
        modifiedAtMs: context.nowMs,
        data: {
          userId: HANAKO,
          providerId: '2000000001',
          connection: 'line-main',
          displayName: 'はなこ🌸',
          language: 'ja',
          pictureUrl: 'https://example.com/hanako.jpg',
        },
      },
    ]);
  });

  it('fail as one when LINE fails: half a list would look like strangers', async () => {
    line = await startLine();
    await line.seed({ users: [{ userId: HANAKO }] });
    await line.fault({ path: '/v2/bot/profile', status: 500, body: { message: 'Internal' } });
    await expect(users.read?.([HANAKO], contextOf(line))).rejects.toEqual(error('vendor_unavailable'));
  });
});

describe('the quota', () => {
  it('says what is left of the month, in Japan time', async () => {
    line = await startLine();
    await line.clock('2026-10-31T23:59:00+09:00');
    await line.seed({ quota: { type: 'limited', value: 200 }, used: 190 });
    const [before] = (await quota.read?.(['month'], contextOf(line))) ?? [];
    expect(before?.data).toEqual({ limit: 200, used: 190, left: 10 });
    await line.clock('2026-11-01T00:00:00+09:00');
    const [after] = (await quota.read?.(['month'], contextOf(line))) ?? [];
    expect(after?.data).toEqual({ limit: 200, used: 0, left: 200 });
  });

  it('has no limit on a plan without one', async () => {
    line = await startLine();
    const [record] = (await quota.read?.(['month'], contextOf(line))) ?? [];
    expect(record?.data).toEqual({ limit: null, used: 0, left: null });
  });
});

describe('stateless tokens', () => {
  const { channelAccessToken: _, ...stateless } = settings;
  const start = async () => {
    line = await startLine(stateless);
    await line.seed({ users: [{ userId: HANAKO }] });
  };
  const startMs = Date.parse('2026-10-07T10:00:00+09:00');
  const at = (minutes: number) => new Date(startMs + minutes * 60_000).toISOString();
  const read = async (memo: ReturnType<typeof memory>, minutes: number) => {
    await line.clock(at(minutes));
    return users.read?.([HANAKO], contextOf(line, { nowMs: startMs + minutes * 60_000 }, memo));
  };

  it('are issued once for calls that start together', async () => {
    await start();
    const memo = memory();
    await Promise.all(Array.from({ length: 5 }, () => users.read?.([HANAKO], contextOf(line, {}, memo))));
    expect(tokenRequests()).toBe(1);
  });

  it('are kept for twelve minutes and renewed before LINE ends them at fifteen', async () => {
    await start();
    const memo = memory();
    await read(memo, 0);
    await read(memo, 11.9);
    expect(tokenRequests()).toBe(1);
    await read(memo, 12);
    expect(tokenRequests()).toBe(2);
  });

  it('are replaced once when LINE refuses one before its time', async () => {
    await start();
    const memo = memory();
    await read(memo, 0);
    await line.fault({ path: '/v2/bot/profile', status: 401, body: { message: 'Authentication failed' } });
    expect(await read(memo, 1)).toHaveLength(1);
    expect(tokenRequests()).toBe(2);
    await line.fault({ path: '/v2/bot/profile', status: 401, body: { message: 'Authentication failed' }, times: 2 });
    await expect(read(memo, 2)).rejects.toEqual(error('unauthorized', { kind: 'auth' }));
  });

  it('are asked for again after a failure, and nothing was sent meanwhile', async () => {
    await start();
    const memo = memory();
    await line.fault({ path: '/oauth2/v3/token', kind: 'reset' });
    await expect(users.read?.([HANAKO], contextOf(line, {}, memo))).rejects.toEqual(
      error('token_unavailable', { outcome: 'not_applied' }),
    );
    expect(await users.read?.([HANAKO], contextOf(line, {}, memo))).toHaveLength(1);
  });

  it('hanging, end with the call that waits for them', async () => {
    await start();
    await line.fault({ path: '/oauth2/v3/token', kind: 'hang' });
    const context = contextOf(line, { signal: AbortSignal.timeout(150) });
    await expect(push.perform({ userId: HANAKO, text: 'はい' }, context)).rejects.toEqual(
      error('token_unavailable', { outcome: 'not_applied' }),
    );
  });

  it('are refused for a wrong secret: the operator must copy it again, and sees neither', async () => {
    await start();
    const wrong = config.parse({ ...line.config, channelSecret: 'not-the-right-secret' });
    const failed = await users.read?.([HANAKO], { ...contextOf(line), config: wrong }).catch((caught: Error) => caught);
    expect(failed).toEqual(error('unauthorized', { kind: 'auth' }));
    expect(String(failed)).not.toContain('not-the-right-secret');
  });
});

describe('the settings', () => {
  it('need a token, or a channel id to issue one', async () => {
    line = await startLine();
    const { channelAccessToken: _token, channelId: _id, ...neither } = settings;
    expect(config.safeParse(neither).success).toBe(false);
    expect(config.safeParse({ ...neither, channelId: '2000000002' }).success).toBe(true);
    expect(config.safeParse({ ...settings, colour: 'green' }).success).toBe(false);
  });

  it('mark their secrets', async () => {
    line = await startLine();
    expect(settingsMarked(config, 'secret')).toEqual(['channelSecret', 'previousChannelSecret', 'channelAccessToken']);
    expect(settingsMarked(config, 'baseUrl')).toEqual(['apiUrl']);
  });
});
