import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createHub } from '../../../core/runtime/hub.ts';
import { createLog } from '../../../core/runtime/log.ts';
import { hmacSha256 } from '../../../core/sdk/signature.ts';
import { createToken, revokeToken, type TokenScope, tokenScopes } from '../../../core/store/api-tokens.ts';
import { insertDeliveries } from '../../../core/store/inbox.ts';
import { freePort, SANDBOXED, startWorld, type World } from '../../support/hub.ts';
import { delivery, newId } from '../../support/inbox-rows.ts';
import { stores } from '../../support/stores.ts';
import { MAIN, root, testFolder } from '../../support/workspace.ts';

const log = createLog({ level: 'silent' });

const ANSWER = `
title: { ja: 返信, en: Answer }
when: { activity: line_message }
then: [ { line.reply: { text: はい } } ]
`;

describe('a hub that cannot start', () => {
  const start = async (files: Record<string, string>, more: { port?: number; dataDir?: string } = {}) => {
    const own = await testFolder(files);
    try {
      const { port = 0, dataDir = 'memory://' } = more;
      return await createHub({
        folder: own.folder,
        root,
        env: {},
        host: '127.0.0.1',
        port,
        log,
        schema: 'musubi',
        dataDir,
        watch: false,
      });
    } finally {
      await own.remove();
    }
  };

  it('says everything that is wrong, with file, line and column', async () => {
    const failing = start({
      'musubi.yaml': `${MAIN}policy: { person.noSuchField: newest }\n`.replace(
        'main-secret',
        '"$'.concat('{MISSING_SECRET}"'),
      ),
      'rules/one.yaml': ANSWER.replace('line.reply', 'line.shout'),
      'rules/two.yaml': ANSWER.replace('line_message', 'line_massage'),
    });
    await expect(failing).rejects.toMatchObject({ code: 'config_invalid', kind: 'config' });
    const message = await failing.catch((error: Error) => error.message);
    expect(message).toMatch(/musubi\.yaml:\d+:\d+ .*MISSING_SECRET/);
    expect(message).toMatch(/musubi\.yaml:\d+:\d+ .*noSuchField/);
    expect(message).toMatch(/rules\/one\.yaml:\d+:\d+ .*shout/);
    expect(message).toMatch(/rules\/two\.yaml:\d+:\d+ .*line_massage/);
  });

  it('says that there is no workspace', async () => {
    await expect(start({})).rejects.toMatchObject({ code: 'config_invalid' });
  });

  describe('because its port is taken', () => {
    let first: Awaited<ReturnType<typeof start>>;
    let port: number;
    beforeAll(async () => {
      port = await freePort();
      first = await start({ 'musubi.yaml': MAIN }, { port });
    });
    afterAll(() => first.close());

    it('says so in plain words', async () => {
      const failing = start({ 'musubi.yaml': MAIN }, { port });
      await expect(failing).rejects.toMatchObject({ kind: 'config', message: expect.stringContaining(String(port)) });
    });

    it('holds nothing back: the next start on the same data succeeds', async () => {
      const data = await testFolder({});
      await start({ 'musubi.yaml': MAIN }, { port, dataDir: data.folder }).catch(() => {});
      const next = await start({ 'musubi.yaml': MAIN }, { dataDir: data.folder });
      await next.close();
      await data.remove();
    });
  });
});

