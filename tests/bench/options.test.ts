import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../bench/options.ts';

describe('the options of a bench', () => {
  it('takes the figures of the first goal by default', () => {
    expect(parseOptions(['intake'], {})).toMatchObject({
      bench: 'intake',
      store: 'postgres',
      queue: 'postgres',
      connections: 50,
      rate: 50,
      rounds: 3,
    });
  });

  it('names what it does not know and shows how it is used', () => {
    expect(() => parseOptions(['outtake'], {})).toThrow(
      /the bench is "outtake", not one of intake, reply, idle[\s\S]*usage:/,
    );
    expect(() => parseOptions(['intake', '--store', 'sqlite'], {})).toThrow(/--store is "sqlite"/);
  });

  it.each(['0', '-1', '1.5', '501', 'many'])('refuses %s connections', (connections) => {
    expect(() => parseOptions(['intake', `--connections=${connections}`], {})).toThrow(/a whole number from 1 to 500/);
  });

  it('loads nothing but this machine', () => {
    const env = { MUSUBI_BENCH_DATABASE_URL: 'postgres://hub@db.example.com/production' };
    expect(() => parseOptions(['intake'], env)).toThrow(/db\.example\.com is not this machine/);
  });
});
