import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listDead, retryDead, retryOptions, showDead } from '../../../core/cli/dead.ts';
import { status } from '../../../core/cli/status.ts';
import { readQuestion, why } from '../../../core/cli/why.ts';
import type { StoreAtHand } from '../../../core/cli/with-store.ts';
import { createPipeline, lineMessage, lineUser, type Pipeline, START } from '../../support/pipeline.ts';
import { stores, type TestStore } from '../../support/stores.ts';
import { MAIN, setupOf } from '../../support/workspace.ts';
import { capturedTerminal } from './captured-terminal.ts';

const ANSWER = `
title: { ja: 返信, en: Answer }
when: { activity: line_message }
then:
  - line.reply: { text: "承りました：{{ activity.body }}" }
    connection: line-main
  - slack.alert: { to: owner, text: "{{ person.companyName }}様から連絡" }
`;

const hanako = { kind: 'identify', email: 'hanako@example.co.jp', anonymousId: 'v1' };

describe.each(await stores())('looking back on $kind', ({ open }) => {
  let store: TestStore;
  let hub: Pipeline;
  let at: StoreAtHand;
  const terminal = capturedTerminal();
  beforeAll(async () => {
    const [opened, setup] = await Promise.all([
      open(),
      setupOf({ 'musubi.yaml': `${MAIN}policy: { person.jobTitle: first }\n`, 'rules/answer.yaml': ANSWER }),
    ]);
    store = opened;
    hub = createPipeline(store, setup);
    at = {
      ...store,
      folder: '.',
      timeText: (ms) => new Date(ms + 9 * 3_600_000).toISOString().slice(0, 19).replace('T', ' '),
    };
    await hub.site({ ...hanako, id: 'e1', properties: { lastName: '佐藤', jobTitle: '課長', phone: '03-1234-5678' } });
    await hub.drain();
    hub.at(START + 60_000);
    await hub.site({ ...hanako, id: 'e2', properties: { lastName: '鈴木', jobTitle: '部長' } });
    await hub.line('line-main', lineMessage(lineUser('1'), START, 'こんにちは'));
    await hub.drain();
  });
  afterAll(() => store.close());

  const ask = async (...words: string[]) => {
    const code = await why(at, terminal, readQuestion(words));
    return { code, out: terminal.takeOut() };
  };
  const effects = async () =>
    Object.fromEntries(
      (await hub.query<{ action: string; id: string }>('select action, id from musubi.effects')).map((row) => [
        row.action,
        row.id,
      ]),
    );

  describe('musubi why person', () => {
    it('shows each value with source, time, policy, mapping version and event', async () => {
      const { code, out } = await ask('person', 'Hanako@Example.co.jp');
      expect(code).toBe(0);
      expect(out).toMatch(/^person:[0-9a-f-]{36} {2}鈴木\n/);
      expect(out).toMatch(
        / {2}email: hanako@example\.co\.jp\n {6}from site, 2026-10-07 10:00:00, policy person\.email: newest, mapping [0-9a-f]{12}, event e1\n/,
      );
      expect(out).toContain('Records in the tools\n');
      expect(out).toMatch(/Identity decisions\n {2}2026-10-07 10:00:00 {2}new {2}site\/profiles\//);
    });

    it('shows for one field what stood before and what lost', async () => {
      const { out } = await ask('person:hanako@example.co.jp', 'lastName');
      expect(out).toContain('  lastName: 鈴木\n');
      expect(out).toMatch(/ {6}earlier: 佐藤 {2}from site, 2026-10-07 10:00:00/);
      expect(out).not.toContain('email');
      const title = await ask('person:hanako@example.co.jp', 'jobTitle');
      expect(title.out).toContain('  jobTitle: 課長\n');
      expect(title.out).toMatch(
        / {6}lost: 部長 {2}from site, 2026-10-07 10:01:00, policy person\.jobTitle: first, .*, event e2\n/,
      );
    });

    it('finds a person by the id in a channel, and says when nobody fits', async () => {
      const { out } = await ask('person', lineUser('1'));
      expect(out).toContain(`line/2000000001/${lineUser('1')}`);
      await expect(ask('person', 'nobody@example.jp')).rejects.toMatchObject({ code: 'why_unknown' });
      expect(() => readQuestion(['persn', 'x'])).toThrow('did you mean "person"?');
      expect(() => readQuestion(['person'])).toThrow('and an id');
    });

    it('lists the persons when several fit', async () => {
      await hub.site({
        kind: 'identify',
        id: 'e4',
        email: 'jiro@example.jp',
        anonymousId: 'v4',
        properties: { lastName: '加藤', phone: '03-1234-5678' },
      });
      await hub.drain();
      const { code, out } = await ask('person', '03-1234-5678');
      expect(code).toBe(1);
      expect(out.match(/person:[0-9a-f-]{36}/g)).toHaveLength(2);
    });
  });

  describe('musubi why send and why event', () => {
    it('leads from the message to the event and back', async () => {
      const { reply = '' } = await effects();
      const send = await ask(`send:${reply}`);
      expect(send.out).toContain('line-main.reply  transactional  state planned');
      expect(send.out).toMatch(/cause line-main:message:\d+ {2}line_message, 2026-10-07 10:00:00/);
      expect(send.out).toContain('rule answer (');
      expect(send.out).toContain('step then.0');
      expect(send.out).toMatch(/gate 2026-10-07 10:01:00 {2}planned: allowed \(transactional\)/);
      const inboxId = /musubi why event (\S+)/.exec(send.out)?.[1] ?? '';
      const event = await ask('event', inboxId);
      expect(event.out).toContain('state applied');
      expect(event.out).toContain('activity line_message  person:');
      expect(event.out).toContain(`send:${reply}  line-main.reply, rule answer, planned`);
      expect((await ask('event', 'e2')).out).toMatch(
        /lost person:\S+ jobTitle = "部長" {2}\(person\.jobTitle: first\)/,
      );
    });
  });

  describe('musubi dead', () => {
    it('lists by code in plain words and shows one in full', async () => {
      await hub.query(
        `update musubi.effects set state = 'unknown', code = 'answer_lost', attempts = 3 where action = 'reply'`,
      );
      await hub.query(
        `update musubi.inbox set state = 'dead', attempts = 5, reason = 'connection_gone: no connection named site receives webhooks' where external_id = 'e2'`,
      );
      expect(await listDead(at, terminal, {})).toBe(0);
      const out = terminal.takeOut();
      expect(out).toMatch(
        /answer_lost {2}1\n {2}The tool gave no answer, so nobody knows whether it arrived\.\n {2}[0-9a-f-]{36} .* effect {2}line-main\.reply {2}outcome unknown/,
      );
      expect(out).toMatch(
        /connection_gone {2}1\n {2}The connection is no longer in musubi\.yaml\.\n .* event {2}site\.e2\n/,
      );
      expect(out).toMatch(/missing_value {2}1\n/);
      expect(await listDead(at, terminal, { code: 'connection_gone' })).toBe(0);
      expect(terminal.takeOut().split('\n')).toHaveLength(4);
      const { alert = '' } = await effects();
      await showDead(at, terminal, alert);
      expect(terminal.takeOut()).toContain('person.companyName has no value');
    });

    it('applies a dead event again, and audits it', async () => {
      const options = retryOptions(undefined, true, { code: 'connection_gone', isEvenIfUnknown: false });
      expect(await retryDead(at, terminal, options)).toBe(0);
      expect(terminal.takeOut()).toMatch(/^1 planned again\./);
      expect(await hub.query(`select state, attempts, reason from musubi.inbox where external_id = 'e2'`)).toEqual([
        { state: 'pending', attempts: 0, reason: null },
      ]);
      await hub.drain();
      expect(await hub.query(`select state from musubi.inbox where external_id = 'e2'`)).toEqual([
        { state: 'superseded' },
      ]);
      const audited = await hub.query(`select actor, action, detail from musubi.audit where action = 'dead:retry'`);
      expect(audited).toEqual([
        { actor: 'operator', action: 'dead:retry', detail: { code: 'connection_gone', state: 'dead' } },
      ]);
    });

    it('sends what may have arrived only when told to, and never what was not whole', async () => {
      const { reply = '', alert = '' } = await effects();
      const more = { code: undefined, isEvenIfUnknown: false };
      expect(await retryDead(at, terminal, retryOptions(reply, false, more))).toBe(1);
      expect(terminal.takeOut()).toContain(
        'this one may arrive a second time. Send it all the same with --even-if-unknown.',
      );
      expect(await retryDead(at, terminal, retryOptions(alert, false, { ...more, isEvenIfUnknown: true }))).toBe(1);
      expect(terminal.takeOut()).toContain('It was never complete');
      expect(await retryDead(at, terminal, retryOptions(reply, false, { ...more, isEvenIfUnknown: true }))).toBe(0);
      expect(
        await hub.query(`select state, attempts, is_after_unknown, code from musubi.effects where action = 'reply'`),
      ).toEqual([{ state: 'planned', attempts: 0, is_after_unknown: true, code: null }]);
      terminal.takeOut();
      await expect(retryDead(at, terminal, retryOptions(reply, false, more))).rejects.toMatchObject({
        code: 'dead_letter_unknown',
      });
    });

    it('wants to know which', () => {
      const more = { code: undefined, isEvenIfUnknown: false };
      expect(() => retryOptions(undefined, false, more)).toThrow('name one id');
      expect(() => retryOptions('x', true, more)).toThrow('name one id');
    });
  });

  it('musubi status shows what waits and how the connections do', async () => {
    const connectors = new Map([['site', 'web']]);
    await status(at, terminal, { connectors, isJson: false });
    const out = terminal.takeOut();
    expect(out).toMatch(/^inbox {2}applied \d+, superseded 1$/m);
    expect(out).toMatch(/^effects {2}dead 1, planned 1 \(next /m);
    expect(out).toContain('  site (web)  not used yet');
    await status(at, terminal, { connectors, isJson: true });
    expect(JSON.parse(terminal.takeOut())).toMatchObject({
      persons: 3,
      effects: { planned: 1 },
      openReviews: expect.any(Number),
    });
  });
});
