import { describe, expect, it } from 'vitest';
import { untilShutdown } from './interrupt.ts';

describe('untilShutdown', () => {
  it.each([
    ['superseded', false],
    ['user', false],
    ['shutdown', true],
    ['deadline', true],
    [undefined, true],
  ])('%s: stops the work %s', async (reason, stops) => {
    const outer = new AbortController();
    const during = await untilShutdown(outer.signal, async (signal) => {
      outer.abort(reason);
      await Promise.resolve();
      return signal.aborted;
    });
    expect(during).toBe(stops);
    // Also for a signal that had fired before.
    expect(await untilShutdown(outer.signal, async (signal) => await Promise.resolve(signal.aborted))).toBe(
      stops,
    );
  });

  it('hands the reason on', async () => {
    const outer = new AbortController();
    const reason = await untilShutdown(outer.signal, async (signal) => {
      outer.abort('deadline');
      return await Promise.resolve(signal.reason as unknown);
    });
    expect(reason).toBe('deadline');
  });
});
