import { expect, it } from 'vitest';
import webhook from '../../../connectors/web/webhook.ts';
import { requestOf, TOKEN, verifyContext } from './support.ts';

const verdict = (authorization: string | undefined) => {
  const request = requestOf({ events: [] });
  return webhook.verify({ ...request, headers: { ...request.headers, authorization } }, verifyContext).kind;
};

it('accepts the token of the connection', () => {
  expect(verdict(`Bearer ${TOKEN}`)).toBe('accept');
  expect(verdict(`bearer ${TOKEN}`)).toBe('accept');
});

it('accepts a live API token of the workspace', () => {
  expect(verdict('Bearer mus_live_token')).toBe('accept');
});

it.each([
  ['none', undefined],
  ['an empty one', ''],
  ['a bare word', 'Bearer'],
  ['no token after the word', 'Bearer '],
  ['another scheme', `Basic ${TOKEN}`],
  ['the token without its scheme', TOKEN],
  ['another token', 'Bearer another-token'],
  ['the token with more behind it', `Bearer ${TOKEN}x`],
  ['half of it', `Bearer ${TOKEN.slice(0, 10)}`],
  ['two in one header', `Bearer ${TOKEN}, Bearer ${TOKEN}`],
])('refuses a request with %s', (_name, authorization) => {
  expect(verdict(authorization)).toBe('reject');
});
