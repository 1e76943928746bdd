import { describe, expect, test } from 'vitest';
import type { EventBody, Hold } from '../../core/events.ts';
import { stamped } from '../../../test/support/sample-events.ts';
import {
  cancelText,
  duration,
  holdText,
  shortDigest,
  stageChain,
  timingLine,
  type RunFinished,
} from './format.ts';
import { lineText } from '../text/line.ts';

test.each([
  [0, '0.0s'],
  [49, '0.0s'],
  [2_900, '2.9s'],
  [59_949, '59.9s'],
  [59_950, '1m00s'],
  [102_000, '1m42s'],
  [3_600_000, '1h00m'],
  [3_725_000, '1h02m'],
  [-5, '0.0s'],
])('%i ms is %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('digests are shortened after their algorithm', () => {
  expect(shortDigest('sha256:3f9c1e2abcdef')).toBe('3f9c1e2');
});

test('each hold says what it waits for', () => {
  const holds: { readonly [R in Hold['reason']]: readonly [Extract<Hold, { reason: R }>, string] } = {
    paused: [{ reason: 'paused' }, 'paused (p resumes)'],
    manual: [{ reason: 'manual' }, 'changed (r builds it)'],
    needs: [{ reason: 'needs', on: 'postgres' }, 'waits for postgres to be ready'],
    image: [{ reason: 'image', on: 'migrations' }, 'waits for the image of migrations'],
    building: [{ reason: 'building', on: 'orders' }, 'waits for the build of orders'],
    limit: [{ reason: 'limit', running: 2 }, 'waits for one of 2 running builds to finish'],
    git: [{ reason: 'git', operation: 'rebase' }, 'waits for git (rebase)'],
    cluster: [{ reason: 'cluster', context: 'kind-shop' }, 'waits for the cluster kind-shop'],
    config: [{ reason: 'config' }, 'waits for appdev.yaml to be read'],
    cancelling: [{ reason: 'cancelling' }, 'waits for the previous run to stop'],
    settling: [{ reason: 'settling' }, 'waits until the files stop changing'],
  };
  for (const [hold, text] of Object.values(holds)) expect(holdText(hold)).toBe(text);
});

test('each reason for a cancellation has its words', () => {
  expect(['superseded', 'user', 'deadline', 'shutdown'].map((reason) => cancelText(reason as never))).toEqual(
    ['superseded by a newer save', 'cancelled (c)', 'cancelled at its deadline', 'cancelled'],
  );
});

describe('timingLine', () => {
  const base: Extract<EventBody, { type: 'run.finished' }> = {
    type: 'run.finished',
    service: 'orders',
    run: 7,
    change: 14,
    reason: 'OrderService.java (+2)',
    outcome: 'ok',
    ms: 2900,
    stages: [
      { stage: 'compile', ms: 900, outcome: 'ok' },
      { stage: 'image', ms: 400, outcome: 'ok' },
      { stage: 'push', ms: 100, outcome: 'ok' },
      { stage: 'rollout', ms: 1500, outcome: 'ok' },
    ],
  };
  const text = (changed: Partial<typeof base>, width?: number): string => {
    const [event] = stamped([{ ...base, ...changed }]) as [RunFinished];
    return lineText(timingLine(event, width));
  };

  test('is the line that the design shows', () => {
    expect(text({})).toBe(
      '✓ orders  2.9s  compile 0.9 › image 0.4 › push 0.1 › rollout 1.5   #14 OrderService.java (+2)',
    );
  });

  test('shows a skipped stage as unchanged', () => {
    expect(
      text({
        stages: [
          { stage: 'compile', ms: 900, outcome: 'ok' },
          { stage: 'push', ms: 3, outcome: 'skipped' },
        ],
      }),
    ).toBe('✓ orders  2.9s  compile 0.9 › push unchanged   #14 OrderService.java (+2)');
  });

  test('a result from before is reused, and not unchanged: another branch may be deployed with it', () => {
    expect(
      text({
        stages: [
          { stage: 'compile', ms: 0, outcome: 'skipped' },
          { stage: 'package', ms: 0, outcome: 'skipped' },
          { stage: 'image', ms: 0, outcome: 'skipped' },
          { stage: 'apply', ms: 400, outcome: 'ok' },
        ],
      }),
    ).toContain('compile reused › package reused › image reused › apply 0.4');
  });

  test('has no number for the first run of a session, for which nothing was saved', () => {
    expect(text({ change: 2, reason: 'start' })).toMatch(/rollout 1\.5 {3}start$/);
  });

  test('says unchanged once when every stage was skipped', () => {
    const stages = [
      { stage: 'compile', ms: 3, outcome: 'skipped' },
      { stage: 'push', ms: 3, outcome: 'skipped' },
    ] as const;
    expect(text({ stages, ms: 300, change: 0, reason: 'start' })).toBe('✓ orders  0.3s  unchanged   start');
  });

  test('names the stage that failed', () => {
    expect(text({ outcome: 'failed', stages: [{ stage: 'compile', ms: 900, outcome: 'failed' }] })).toBe(
      '✗ orders  2.9s  compile 0.9 failed   #14 OrderService.java (+2)',
    );
  });

  test('says failed when no stage did', () => {
    expect(text({ outcome: 'failed', stages: [] })).toBe(
      '✗ orders  2.9s  failed   #14 OrderService.java (+2)',
    );
  });

  test('says why a run was cancelled, and where', () => {
    const stages = [
      { stage: 'compile', ms: 900, outcome: 'ok' },
      { stage: 'image', ms: 200, outcome: 'cancelled' },
    ] as const;
    expect(text({ outcome: 'cancelled', cancelReason: 'superseded', stages })).toBe(
      '– orders  2.9s  superseded by a newer save  compile 0.9 › image 0.2 cancelled   #14 OrderService.java (+2)',
    );
  });

  test('aligns names and never cuts them', () => {
    expect(text({ stages: [] }, 9)).toMatch(/^✓ orders {5}2\.9s/);
    expect(text({ stages: [], service: 'a-very-long-service-name' }, 4)).toContain(
      'a-very-long-service-name  2.9s',
    );
  });
});

test('a run without stages has an empty chain', () => {
  expect(stageChain([])).toEqual([]);
});
