import { expect, it } from 'vitest';
import type { ServiceStatus, WorkloadStatus } from '../deploy/types.ts';
import { isHealthy, statusText } from './status.ts';

const pods = { ready: 1, desired: 1, restarts: 0, phase: 'Running' };
const none = { ready: 0, desired: 0, restarts: 0, phase: 'None' };
const workload = (more: Partial<WorkloadStatus> = {}): WorkloadStatus => ({
  name: 'Deployment/web',
  ready: true,
  reason: '',
  pods,
  images: [],
  ...more,
});
const service = (more: Partial<ServiceStatus> = {}): ServiceStatus => ({
  service: 'web',
  namespace: 'shop',
  deployed: true,
  detail: 'revision 1',
  workloads: [workload()],
  pods,
  ...more,
});

it.each<readonly [string, ServiceStatus, boolean, string]>([
  ['a ready one', service(), true, 'Deployment/web  1/1  ready'],
  ['one without workloads', service({ workloads: [] }), true, 'revision 1 in shop'],
  [
    'one that is not deployed',
    service({ deployed: false, detail: 'not deployed', workloads: [] }),
    false,
    'not deployed (shop)',
  ],
  [
    'one that someone scaled to 0',
    service({ workloads: [workload({ ready: false, reason: 'it was scaled to 0 pods', pods: none })] }),
    false,
    '0/0  not ready: it was scaled to 0 pods',
  ],
  ['one that wants no pods', service({ workloads: [workload({ pods: none })] }), true, '0/0  no pods wanted'],
])('%s', (_, status, healthy, text) => {
  expect(isHealthy(status)).toBe(healthy);
  expect(statusText('kind-shop', [status])).toContain(text);
});

it('shows what a probe printed without its escape sequences and overrides', () => {
  const reason = 'readiness probe: \x1b]0;title\x07down\x9d0;again\x9c \u202ekcab \x1b[2J';
  const text = statusText('kind-shop', [service({ workloads: [workload({ ready: false, reason })] })]);
  expect(text).toContain('1/1  not ready: readiness probe: down kcab \n');
});
