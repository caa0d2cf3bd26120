import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startSandboxes } from '../../core/cli/sandbox.ts';
import type { JsonObject } from '../../core/sdk/json.ts';
import { type HubProcess, startHub } from '../chaos/hub-process.ts';
import { freePort } from '../support/hub.ts';
import { dropSchema, newSchema, postgresUrl, stores } from '../support/stores.ts';
import { PEOPLE, type TestFolder, testFolder } from '../support/workspace.ts';

/** Everything that may stand in no line: people, what they said, and secrets. */
const PLANTED = {
  name: '目印花子',
  email: 'mejirushi@example.jp',
  phone: '080-9999-0001',
  e164: '818099990001',
  lineId: `U${'0badcafe'.repeat(4)}`,
  message: 'だれにも言わないでください',
  channelSecret: 'planted-channel-secret',
  channelAccessToken: 'planted-channel-token',
  botToken: 'xoxb-planted-bot-token',
  signingSecret: 'planted-signing-secret',
  siteToken: 'planted-site-token',
  presented: 'planted-presented-token',
  misplaced: 'planted-misplaced-secret',
  vendor: 'planted-vendor-text',
} as const;

const title = (name: string) => `title: { ja: ${name}, en: ${name} }`;
const ANSWER = `${title('answer')}
when: { activity: line_message }
then:
  - line.reply: { text: "承りました：{{ activity.body }}" }
  - line.push: { text: "{{ activity.body }}" }
    kind: transactional
  - slack.post-message: { channel: line-support, text: "{{ person.displayName }}：{{ activity.body }}" }
`;
const FILES = {
  'musubi.yaml': `
workspace: { name: sakura, timeZone: Asia/Tokyo, locale: ja }
connections:
  line-main: { connector: line, providerId: "2000000001", channelSecret: ${PLANTED.channelSecret}, channelAccessToken: ${PLANTED.channelAccessToken}, apiUrl: "\${LINE_API_URL}" }
  slack: { connector: slack, botToken: ${PLANTED.botToken}, signingSecret: ${PLANTED.signingSecret}, apiUrl: "\${SLACK_API_URL}" }
  site: { connector: web, token: ${PLANTED.siteToken} }
${PEOPLE}`,
  'rules/answer.yaml': ANSWER,
  // its condition cannot be answered, its text has no value
  'rules/odd.yaml': `${title('odd')}\nwhen: { change: [person.lastName, person.email] }\nif: "person.lastName != '' || int(person.lastName) > 1"\nthen: [ { slack.post-message: { channel: line-support, text: "{{ person.lastName }} {{ person.jobTitle }}" } } ]\n`,
};
const [store] = (await stores()).toReversed();

