import { describe, expect, it } from 'vitest';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { follow, followTiming, type FollowSource, type Listed } from './follow.ts';

const listed: Outcome<Listed> = ok({ objects: [], resourceVersion: '1' });
const down = failed('CLUSTER_UNREACHABLE', 'down');

/** A source whose every request ends as told, and that counts them. */
function scripted(
  list: Outcome<Listed>,
  watch: (onLine: (line: string) => void) => Outcome<void>,
): FollowSource {
  return {
    list: () => Promise.resolve(list),
    watch: (_version, onLine) => Promise.resolve(watch(onLine)),
  };
}

/** Runs the loop for some waits and gives their lengths. */
async function waitsOf(source: FollowSource, count: number): Promise<number[]> {
  const session = new AbortController();
  const waits: number[] = [];
  const sleep = (ms: number): Promise<void> => {
    waits.push(ms);
    if (waits.length === count) session.abort();
    return Promise.resolve();
  };
  await follow(source, { onSnapshot: () => undefined }, session.signal, followTiming, { sleep });
  return waits;
}

const hostile: Record<string, FollowSource> = {
  'every list fails': scripted(down, () => ok(undefined)),
  'every watch fails': scripted(listed, () => down),
  'every watch ends at birth': scripted(listed, () => ok(undefined)),
  'every watch is expired': scripted(listed, (onLine) => {
    onLine('{"type":"ERROR","object":{"code":410}}');
    return ok(undefined);
  }),
  'every watch sends rubbish': scripted(listed, (onLine) => {
    onLine('<html>');
    return ok(undefined);
  }),
};

describe('follow', () => {
  it.each(Object.keys(hostile))('asks ever more slowly, up to 5 s, when %s', async (name) => {
    const source = hostile[name];
    if (source === undefined) throw new Error(name);
    const waits = await waitsOf(source, 9);
    const longest = [200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000];
    for (const [index, most] of longest.entries()) {
      expect(waits[index]).toBeLessThanOrEqual(most);
      expect(waits[index]).toBeGreaterThanOrEqual(most / 2);
    }
  });

  it('tells a loss once, however often it asks', async () => {
    const session = new AbortController();
    const lost: string[] = [];
    let waits = 0;
    const sleep = (): Promise<void> => {
      waits += 1;
      if (waits === 5) session.abort();
      return Promise.resolve();
    };
    const handlers = { onSnapshot: () => undefined, onLost: (reason: string) => lost.push(reason) };
    await follow(
      scripted(down, () => down),
      handlers,
      session.signal,
      followTiming,
      { sleep },
    );
    expect(lost).toEqual(['down']);
  });
});
