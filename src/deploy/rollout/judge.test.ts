/**
 * Replays what a real API server reported during rollouts (test/fixtures/rollouts, recorded by
 * test/e2e/deploy-rollout.test.ts) through the judgement, and what follows from changes to those reports.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromText, replay, type Recording } from '../../../test/support/rollout-recording.ts';
import { scenarios } from '../../../test/support/rollout-scenarios.ts';
import type { KubeObject } from '../../cluster/types.ts';
import { fieldAt, fieldsAt, listAt } from '../../support/fields.ts';
import { rolloutError } from './diagnosis.ts';
import { steadyMs } from './progress.ts';

const folder = join(import.meta.dirname, '../../../test/fixtures/rollouts');
const all = scenarios({ node: '198.18.0.1', httpPort: 1, closedPort: 2 });

function recorded(name: string): Recording {
  return fromText(readFileSync(join(folder, `${name}.jsonl`), 'utf8'));
}

/** The recording with every object changed. */
function changed(recording: Recording, change: (object: KubeObject) => KubeObject): Recording {
  const frames = recording.frames.map((frame) => ({ ...frame, changed: frame.changed.map(change) }));
  return { ...recording, frames };
}

function messageOf(recording: Recording): string {
  const { decision } = replay(recording);
  if (decision.kind === 'ready') return 'ready';
  const { cause, verdict } = decision;
  return rolloutError({
    service: 'web',
    workload: `${recording.workloads[0]?.kind ?? ''}/web`,
    namespace: 'shop',
    context: 'kind-shop',
    waitingFor: verdict.waitingFor,
    olderReady: verdict.olderReady,
    log: [],
    ...(cause === undefined ? {} : { cause }),
    ...(decision.kind === 'deadline' ? { deadlineMs: recording.deadlineMs } : {}),
  }).message;
}

it('has a recording of every scenario, and no other', () => {
  const names = readdirSync(folder).map((file) => file.replace(/\.jsonl$/, ''));
  expect(names.sort()).toEqual(all.map(({ name }) => name).sort());
});

describe('the recorded rollout', () => {
  it.each(all.filter(({ name }) => name !== 'crash-of-spring'))('$name', ({ name, expected }) => {
    const message = messageOf(recorded(name));
    if (expected === 'ready') expect(message).toBe('ready');
    else expect(message).toMatch(expected);
  });

  it.each(all.filter(({ expected, deadlineMs }) => expected !== 'ready' && deadlineMs === undefined))(
    '$name ends as soon as it is certain, not at the deadline',
    ({ name }) => {
      const recording = recorded(name);
      const { atMs, decision } = replay(recording);
      expect(decision.kind).toBe('failed');
      // Nothing more was needed than what had been seen, and at most the time that a cause may settle in.
      const last = recording.frames.at(-1)?.atMs ?? 0;
      expect(atMs).toBeLessThanOrEqual(last + 5_000);
    },
  );
});

it('a hook that fails is the cause while the kubelet backs off, too', () => {
  const backedOff = changed(recorded('post-start-hook-fails'), (object) => {
    const text = JSON.stringify(object).replace(
      '"reason":"PostStartHookError"',
      '"reason":"CrashLoopBackOff"',
    );
    return JSON.parse(text) as KubeObject;
  });
  expect(messageOf(backedOff)).toMatch(/container app was stopped because lifecycle\.postStart failed/);
});

describe('a ready rollout', () => {
  it('without a readiness probe has to stay up for a while', () => {
    const recording = recorded('first-install');
    const { atMs } = replay(recording);
    const probed = replay(
      changed(recording, (object) => {
        if (object.kind !== 'Pod') return object;
        const containers = listAt(object, 'spec', 'containers').map((one) => ({
          ...fieldsAt(one),
          readinessProbe: {},
        }));
        return { ...object, spec: { ...fieldsAt(object, 'spec'), containers } };
      }),
    );
    expect(atMs).toBe(probed.atMs + steadyMs);
  });

  it('is not ready while its Deployment has not been observed', () => {
    const unobserved = changed(recorded('first-install'), (object) =>
      object.kind === 'Deployment' ? { ...object, metadata: { ...object.metadata, generation: 9 } } : object,
    );
    expect(messageOf(unobserved)).toContain('it is waiting for the controller to notice the change');
  });

  it('is not ready while an older pod still serves', () => {
    const lingering = changed(recorded('upgrade-of-two'), (object) =>
      object.kind === 'Deployment'
        ? { ...object, status: { ...fieldsAt(object, 'status'), replicas: 3 } }
        : object,
    );
    expect(messageOf(lingering)).toContain(
      'it is waiting for the pods of the older version to be told to stop',
    );
  });

  it('goes by the pods if the counts of the controllers are ahead or behind', () => {
    const unready = changed(recorded('first-install'), (object) => {
      if (object.kind !== 'Pod') return object;
      const conditions = listAt(object, 'status', 'conditions').filter(
        (one) => fieldAt(one, 'type') !== 'Ready',
      );
      return { ...object, status: { ...fieldsAt(object, 'status'), conditions } };
    });
    expect(messageOf(unready)).toContain('it is waiting for 1 pod to be ready (0 are)');
  });
});

