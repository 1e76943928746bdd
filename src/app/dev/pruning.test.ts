import { expect, it } from 'vitest';
import type { EventBody } from '../../core/events.ts';
import type { WorkParts } from '../../loop/work/types.ts';
import { ok } from '../../core/outcome.ts';
import { createPruning, runsBetween, type Pruning } from './pruning.ts';

const signal = new AbortController().signal;
const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

/** A pruning whose work ends when the test lets it; counts how often it began and how often it was ended early. */
function world(): {
  readonly pruning: Pruning;
  readonly finish: () => void;
  readonly began: () => number;
  readonly aborted: () => number;
} {
  let began = 0;
  let aborted = 0;
  let finish = (): void => undefined;
  const pruning = createPruning(async (stop) => {
    began += 1;
    await new Promise<void>((resolve) => {
      finish = resolve;
      stop.addEventListener('abort', () => (aborted += 1));
    });
  });
  return { pruning, finish: () => finish(), began: () => began, aborted: () => aborted };
}

const start = (run: number): EventBody => ({
  type: 'run.started',
  service: 'orders',
  run,
  change: run,
  route: 'image',
  because: 'changed: source',
  reason: 'A.java',
});
const end = (run: number, outcome: 'ok' | 'failed' = 'ok'): EventBody => ({
  type: 'run.finished',
  service: 'orders',
  run,
  change: run,
  reason: 'A.java',
  outcome,
  ms: 1,
  stages: [],
});

it('prunes after the first run, though it failed, and again after so many that succeeded', async () => {
  const { pruning, finish, began } = world();
  pruning.seen(start(1));
  expect(began()).toBe(0);
  pruning.seen(end(1, 'failed'));
  expect(began()).toBe(1);
  finish();
  await settled();
  for (let run = 2; run <= runsBetween; run += 1) {
    pruning.seen(start(run));
    pruning.seen(end(run));
  }
  pruning.seen(start(100));
  pruning.seen(end(100, 'failed'));
  expect(began()).toBe(1);
  pruning.seen(start(101));
  pruning.seen(end(101));
  expect(began()).toBe(2);
  finish();
  await pruning.stop();
});

it('waits until nothing runs, and goes on later if a run came between', async () => {
  const { pruning, finish, began, aborted } = world();
  pruning.seen(start(1));
  pruning.seen(start(2));
  pruning.seen(end(1));
  expect(began()).toBe(0);
  pruning.seen(end(2));
  expect(began()).toBe(1);
  pruning.seen(start(3));
  expect(aborted()).toBe(1);
  finish();
  await settled();
  pruning.seen(end(3));
  expect(began()).toBe(2);
  finish();
  await pruning.stop();
  pruning.seen(start(4));
  pruning.seen(end(4));
  expect(began()).toBe(2);
});

it('lets no run look for an image or make one beside it', async () => {
  const { pruning, finish } = world();
  const did: string[] = [];
  const artifact = {
    service: 'orders',
    repository: 'r',
    pullRepository: 'r',
    tag: 't',
    digest: 'd',
    inputHash: 'h',
  };
  const fakeParts = {
    imageBuilder: {
      build: () => {
        did.push('build');
        return Promise.resolve(ok(artifact));
      },
    },
    manifests: {
      has: () => {
        did.push('has');
        return Promise.resolve(ok(true));
      },
    },
  } as unknown as WorkParts;
  const parts = pruning.guard(fakeParts);
  pruning.seen(start(1));
  pruning.seen(end(1));
  pruning.seen(start(2));
  const report = {
    started: () => undefined,
    output: () => undefined,
    finished: () => undefined,
    warn: () => undefined,
  };
  const asked = parts.manifests.has(artifact, signal);
  const built = parts.imageBuilder.build({ service: {} as never, inputHash: 'h' }, { signal, report });
  await settled();
  expect(did).toEqual([]);
  finish();
  await Promise.all([asked, built]);
  expect(did).toEqual(['has', 'build']);
});
