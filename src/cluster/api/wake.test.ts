import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { onWake } from './wake.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('onWake', () => {
  it('calls everybody back once after the wall clock ran on without the timers', () => {
    const one = vi.fn();
    const two = vi.fn();
    const stops = [onWake(one), onWake(two)];
    vi.advanceTimersByTime(60_000);
    expect(one).not.toHaveBeenCalled();
    vi.setSystemTime(Date.now() + 8 * 3600_000);
    vi.advanceTimersByTime(60_000);
    expect([one.mock.calls.length, two.mock.calls.length]).toEqual([1, 1]);
    for (const stop of stops) stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
