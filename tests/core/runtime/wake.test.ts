import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWake } from '../../../core/runtime/wake.ts';

describe('the in-process wake', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Whether a wait is over, as its waiter sees it. */
  const watch = (wait: Promise<void>) => {
    const seen = { isOver: false };
    void wait.then(() => {
      seen.isOver = true;
    });
    return seen;
  };
  const settle = () => vi.advanceTimersByTimeAsync(0);

  it('ends a wait at once, and leaves no timer behind', async () => {
    const wake = createWake();
    const seen = watch(wake.wait(5_000));
    await settle();
    expect(seen.isOver).toBe(false);
    wake.wake();
    await settle();
    expect(seen.isOver).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends the next wait when it came while nobody waited', async () => {
    const wake = createWake();
    wake.wake();
    const seen = watch(wake.wait(5_000));
    await settle();
    expect(seen.isOver).toBe(true);
  });

  it('of many in one go is one', async () => {
    const wake = createWake();
    for (let i = 0; i < 3; i++) wake.wake();
    await wake.wait(5_000);
    const seen = watch(wake.wait(5_000));
    await vi.advanceTimersByTimeAsync(4_999);
    expect(seen.isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(seen.isOver).toBe(true);
  });

  it('that comes when a wait has just timed out is not lost', async () => {
    const wake = createWake();
    const first = wake.wait(10);
    await vi.advanceTimersByTimeAsync(10);
    await first;
    wake.wake();
    const seen = watch(wake.wait(5_000));
    await settle();
    expect(seen.isOver).toBe(true);
  });
});