describe.each(await stores())('the hub’s routes on $kind', ({ kind }) => {
  let world: World;
  const tokens: Partial<Record<TokenScope | 'none' | 'revoked' | 'expired' | 'invented', string>> = {};
  beforeAll(async () => {
    world = await startWorld({
      kind,
      files: { 'musubi.yaml': `${SANDBOXED}intake: { maxPending: 3 }\n`, 'rules/answer.yaml': ANSWER },
    });
    const { db } = world.hub.store;
    const make = (scope: TokenScope, expiresAtMs: number | null = null) =>
      createToken(db, { id: newId(), name: scope, scopes: [scope], expiresAtMs });
    for (const scope of tokenScopes) tokens[scope] = await make(scope);
    tokens.expired = await make('admin', Date.now() - 1);
    tokens.revoked = await make('admin');
    await revokeToken(db, tokens.revoked.slice(0, 13));
    tokens.invented = 'musubi_invented';
    // a token counts with the next sweep
    await vi.waitFor(async () => expect((await get('/v1/status', 'viewer')).status).toBe(200), { timeout: 10_000 });
  });
  afterAll(() => world.close());

  const bearer = (who: keyof typeof tokens): Record<string, string> =>
    tokens[who] === undefined ? {} : { authorization: `Bearer ${tokens[who]}` };
  const get = (path: string, who: keyof typeof tokens) => world.call('GET', path, undefined, bearer(who));
  const body = JSON.stringify({ destination: 'U1', events: [] });
  const signed = (text: string, secret = 'main-secret') => ({
    'x-line-signature': hmacSha256(secret, Buffer.from(text), 'base64'),
  });

  describe('role × route', () => {
    // default deny: a scope opens its own routes, admin opens all
    const readers: readonly (keyof typeof tokens)[] = ['viewer', 'admin'];
    const everybody = [...tokenScopes, 'none', 'revoked', 'expired', 'invented'] as const;
    for (const path of ['/v1/status', `/v1/persons/${newId()}`, '/metrics']) {
      it.each(everybody)(`${path.replace(/[0-9a-f-]{36}/, ':id')} for %s`, async (who) => {
        const { status } = await get(path, who);
        const found = path.includes('persons') ? 404 : 200;
        expect(status).toBe(readers.includes(who) ? found : 401);
      });
    }

    it.each(everybody)('POST /events for %s', async (who) => {
      const events = [{ id: newId(), kind: 'page_view', at: new Date().toISOString(), anonymousId: 'v' }];
      const { status } = await world.call('POST', '/events', { events }, bearer(who));
      expect(status).toBe(['events', 'admin'].includes(who) ? 200 : 401);
      await world.hub.engine.quiet();
    });

    it('refuses what is no bearer token, and says which scope is needed', async () => {
      for (const authorization of ['', 'Basic YTpi', `${tokens.viewer}`, 'Bearer', 'Bearer a b']) {
        const response = await world.call('GET', '/v1/status', undefined, { authorization });
        expect(response.status).toBe(401);
        expect(await response.json()).toMatchObject({
          error: 'unauthorized',
          message: expect.stringContaining('viewer'),
        });
      }
    });

    it('keeps tokens out of what it shows', async () => {
      const shown = JSON.stringify([...world.logLines, await (await get('/metrics', 'viewer')).text()]);
      for (const token of Object.values(tokens)) expect(shown).not.toContain(token);
    });
  });

  it('/health needs no token and shows neither people nor settings', async () => {
    const response = await world.call('GET', '/health');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      ok: true,
      store: kind,
      clock: { now: expect.any(String), isSet: false },
      inbox: { pending: 0, oldestSeconds: 0 },
    });
  });

  it('shows a person with addresses and timeline, newest first, and nothing for an id that is none', async () => {
    const { db } = world.hub.store;
    const id = newId();
    await db.query(
      `insert into musubi.persons (id, created_at, updated_at, last_name) values ($1, now(), now(), '佐藤')`,
      [id],
    );
    await db.query(
      `insert into musubi.addresses (channel, scope, id, person_id) values ('line', '2000000001', $2, $1)`,
      [id, `U${id}`],
    );
    for (const [at, body] of [
      ['2026-09-01', '一'],
      ['2026-09-02', '二'],
    ] as const) {
      await db.query(
        `insert into musubi.activities (id, occurred_at, kind, connection, source_event_id, person_id, body) values ($1, $2, 'note', 'site', $5, $3, $4)`,
        [newId(), at, id, body, at],
      );
    }
    const person = (await (await get(`/v1/persons/${id}`, 'viewer')).json()) as {
      fields: object;
      timeline: { body: string }[];
      addresses: object[];
    };
    expect(person.fields).toEqual({ lastName: '佐藤' });
    expect(person.timeline.map((one) => one.body)).toEqual(['二', '一']);
    expect(person.addresses).toHaveLength(1);
    for (const none of ['1', "' or 1=1", '%00'])
      expect((await get(`/v1/persons/${encodeURIComponent(none)}`, 'viewer')).status).toBe(404);
  });

  describe('webhooks', () => {
    it('404 for a connection nobody has, 404 for anything else', async () => {
      expect((await world.call('POST', '/webhooks/nobody', body)).status).toBe(404);
      expect((await world.call('GET', '/webhooks/line-main')).status).toBe(404);
      expect((await world.call('GET', '/no-such-page')).status).toBe(404);
    });

    it('200 for a signed one', async () => {
      expect((await world.call('POST', '/webhooks/line-main', body, signed(body))).status).toBe(200);
    });

    it.each<[string, Record<string, string>]>([
      ['no signature', {}],
      ['a wrong secret', signed(body, 'other')],
      ['the signature of another body', signed(`${body} `)],
    ])('401 for %s, and nothing is stored', async (_, headers) => {
      const response = await world.call('POST', '/webhooks/line-main', body, headers);
      expect(response.status).toBe(401);
      const { rows } = await world.hub.store.db.query(
        `select id from musubi.deliveries where connection = 'line-main'`,
      );
      expect(rows).toEqual([]);
    });

    it('413 for a body over the limit of the connection and over the limit of all', async () => {
      for (const size of [300_000, 2_000_000]) {
        const big = JSON.stringify({ events: [], pad: 'x'.repeat(size) });
        expect((await world.call('POST', '/webhooks/line-main', big, signed(big))).status).toBe(413);
      }
    });

    it('200 for a genuine body nobody can read: kept as dead, since sending again cannot help', async () => {
      const broken = '{"events": [';
      expect((await world.call('POST', '/webhooks/line-main', broken, signed(broken))).status).toBe(200);
      const { rows } = await world.hub.store.db.query(
        `select state, reason from musubi.inbox where connection = 'line-main'`,
      );
      expect(rows).toEqual([{ state: 'dead', reason: expect.stringContaining('unreadable_body') }]);
    });
  });

  it('503 with Retry-After while the inbox is too deep, 200 again when it is not', async () => {
    const { db } = world.hub.store;
    const far = {
      dedupDays: 30,
      rows: delivery(
        'site',
        ['1', '2', '3', '4', '5'].map((key) => ({ dedupKey: `deep-${key}`, payload: '{}' })),
      ),
    };
    await insertDeliveries(db, [far.rows], far.dedupDays);
    await db.query(
      `update musubi.inbox set attempts = 1, next_at = now() + interval '1 day' where dedup_key like 'deep-%' and state = 'pending'`,
    );
    await db.query(
      `update musubi.inbox set state = 'pending', attempts = 1, next_at = now() + interval '1 day' where dedup_key like 'deep-%'`,
    );
    const send = () => world.call('POST', '/webhooks/line-main', body, signed(body));
    await vi.waitFor(async () => expect((await send()).status).toBe(503), { timeout: 10_000 });
    const refused = await send();
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({
      error: 'overloaded',
      message: expect.stringContaining('more than 3'),
    });
    expect((await world.call('GET', '/health')).status).toBe(200);
    await db.query(`delete from musubi.inbox where dedup_key like 'deep-%'`);
    await vi.waitFor(async () => expect((await send()).status).toBe(200), { timeout: 10_000 });
  }, 40_000);
});
