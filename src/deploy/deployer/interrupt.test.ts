import { describe, expect, it } from 'vitest';
import { untilDeadline } from './interrupt.ts';

describe('untilDeadline', () => {
  it.each([
    ['superseded', false],
    ['user', false],
    ['shutdown', false],
    ['deadline', true],
    [undefined, false],
  ])('%s: stops the work %s', async (reason, stops) => {
    const outer = new AbortController();
    const during = await untilDeadline(outer.signal, async (signal) => {
      outer.abort(reason);
      await Promise.resolve();
      return signal.aborted;
    });
    expect(during).toBe(stops);
    // A signal that had fired before is ignored, too.
    expect(await untilDeadline(outer.signal, async (signal) => await Promise.resolve(signal.aborted))).toBe(
      stops,
    );
  });

  it('hands the reason on', async () => {
    const outer = new AbortController();
    const reason = await untilDeadline(outer.signal, async (signal) => {
      outer.abort('deadline');
      return await Promise.resolve(signal.reason as unknown);
    });
    expect(reason).toBe('deadline');
  });
});
