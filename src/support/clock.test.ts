import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';

describe('systemClock.sleep', () => {
  it('resolves when the time is over', async () => {
    const startedMs = systemClock.now();
    await systemClock.sleep(30, new AbortController().signal);
    expect(systemClock.now() - startedMs).toBeGreaterThanOrEqual(29);
  });

  it('resolves at once when the signal aborts, before or during the wait', async () => {
    await systemClock.sleep(3_600_000, AbortSignal.abort());
    const controller = new AbortController();
    const sleeping = systemClock.sleep(3_600_000, controller.signal);
    controller.abort();
    await sleeping;
    expect(controller.signal.aborted).toBe(true);
  });
});
