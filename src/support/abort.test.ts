import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { cancelled } from '../core/outcome.ts';
import { limitedAbort, linkedAbort, onAbort } from './abort.ts';

/** Resolves with the reason when the signal aborts. */
async function aborted(signal: AbortSignal): Promise<unknown> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  return signal.reason;
}

describe('onAbort', () => {
  it('calls everybody who waits, once, by one listener on the signal', () => {
    const controller = new AbortController();
    const called: number[] = [];
    for (let n = 0; n < 12; n += 1) onAbort(controller.signal, () => called.push(n));
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort();
    controller.abort();
    expect(called).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('calls at once if the signal has aborted, and for an abort under way', () => {
    const controller = new AbortController();
    const called: string[] = [];
    onAbort(controller.signal, () => onAbort(controller.signal, () => called.push('late')));
    controller.abort();
    onAbort(controller.signal, () => called.push('later'));
    expect(called).toEqual(['late', 'later']);
  });

  it('does not call who was taken off, also by another one, and leaves nothing on the signal', () => {
    const controller = new AbortController();
    const called: string[] = [];
    const off = onAbort(controller.signal, () => called.push('off'));
    off();
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    let takeOff = (): void => undefined;
    onAbort(controller.signal, () => takeOff());
    takeOff = onAbort(controller.signal, () => called.push('taken off'));
    onAbort(controller.signal, () => called.push('kept'));
    controller.abort();
    expect(called).toEqual(['kept']);
  });
});

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
