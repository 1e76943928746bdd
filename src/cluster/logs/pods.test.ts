import { describe, expect, it } from 'vitest';
import { containerRuns, declaredPorts, newestServing } from './pods.ts';
import type { KubeObject } from '../types.ts';

function pod(name: string, created: string, ready: string, deleted?: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      creationTimestamp: created,
      ...(deleted !== undefined && { deletionTimestamp: deleted }),
    },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  };
}

describe('newestServing', () => {
  it('takes the newest pod that is ready and not on its way out', () => {
    const pods = [
      pod('old', '2026-11-21T05:00:01Z', 'True'),
      pod('going', '2026-11-21T05:00:09Z', 'True', '2026-11-21T05:01:00Z'),
      pod('good', '2026-11-21T05:00:03Z', 'True'),
      pod('starting', '2026-11-21T05:00:08Z', 'False'),
    ];
    expect(newestServing(pods)?.metadata.name).toBe('good');
    expect(newestServing([...pods].reverse())?.metadata.name).toBe('good');
    expect(newestServing([])).toBeUndefined();
  });
});

describe('containerRuns', () => {
  const runsOf = (status: Record<string, unknown>): unknown =>
    containerRuns({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      status: { containerStatuses: [{ name: 'app', ...status }] },
    })[0];

  it.each([
    ['waits for its first start', { state: { waiting: {} } }, { ended: true }],
    ['runs', { containerID: 'c1', state: { running: {} } }, { ended: false, id: 'c1' }],
    [
      'has ended',
      { containerID: 'c1', state: { terminated: { containerID: 'c1' } } },
      { ended: true, id: 'c1' },
    ],
    [
      'waits to be started again',
      { containerID: 'c1', state: { waiting: {} }, lastState: { terminated: { containerID: 'c1' } } },
      { ended: true, id: 'c1' },
    ],
    [
      'runs again',
      { containerID: 'c2', state: { running: {} }, lastState: { terminated: { containerID: 'c1' } } },
      { ended: false, id: 'c2', previousId: 'c1' },
    ],
    [
      'has ended again',
      {
        containerID: 'c2',
        state: { terminated: { containerID: 'c2' } },
        lastState: { terminated: { containerID: 'c1' } },
      },
      { ended: true, id: 'c2', previousId: 'c1' },
    ],
  ])('reads a container that %s', (_case, status, expected) => {
    expect(runsOf(status)).toEqual({ container: 'app', ...expected });
  });
});

describe('declaredPorts', () => {
  it('lists the ports with their names', () => {
    const spec = {
      containers: [{ ports: [{ containerPort: 8080, name: 'http' }, { containerPort: 9090 }] }, {}],
    };
    expect(declaredPorts({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec })).toEqual([
      '8080 (http)',
      '9090',
    ]);
  });
});
