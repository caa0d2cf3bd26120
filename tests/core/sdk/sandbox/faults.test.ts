import { describe, expect, it } from 'vitest';
import { createFaultBook, faultSchema } from '../../../../core/sdk/sandbox/faults.ts';

describe('the book of faults', () => {
  const fault = (given: object) => faultSchema.parse(given);
  const hits = (given: object, ...paths: string[]) => {
    const book = createFaultBook();
    book.add(fault(given));
    return paths.map((path) => book.take('POST', path) !== undefined);
  };

  it('hits once by default, then is gone', () => {
    expect(hits({ status: 500 }, '/a', '/b')).toEqual([true, false]);
  });

  it('hits as often as asked', () => {
    expect(hits({ status: 500, times: 2 }, '/a', '/a', '/a')).toEqual([true, true, false]);
  });

  it('lets requests pass before it begins', () => {
    expect(hits({ status: 500, after: 2, times: 1 }, '/a', '/a', '/a', '/a')).toEqual([false, false, true, false]);
  });

  it('hits only its path and method', () => {
    expect(hits({ status: 500, path: '/v2/push' }, '/v2/reply', '/v2/push')).toEqual([false, true]);
    expect(hits({ status: 500, method: 'get' }, '/a')).toEqual([false]);
    expect(hits({ status: 500, method: 'post' }, '/a')).toEqual([true]);
  });

  it('takes the first of two that match, and forgets all on clear', () => {
    const book = createFaultBook();
    book.add(fault({ status: 500 }));
    book.add(fault({ status: 503 }));
    expect(book.take('GET', '/')?.status).toBe(500);
    expect(book.list()).toHaveLength(1);
    book.clear();
    expect(book.take('GET', '/')).toBeUndefined();
  });

  it('does not count down what was handed to it', () => {
    const book = createFaultBook();
    const given = fault({ status: 500, times: 3 });
    book.add(given);
    book.take('GET', '/');
    expect(given.times).toBe(3);
  });

  it.each([{ kind: 'explode' }, { times: 0 }, { after: -1 }, { latencyMs: 120_000 }, { statsu: 500 }])(
    'refuses %j',
    (given) => {
      expect(faultSchema.safeParse(given).success).toBe(false);
    },
  );
});
