import { expect, it } from 'vitest';
import { podState } from './state.ts';

/** A pod with this status, as the API server gives it. */
const pod = (status: unknown): Parameters<typeof podState>[0] => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'build' },
  status,
});
const container = (state: unknown, phase = 'Pending'): ReturnType<typeof pod> =>
  pod({ phase, containerStatuses: [{ name: 'executor', state }] });
const waiting = (reason: string, message?: string): ReturnType<typeof pod> =>
  container({ waiting: { reason, ...(message === undefined ? {} : { message }) } });

const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' };

it.each([
  ['nothing said yet', pod({ phase: 'Pending' }), { kind: 'pending' }],
  ['being created', waiting('ContainerCreating'), { kind: 'pending' }],
  [
    'no node',
    pod({ phase: 'Pending', conditions: [condition] }),
    { kind: 'pending', trouble: { what: 'unschedulable', message: '0/1 nodes', final: false } },
  ],
  [
    'an image that is not there',
    waiting('ErrImagePull', 'rpc error: x:1: not found'),
    { kind: 'pending', trouble: { what: 'image', message: 'rpc error: x:1: not found', final: true } },
  ],
  [
    'a registry that is down just now',
    waiting('ImagePullBackOff', 'dial tcp: connection refused'),
    { kind: 'pending', trouble: { what: 'image', message: 'dial tcp: connection refused', final: false } },
  ],
  [
    'an image without a valid name',
    waiting('InvalidImageName'),
    { kind: 'pending', trouble: { what: 'image', message: 'InvalidImageName', final: true } },
  ],
  [
    'a Secret that is not there',
    waiting('CreateContainerConfigError', 'secret "x" not found'),
    { kind: 'pending', trouble: { what: 'container', message: 'secret "x" not found', final: true } },
  ],
  ['running', container({ running: {} }, 'Running'), { kind: 'running' }],
  [
    'the end',
    container({ terminated: { exitCode: 0, reason: 'Completed', message: 'sha256:1' } }, 'Succeeded'),
    { kind: 'ended', exitCode: 0, reason: 'Completed', message: 'sha256:1' },
  ],
  [
    'a failure, before and after the pod itself knows of it',
    container({ terminated: { exitCode: 137, reason: 'OOMKilled' } }, 'Failed'),
    { kind: 'ended', exitCode: 137, reason: 'OOMKilled', message: '' },
  ],
  [
    'an eviction',
    pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' }),
    { kind: 'lost', reason: 'Evicted', message: 'The node was low on resource: memory.' },
  ],
  [
    'a deadline, which kills the container',
    pod({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      containerStatuses: [{ name: 'executor', state: { terminated: { exitCode: 137, reason: 'Error' } } }],
    }),
    { kind: 'lost', reason: 'DeadlineExceeded', message: '' },
  ],
  [
    'the end of the executor beside a sidecar that someone put in before it',
    pod({
      phase: 'Running',
      containerStatuses: [
        { name: 'mesh-proxy', state: { running: {} } },
        {
          name: 'executor',
          state: { terminated: { exitCode: 0, reason: 'Completed', message: 'sha256:1' } },
        },
      ],
    }),
    { kind: 'ended', exitCode: 0, reason: 'Completed', message: 'sha256:1' },
  ],
  [
    'a sidecar that runs before the executor does',
    pod({ phase: 'Pending', containerStatuses: [{ name: 'mesh-proxy', state: { running: {} } }] }),
    { kind: 'pending' },
  ],
])('%s', (_, seen, state) => {
  expect(podState(seen)).toEqual(state);
});
