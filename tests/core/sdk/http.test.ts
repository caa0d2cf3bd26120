import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import {
  AuthError,
  CALL_DEADLINE_MS,
  ConfigError,
  errorOfFailure,
  errorOfStatus,
  RejectedError,
  RetryableError,
} from '#sdk';

describe('errorOfStatus', () => {
  it.each([
    [401, AuthError, 'unauthorized'],
    [403, AuthError, 'forbidden'],
    [400, RejectedError, 'refused'],
    [404, RejectedError, 'refused'],
    [409, RejectedError, 'refused'],
    [422, RejectedError, 'refused'],
  ])('sorts %i', (status, kind, code) => {
    const error = errorOfStatus('crm-jp', status);
    expect(error).toBeInstanceOf(kind);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^\[crm-jp\] .+: .+/);
  });

  it.each([408, 425, 500, 502, 503, 504])('leaves the outcome of %i unknown', (status) => {
    expect(errorOfStatus('crm', status)).toMatchObject({
      kind: 'retryable',
      outcome: 'unknown',
      code: 'vendor_unavailable',
    });
  });

  it('keeps the wait the tool asked for', () => {
    expect(errorOfStatus('crm', 429, '12')).toMatchObject({
      outcome: 'not_applied',
      retryAfterMs: 12_000,
      code: 'rate_limited',
    });
    expect(errorOfStatus('crm', 503, '3')).toMatchObject({ outcome: 'unknown', retryAfterMs: 3000 });
    expect(errorOfStatus('crm', 429)).toMatchObject({ retryAfterMs: undefined });
  });

  it('keeps the detail for the operator', () => {
    expect(errorOfStatus('crm', 400, null, 'INVALID_FIELD').detail).toBe('INVALID_FIELD');
  });
});

describe('errorOfFailure', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });
  const listen = async (answer: Parameters<typeof createServer>[1]) => {
    server = createServer(answer);
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  };
  const failureOf = async (url: string, signal?: AbortSignal) => {
    const error = await fetch(url, signal ? { signal } : {}).then(
      () => new Error('no failure'),
      (reason: unknown) => reason,
    );
    return errorOfFailure('crm', error);
  };

  it('knows that a connection never made did nothing', async () => {
    const url = await listen(() => {});
    server?.close();
    expect(await failureOf(url)).toMatchObject({
      outcome: 'not_applied',
      code: 'vendor_unreachable',
      detail: 'ECONNREFUSED',
    });
  });

  it('does not know what a reset connection did', async () => {
    const url = await listen((request) => request.socket.resetAndDestroy());
    expect(await failureOf(url)).toMatchObject({ outcome: 'unknown', code: 'answer_lost' });
  });

  it('does not know what a silent tool did', async () => {
    const url = await listen(() => {});
    const error = await failureOf(url, AbortSignal.timeout(100));
    expect(error).toMatchObject({ outcome: 'unknown', code: 'answer_lost', detail: 'TimeoutError' });
  });

  it('passes a HubError through', () => {
    const error = new ConfigError('[crm] no URL: set it', { code: 'no_url' });
    expect(errorOfFailure('crm', error)).toBe(error);
  });

  it('takes anything thrown, and keeps it as the cause', () => {
    const thrown = new TypeError('unexpected end of JSON');
    expect(errorOfFailure('crm', thrown)).toMatchObject({ outcome: 'unknown', cause: thrown, detail: 'TypeError' });
    for (const odd of ['text', undefined, null, 7, {}])
      expect(errorOfFailure('crm', odd)).toBeInstanceOf(RetryableError);
  });

  it('ends its search in a ring of causes', () => {
    const ring = new Error('ring');
    ring.cause = ring;
    expect(errorOfFailure('crm', ring)).toMatchObject({ code: 'answer_lost' });
  });
});

it('ends every call before a lease of 15 s does', () => {
  expect(CALL_DEADLINE_MS).toBeLessThan(15_000);
});
