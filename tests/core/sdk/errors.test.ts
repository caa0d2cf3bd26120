import { expect, it } from 'vitest';
import { AuthError, ConfigError, HubError, RejectedError, RetryableError } from '#sdk';

it.each([
  [new ConfigError('m', { code: 'c' }), 'config', 'ConfigError'],
  [new AuthError('m', { code: 'c' }), 'auth', 'AuthError'],
  [new RejectedError('m', { code: 'c' }), 'rejected', 'RejectedError'],
  [new RetryableError('m', { code: 'c', outcome: 'unknown' }), 'retryable', 'RetryableError'],
])('says by its kind what happens next: %s', (error, kind, name) => {
  expect(error).toBeInstanceOf(HubError);
  expect(error).toMatchObject({ kind, name, code: 'c', message: 'm' });
});

it('keeps cause and detail, and has neither when none is given', () => {
  const cause = new Error('below');
  expect(new AuthError('m', { code: 'c', cause, detail: 'invalid_grant' })).toMatchObject({
    cause,
    detail: 'invalid_grant',
  });
  expect('cause' in new AuthError('m', { code: 'c' })).toBe(false);
});
