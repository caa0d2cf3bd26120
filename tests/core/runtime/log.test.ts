import { describe, expect, it } from 'vitest';
import { createLog, faultFields } from '../../../core/runtime/log.ts';
import { RetryableError } from '../../../core/sdk/errors.ts';

function logged(level = 'info') {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ level, destination: { write: (line) => void lines.push(JSON.parse(line)) } });
  return { log, lines };
}

describe('the log', () => {
  it('is JSON lines with level and time, the message lower-case as written', () => {
    const { log, lines } = logged();
    log.info({ connection: 'slack', count: 3 }, 'polled');
    expect(lines).toEqual([{ level: 'info', time: expect.any(Number), msg: 'polled', connection: 'slack', count: 3 }]);
  });

  it('leaves out every field that is not on its list', () => {
    const { log, lines } = logged();
    log.warn(
      { email: 'hanako@example.jp', token: 'xoxb-1', person: { lastName: '佐藤' }, body: 'x', code: 'refused' },
      'no',
    );
    expect(lines).toEqual([{ level: 'warn', time: expect.any(Number), msg: 'no', code: 'refused' }]);
  });

  it('leaves them out of a child as well', () => {
    const { log, lines } = logged();
    log.child({ connection: 'slack', email: 'hanako@example.jp' }).info('polled');
    expect(JSON.stringify(lines)).not.toContain('hanako');
  });

  it('leaves out what an error says: it may quote a tool, and a tool may quote a person', () => {
    const { log, lines } = logged();
    const error = Object.assign(new Error('佐藤 hanako@example.jp is refused'), { email: 'hanako@example.jp' });
    log.error({ where: 'rule one', ...faultFields(error) }, 'unexpected error');
    log.error({ err: error, error }, 'unexpected error');
    expect(JSON.stringify(lines)).not.toMatch(/佐藤|hanako/);
    expect(lines[0]).toMatchObject({ where: 'rule one', code: 'Error', kind: 'unexpected' });
  });

  it('leaves out what an error says when the error is all it is given', () => {
    const { log, lines } = logged();
    log.error(new Error('佐藤 hanako@example.jp is refused'));
    expect(JSON.stringify(lines)).not.toMatch(/佐藤|hanako/);
  });

  it('below its level writes nothing', () => {
    const { log, lines } = logged('warn');
    log.info({}, 'polled');
    log.debug({}, 'detail');
    expect(lines).toEqual([]);
  });
});

describe('what is said of an error', () => {
  it.each<[string, unknown, { code: string; kind: string }]>([
    [
      'one of ours',
      new RetryableError('[slack] 佐藤', { code: 'rate_limited', outcome: 'not_applied' }),
      { code: 'rate_limited', kind: 'retryable' },
    ],
    ['one of the database', Object.assign(new Error('x'), { code: '23505' }), { code: '23505', kind: 'unexpected' }],
    ['any other', new TypeError('x'), { code: 'TypeError', kind: 'unexpected' }],
    ['a thrown text', '佐藤', { code: 'unknown', kind: 'unexpected' }],
    ['nothing at all', undefined, { code: 'unknown', kind: 'unexpected' }],
    ['null', null, { code: 'unknown', kind: 'unexpected' }],
  ])('%s', (_, error, fields) => {
    expect(faultFields(error)).toEqual(fields);
  });
});