describe(`the log of a whole run on ${store?.kind}`, () => {
  let folder: TestFolder;
  let hub: HubProcess;
  let url = '';
  let sandboxes: Awaited<ReturnType<typeof startSandboxes>>;
  const schema = newSchema();

  const start = async () => {
    const [port, line, slack, site] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const env = {
      MUSUBI_PUBLIC_URL: `http://127.0.0.1:${port}`,
      LINE_API_URL: `http://127.0.0.1:${line}`,
      SLACK_API_URL: `http://127.0.0.1:${slack}`,
      MUSUBI_SANDBOX_PORT: String(site),
    };
    sandboxes = await startSandboxes(folder.folder, env, env.MUSUBI_PUBLIC_URL);
    const database: Record<string, string> =
      store?.kind === 'postgres' ? { DATABASE_URL: postgresUrl, MUSUBI_SCHEMA: schema } : {};
    hub = startHub({
      folder: folder.folder,
      env: { ...env, ...database, MUSUBI_PORT: String(port), MUSUBI_LOG: 'info' },
    });
    url = (await hub.ready) ?? '';
    if (url === '') await sandboxes.close();
  };
  beforeAll(async () => {
    folder = await testFolder(FILES);
    // a port found free may be taken by another test before the hub has it
    for (let tries = 0; tries < 3 && url === ''; tries++) await start();
    if (url === '') throw new Error(hub.output.join('\n'));
  }, 60_000);
  afterAll(async () => {
    await hub?.kill();
    await sandboxes?.close();
    await folder?.remove();
    if (store?.kind === 'postgres') await dropSchema(schema);
  });

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(path.startsWith('http') ? path : `${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const control = async (id: string, path: string, body: JsonObject) => {
    const response = await post(`${sandboxes.origins[id]}/__sandbox/${path}`, body);
    if (!response.ok) throw new Error(`${id} ${path}: ${await response.text()}`);
  };
  let now = Date.parse('2026-10-07T10:00:00+09:00');
  /** Moves the clock on, past every retry that is near, until all is quiet. */
  const later = async (minutes: number) => {
    now += minutes * 60_000;
    expect((await post('/__clock', { set: new Date(now).toISOString() })).status).toBe(200);
  };
  const site = (events: JsonObject[], token: string = PLANTED.siteToken) =>
    post('/events', { events }, { authorization: `Bearer ${token}` });
  const say = (text: string = PLANTED.message) =>
    control('line', 'edit', { do: 'message', userId: PLANTED.lineId, text });
  const person = (more: JsonObject = {}) => ({
    kind: 'identify',
    at: new Date(now).toISOString(),
    anonymousId: 'v1',
    email: PLANTED.email,
    properties: { lastName: PLANTED.name, phone: PLANTED.phone, ...more },
  });
  const said = () => [...hub.log.map((line) => JSON.stringify(line)), ...hub.output];
  const leaks = () =>
    said().flatMap((line) =>
      Object.entries(PLANTED).flatMap(([what, text]) => (line.includes(text) ? [`${what}: ${line}`] : [])),
    );

  it('says nothing of people while all goes well', async () => {
    await control('slack', 'seed', { users: [], channels: [{ id: 'C0LINESUPP', name: 'line-support' }] });
    await later(0);
    await control('line', 'edit', { do: 'follow', userId: PLANTED.lineId, displayName: PLANTED.name });
    await say();
    expect((await site([{ id: 'e-1', ...person() }])).status).toBe(200);
    await later(1);
    expect(leaks()).toEqual([]);
  });

  it('nor when a sender is refused, or sends what nobody can read', async () => {
    expect((await site([{ id: 'e-2', ...person() }], PLANTED.presented)).status).toBe(401);
    await post(`/events?token=${PLANTED.presented}`, `{"email":"${PLANTED.email}"`, {
      authorization: `Bearer ${PLANTED.siteToken}`,
    });
    await site([{ id: 'e-3', kind: PLANTED.message, email: PLANTED.email, properties: { lastName: PLANTED.name } }]);
    await site([{ id: 'e-1', ...person({ jobTitle: '別人' }) }]);
    await post(
      '/webhooks/line-main',
      { events: [{ source: { userId: PLANTED.lineId } }] },
      { 'x-line-signature': 'x' },
    );
    await post(`/webhooks/${PLANTED.email}`, {});
    await post('/__clock', { set: PLANTED.message });
    await post('/__clock', `{"${PLANTED.email}`);
    await fetch(`${url}/v1/persons/${PLANTED.email}`, { headers: { authorization: `Bearer ${PLANTED.presented}` } });
    await later(1);
    await vi.waitFor(() => expect(hub.log.some((line) => line.msg === 'differing body')).toBe(true));
    expect(leaks()).toEqual([]);
  });

  it('nor when a tool fails, and quotes people in its answer', async () => {
    const body = { message: `${PLANTED.vendor} ${PLANTED.name} ${PLANTED.email} ${PLANTED.lineId} ${PLANTED.message}` };
    for (const status of [500, 429, 400, 401, 403]) {
      for (const path of ['/v2/bot/message/push', '/v2/bot/message/reply'])
        await control('line', 'fault', { path, status, body, headers: { 'retry-after': '1' } });
      await control('slack', 'fault', { path: '/api/chat.postMessage', status, body, headers: { 'retry-after': '1' } });
      await say(`${PLANTED.message} ${status}`);
      await later(1);
      await later(10);
    }
    await control('line', 'fault', { path: '/v2/bot/profile', status: 500, body });
    await control('line', 'edit', { do: 'follow', userId: `U${'1badcafe'.repeat(4)}`, displayName: PLANTED.name });
    await later(10);
    expect(hub.log.filter((line) => line.level === 'warn' || line.level === 'error').length).toBeGreaterThan(5);
    expect(leaks()).toEqual([]);
  }, 60_000);

  it.runIf(store?.kind === 'postgres')('nor when the database refuses a row, and quotes it', async () => {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: postgresUrl });
    await client.connect();
    await client.query(
      `alter table ${schema}.persons add constraint planted check (job_title is distinct from '目印')`,
    );
    await site([{ id: 'e-9', ...person({ jobTitle: '目印' }) }]);
    for (let round = 0; round < 6; round++) await later(5);
    await client.query(`alter table ${schema}.persons drop constraint planted`);
    await client.end();
    expect(hub.log.some((line) => String(line.where).startsWith('inbox row'))).toBe(true);
    expect(leaks()).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    [
      'a secret under a wrong name',
      { 'musubi.yaml': FILES['musubi.yaml'].replace('site: {', `site: { tokn: ${PLANTED.misplaced}, `) },
    ],
    [
      'a secret in the place of another setting',
      { 'musubi.yaml': FILES['musubi.yaml'].replace(/"[^"]*LINE_API_URL[^"]*"/, PLANTED.misplaced) },
    ],
    [
      'a secret on a broken line',
      { 'musubi.yaml': FILES['musubi.yaml'].replace('site: {', `site: { token: ${PLANTED.misplaced}: [, `) },
    ],
    [
      'words to a customer',
      { 'rules/answer.yaml': ANSWER.replace('承りました', `${PLANTED.message}{{ person.nme }}`) },
    ],
  ])('nor when a changed file is refused: %s', async (_, files) => {
    const refusals = () => hub.log.filter((line) => String(line.msg).includes('not reloaded')).length;
    const before = refusals();
    await folder.write(files);
    await vi.waitFor(() => expect(refusals()).toBeGreaterThan(before), { timeout: 10_000 });
    const reloads = () => hub.log.filter((line) => line.msg === 'workspace reloaded').length;
    const good = reloads();
    await folder.write({ 'musubi.yaml': FILES['musubi.yaml'], 'rules/answer.yaml': ANSWER });
    await vi.waitFor(() => expect(reloads()).toBeGreaterThan(good), { timeout: 10_000 });
    expect(leaks()).toEqual([]);
  });

  it('nor at its end, and it writes nothing but log lines', async () => {
    hub.signal('SIGTERM');
    expect(await hub.ended).toMatchObject({ code: 0 });
    expect(leaks()).toEqual([]);
    expect(hub.output).toEqual([]);
  }, 20_000);
});
