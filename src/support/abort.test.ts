import { describe, expect, it } from 'vitest';
import { cancelled } from '../outcome.ts';
import { limitedAbort, linkedAbort } from './abort.ts';

/** Resolves with the reason when the signal aborts. */
async function aborted(signal: AbortSignal): Promise<unknown> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  return signal.reason;
}

describe('linkedAbort', () => {
  it('aborts with its parent and its reason, until it is unlinked', () => {
    const parent = new AbortController();
    const [linked, unlinked] = [linkedAbort(parent.signal), linkedAbort(parent.signal)];
    unlinked.unlink();
    parent.abort('superseded');
    expect([linked.signal.aborted, linked.signal.reason, unlinked.signal.aborted]).toEqual([
      true,
      'superseded',
      false,
    ]);
    expect(linkedAbort(parent.signal).signal.aborted).toBe(true);
  });

  it('aborts by itself without its parent', () => {
    const parent = new AbortController();
    const link = linkedAbort(parent.signal);
    link.abort();
    expect([link.signal.aborted, parent.signal.aborted]).toEqual([true, false]);
  });
});

describe('limitedAbort', () => {
  it('aborts when its time is over, as a deadline', async () => {
    const limit = limitedAbort(new AbortController().signal, 1);
    expect(await aborted(limit.signal)).toBe('deadline');
    expect(limit.expired()).toBe(true);
    expect(cancelled(limit.signal)).toEqual({ kind: 'cancelled', reason: 'deadline' });
  });

  it("tells its own end from its parent's", async () => {
    const parent = new AbortController();
    const limit = limitedAbort(parent.signal, 1);
    parent.abort('user');
    const other = limitedAbort(new AbortController().signal, 1);
    await aborted(other.signal);
    expect([limit.signal.reason, limit.expired()]).toEqual(['user', false]);
  });

  it('stops its clock when it is unlinked', async () => {
    const limit = limitedAbort(new AbortController().signal, 1);
    limit.unlink();
    await aborted(limitedAbort(new AbortController().signal, 5).signal);
    expect(limit.signal.aborted).toBe(false);
  });
});
