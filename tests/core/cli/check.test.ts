import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { check } from '../../../core/cli/check.ts';
import type { CommandContext } from '../../../core/cli/command-context.ts';
import { test as runTests } from '../../../core/cli/test.ts';
import { readProcessSettings } from '../../../core/config/process-env.ts';
import { type Files, root, type TestFolder, testFolder } from '../../support/workspace.ts';
import { capturedTerminal } from './captured-terminal.ts';

const MAIN = `
workspace: { name: sakura, publicUrl: "https://hub.example.jp" }
connections:
  line-main: { connector: line, providerId: "2000000001", channelSecret: s1, channelAccessToken: t, apiUrl: "http://127.0.0.1:7101" }
  slack: { connector: slack, botToken: xoxb-1, signingSecret: s2, apiUrl: "http://127.0.0.1:7102" }
`;
const RULE = `
title: { ja: 返信, en: Answer }
when: { activity: line_message }
then: [ { line.reply: { text: "承りました" } } ]
tests: [ { given: { now: "2026-10-07T10:00:00+09:00" }, expect: { fires: true, actions: [line.reply] } } ]
`;

let folder: TestFolder | undefined;
afterEach(() => folder?.remove());

async function contextOf(files: Files, env: Record<string, string> = {}, language: 'ja' | 'en' = 'en') {
  folder = await testFolder(files);
  const terminal = capturedTerminal(language);
  const settings = { ...readProcessSettings(env), language };
  return { settings, folder: folder.folder, dataDir: undefined, terminal } satisfies CommandContext;
}

/** Lines without the folder of this run. */
function linesOf(text: string): string[] {
  const own = path.relative(process.cwd(), folder?.folder ?? '');
  const lines = text.split('\n').filter((one) => one !== '');
  return lines.map((one) => one.replaceAll(own, '<folder>').replaceAll(folder?.folder ?? '<folder>', '<folder>'));
}

describe('musubi check', () => {
  it('prints what was found when nothing is wrong', async () => {
    const context = await contextOf({ 'musubi.yaml': MAIN, 'rules/answer.yaml': RULE });
    expect(await check(context)).toBe(0);
    const lines = linesOf(context.terminal.takeOut());
    expect(lines[0]).toBe('No problems: <folder> (sakura)');
    expect(lines[1]).toBe('  connections 2: line-main (line), slack');
    expect(lines[3]).toBe('  rules 1: answer');
    expect(context.terminal.takeError()).toBe('');
  });

  it('lists every problem of every file, with what was probably meant', async () => {
    const context = await contextOf({
      'musubi.yaml': MAIN.replace('signingSecret: s2', 'signingSecrett: s2'),
      'rules/answer.yaml': RULE.replace('line_message', 'line_mesage'),
      'rules/other.yaml': RULE.replace('line.reply:', 'line.replay:'),
      'mappings/line/users.yaml': 'object: users\nentity: person\nfields: { emial: { at: email } }\n',
    });
    expect(await check(context)).toBe(1);
    const lines = linesOf(context.terminal.takeOut());
    expect(lines.map((one) => one.replace(/ .*$/, ''))).toEqual([
      '<folder>/musubi.yaml:5:3',
      '<folder>/musubi.yaml:5:48',
      '<folder>/mappings/line/users.yaml:3:11',
      '<folder>/rules/answer.yaml:3:9',
      '<folder>/rules/other.yaml:4:11',
    ]);
    expect(lines[1]).toContain('connections.slack.signingSecrett: unknown key');
    expect(lines[1]).toContain('(did you mean "signingSecret"?)');
    expect(lines[2]).toContain('(did you mean "email"?)');
    expect(lines[3]).toContain('(did you mean "line_message"?)');
    expect(lines[4]).toContain('(did you mean "reply"?)');
    expect(context.terminal.takeError()).toBe('5 problems\n');
  });

  it('finds two sandboxes on one port, and one on the port of the hub', async () => {
    const files = { 'musubi.yaml': MAIN.replace('7102', '7101') };
    const context = await contextOf(files, { MUSUBI_PORT: '7070' });
    expect(await check(context)).toBe(1);
    expect(linesOf(context.terminal.takeOut())).toEqual([
      '<folder>/musubi.yaml:5:75 connections.slack.apiUrl: 127.0.0.1:7101 is already the address of line-main (line): each sandbox needs a port of its own',
    ]);
    const onHub = { ...context, settings: { ...context.settings, port: 7101 } };
    expect(await check(onHub)).toBe(1);
    expect(context.terminal.takeOut()).toContain("127.0.0.1:7101 is the hub's own address");
  });

  it('warns of an account connected twice and of webhooks that cannot arrive, and still says yes', async () => {
    const twin = MAIN.replace('https://hub.example.jp', 'http://127.0.0.1:7070').replace(
      ', apiUrl: "http://127.0.0.1:7102"',
      '',
    );
    const context = await contextOf({
      'musubi.yaml': `${twin}  line-twin: { connector: line, providerId: "2000000001", channelSecret: s1, channelAccessToken: t, apiUrl: "http://127.0.0.1:7101" }\n`,
    });
    expect(await check(context)).toBe(0);
    const warnings = linesOf(context.terminal.takeError());
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('connections.line-twin: has the same credentials as line-main');
    expect(warnings[1]).toContain('the webhooks of slack will not arrive');
  });

  it('answers in Japanese', async () => {
    const context = await contextOf({ 'musubi.yaml': MAIN }, {}, 'ja');
    await check(context);
    expect(context.terminal.takeOut()).toMatch(/^問題はありません：/);
  });
});

describe('musubi test', () => {
  it('runs the tests of the mappings and rules that apply, one line a file', async () => {
    const silent = RULE.replace(/tests:.*/, '');
    const context = await contextOf({ 'musubi.yaml': MAIN, 'rules/answer.yaml': RULE, 'rules/silent.yaml': silent });
    expect(await runTests(context, undefined)).toBe(0);
    const lines = linesOf(context.terminal.takeOut());
    expect(lines).toContain('ok      <folder>/rules/answer.yaml  1');
    expect(lines).toContain('-       <folder>/rules/silent.yaml  has no tests');
    expect(lines).toContain('ok      mappings/line/users.yaml  2');
    expect(lines.at(-1)).toMatch(/^\d+ tests, all hold$/);
  });

  it('fails with place, expected and got; a path narrows it down', async () => {
    const wrong = RULE.replace('fires: true, actions: [line.reply]', 'fires: false');
    const context = await contextOf({ 'musubi.yaml': MAIN, 'rules/answer.yaml': wrong });
    expect(await runTests(context, path.join(context.folder, 'rules'))).toBe(1);
    expect(linesOf(context.terminal.takeOut())).toEqual([
      'FAILED  <folder>/rules/answer.yaml:5:10 tests.0: expected {"fires":false}, got {"fires":true}',
      '1 test, 1 failure',
    ]);
    await expect(runTests(context, 'nowhere')).rejects.toMatchObject({ code: 'test_path_unknown' });
  });

  it('holds for the quickstart that ships', async () => {
    const terminal = capturedTerminal();
    const settings = readProcessSettings({});
    const context = { settings, folder: path.join(root, 'examples', 'quickstart'), dataDir: undefined, terminal };
    expect(await runTests(context, undefined), terminal.takeOut()).toBe(0);
    expect(await check(context), terminal.takeOut()).toBe(0);
  });
});