describe('pods that do not count', () => {
  it('are those of an older ReplicaSet: a crash of yesterday fails nothing today', () => {
    // In the upgrade, every older pod crashes; its replacement does not.
    const recording = recorded('upgrade-of-two');
    const sets = recording.frames.flatMap((frame) =>
      frame.changed.filter(({ kind }) => kind === 'ReplicaSet'),
    );
    const oldest = sets.sort((a, b) =>
      (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''),
    )[0];
    const crashing = changed(recording, (object) => {
      const old = listAt(object, 'metadata', 'ownerReferences').some(
        (one) => fieldAt(one, 'uid') === oldest?.metadata.uid,
      );
      return object.kind === 'Pod' && old ? crashed(object, 9) : object;
    });
    expect(crashing).not.toEqual(recording);
    expect(messageOf(crashing)).toBe('ready');
  });

  it('are terminating ones', () => {
    const recording = recorded('crash');
    const leaving = changed(recording, (object) =>
      object.kind === 'Pod'
        ? { ...object, metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
        : object,
    );
    expect(messageOf(leaving)).toMatch(
      /within 90 s: it is waiting for 1 pod to be ready \(0 are\); no older version is serving/,
    );
  });

  it('are those of a ReplicaSet that only the annotation calls the newest', () => {
    // The new ReplicaSet has not arrived yet: what is highest so far is the previous version's.
    const recording = recorded('crash');
    const without = {
      ...recording,
      frames: recording.frames.map((frame) => ({
        ...frame,
        changed: frame.changed.filter(
          ({ kind, metadata }) =>
            kind !== 'ReplicaSet' || metadata.annotations?.['deployment.kubernetes.io/revision'] === '1',
        ),
      })),
    };
    expect(messageOf(without)).toContain('it is waiting for its ReplicaSet to be created');
  });
});

describe('restarts', () => {
  it('of a pod that is ready now are history, also while another pod is not ready yet', () => {
    const recovered = changed(recorded('upgrade-of-two'), (object) => {
      const ready = listAt(object, 'status', 'conditions').some(
        (one) => fieldAt(one, 'type') === 'Ready' && fieldAt(one, 'status') === 'True',
      );
      if (object.kind !== 'Pod' || !ready) return object;
      const containerStatuses = listAt(object, 'status', 'containerStatuses').map((one) => ({
        ...fieldsAt(one),
        restartCount: 9,
        lastState: { terminated: { exitCode: 1, reason: 'Error' } },
      }));
      return { ...object, status: { ...fieldsAt(object, 'status'), containerStatuses } };
    });
    expect(messageOf(recovered)).toBe('ready');
  });

  it.each([
    [0, 1],
    [1, 2],
  ])('are forgiven %i times: the end comes with end number %i', (restartsAllowed, times) => {
    const word = times === 1 ? 'once' : `${times} times`;
    expect(messageOf({ ...recorded('crash'), restartsAllowed })).toContain(
      `container app ended ${word}: exit code 7`,
    );
  });

  it('that are forgiven are named at the deadline', () => {
    expect(messageOf({ ...recorded('crash'), restartsAllowed: 99 })).toMatch(
      /within 90 s: .*container app ended 2 times: exit code 7/,
    );
  });

  it('do not forgive a lack of memory', () => {
    expect(messageOf({ ...recorded('out-of-memory'), restartsAllowed: 99 })).toContain('and was killed');
  });
});

describe('an image that cannot be pulled', () => {
  it('may fail once if another attempt could help', () => {
    const recording = recorded('registry-is-down');
    const once = {
      ...recording,
      frames: recording.frames.map((frame) => ({ ...frame, changed: frame.changed.map(firstAttempt) })),
    };
    expect(replay(once).decision.kind).toBe('deadline');
    expect(replay(recording).decision.kind).toBe('failed');
  });
});

it('warns of a pod without a node after a while, once', () => {
  const { warnings, decision, atMs } = replay({ ...recorded('unschedulable'), deadlineMs: 60_000 });
  expect(warnings).toEqual([expect.stringMatching(/^Pod\/web-\S+: finds no node: /)]);
  expect({ kind: decision.kind, atMs }).toEqual({ kind: 'deadline', atMs: 60_000 });
});

it('says that a workload is gone', () => {
  const recording = recorded('first-install');
  const deleted = {
    ...recording,
    frames: recording.frames.map((frame) =>
      frame.set.startsWith('Deployment') ? { ...frame, changed: [] } : frame,
    ),
  };
  expect(messageOf(deleted)).toContain('it is not in the cluster: someone deleted it');
});

it('takes a job that cleans up after itself for done when it is gone', () => {
  const recording = recorded('job-completes');
  const [job] = recording.workloads;
  if (job === undefined) throw new Error('no job');
  const frames = recording.frames.map((frame) =>
    frame.set.startsWith('Job') ? { ...frame, changed: [] } : frame,
  );
  const cleaning = { ...job, spec: { ttlSecondsAfterFinished: 0 } };
  expect(messageOf({ ...recording, frames, workloads: [cleaning] })).toBe('ready');
  expect(messageOf({ ...recording, frames })).toContain('someone deleted it');
});

function crashed(pod: KubeObject, restartCount: number): KubeObject {
  const ended = { terminated: { exitCode: 1, reason: 'Error' } };
  const waiting = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } };
  const containerStatuses = [{ name: 'app', ready: false, restartCount, state: waiting, lastState: ended }];
  return { ...pod, status: { phase: 'Running', conditions: [], containerStatuses } };
}

function firstAttempt(object: KubeObject): KubeObject {
  return object.kind === 'Event' && 'count' in object ? { ...object, count: 1 } : object;
}
