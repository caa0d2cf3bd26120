import { expect, it } from 'vitest';
import type { ActionScope, JsonObject } from '#sdk';
import alert from '../../../connectors/slack/actions/alert.ts';
import postMessage from '../../../connectors/slack/actions/post-message.ts';
import { scopeOf, slackConfig, tanaka, watanabe, yamamoto } from './support.ts';

const bind = (input: JsonObject, scope: Partial<ActionScope> = {}) =>
  alert.bind({ text: 'x', ...input }, scopeOf(scope), slackConfig());

it('sends to the owner by Slack id, or by e-mail where the staff list has none', () => {
  expect(bind({ to: 'owner' })).toMatchObject({ recipient: { channel: 'U0TANAKA01' }, locale: 'ja' });
  expect(bind({ to: 'manager' })).toMatchObject({ recipient: { email: yamamoto.email } });
});

it('sends to a channel by its name in musubi.yaml, with or without #, or by id', () => {
  for (const to of ['#sales-managers', 'sales-managers', 'C0SALESMGR']) {
    expect(bind({ to })).toMatchObject({ recipient: { channel: 'C0SALESMGR' } });
  }
});

it('sends to an address: of a colleague by their Slack id, of anybody else by lookup', () => {
  expect(bind({ to: 'Tanaka@example.co.jp' })).toMatchObject({ recipient: { channel: tanaka.slack } });
  expect(bind({ to: 'guest@example.com' })).toMatchObject({ recipient: { email: 'guest@example.com' } });
});

it('goes elsewhere when the owner is inactive, and says so by name in the language of the workspace', () => {
  const input = { to: 'owner', else: '#sales-managers' };
  const bound = bind(input, { owner: watanabe });
  expect(bound).toMatchObject({ recipient: { channel: 'C0SALESMGR' } });
  expect(bound.notice).toContain('渡辺 健');
  expect(bound.notice).toContain('無効');
  expect(bind(input, { owner: watanabe, locale: 'en' }).notice).toMatch(/渡辺 健 is inactive/);
});

it('escapes the name it shows', () => {
  const owner = { ...watanabe, name: '<!channel> *渡辺*' };
  expect(bind({ to: 'owner', else: 'manager' }, { owner }).notice).toContain('&lt;!channel&gt; ∗渡辺∗');
});

it('goes elsewhere when there is no owner', () => {
  expect(bind({ to: 'owner', else: 'manager' }, { owner: null })).toMatchObject({
    recipient: { email: yamamoto.email },
  });
});

it('refuses when nobody is left', () => {
  const cases: [JsonObject, Partial<ActionScope>][] = [
    [{ to: 'owner' }, { owner: null }],
    [{ to: 'owner' }, { owner: watanabe }],
    [
      { to: 'owner', else: 'manager' },
      { owner: null, manager: null },
    ],
    [{ to: 'watanabe@example.co.jp' }, {}],
  ];
  for (const [input, scope] of cases) {
    expect(() => bind(input, scope)).toThrow(expect.objectContaining({ kind: 'rejected', code: 'no_recipient' }));
  }
});

it('says which channel it does not know, and is not fooled by names every object has', () => {
  for (const to of ['#typo', 'constructor', '__proto__']) {
    expect(() => bind({ to })).toThrow(expect.objectContaining({ code: 'unknown_channel' }));
  }
});

it('keeps messages to one recipient in order, and others apart', () => {
  const target = (to: string) => alert.target({ to, ...bind({ to }), text: 'x' });
  expect(target('owner')).toBe(target('tanaka@example.co.jp'));
  expect(target('manager')).not.toBe(target('owner'));
});

it('resolves the channel of a plain message the same way', () => {
  const bound = postMessage.bind({ channel: '#cs-urgent', text: 'x' }, scopeOf(), slackConfig());
  expect(bound).toMatchObject({ channel: '#cs-urgent', recipient: { channel: 'C0CSURGENT' } });
});
