import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { FollowHandlers, KubeObject, ObjectQuery } from '../../cluster/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { Rendered } from '../../deploy/types.ts';
import type { EventBody } from '../../core/events.ts';
import { ok } from '../../core/outcome.ts';
import { fakeService } from '../../../test/support/fake-loop-parts.ts';
import { until } from '../../../test/support/wait.ts';
import { createAttachments, type Attachments } from './attachments.ts';
import type { OpenTarget } from '../compose/cluster.ts';
import { quietContext } from '../compose/once.ts';

const context = quietContext(new AbortController().signal);

/** A Deployment whose one container declares a port. */
function deployment(name: string, port?: number): KubeObject {
  const ports = port === undefined ? {} : { ports: [{ containerPort: port }] };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { spec: { containers: [{ name: 'main', ...ports }] } },
    },
  };
}

/** A stand-in for the cluster: each selector has one serving pod; what is followed is counted. */
function fakeTarget(found: readonly KubeObject[]): {
  readonly target: OpenTarget;
  readonly follows: string[];
} {
  const follows: string[] = [];
  const cluster = {
    identity: { namespace: 'shop' },
    follow: ({ labelSelector = '', namespace }: ObjectQuery, { onSnapshot }: FollowHandlers) => {
      follows.push(namespace === 'shop' ? labelSelector : `${labelSelector} in ${namespace ?? ''}`);
      const conditions = [{ type: 'Ready', status: 'True' }];
      onSnapshot([
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: labelSelector, uid: labelSelector },
          status: { conditions },
        },
      ]);
    },
  };
  const deployer = {
    way: {
      deployed: () => Promise.resolve(ok({ objects: found, deployed: found.length > 0, detail: '' })),
      apply: () => Promise.resolve(ok({ changed: true, detail: '' })),
    },
    observer: { followPods: () => follows.push('pods') },
  };
  return { target: { cluster, deployer } as unknown as OpenTarget, follows };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

let local: number;
let other: number;
let events: EventBody[];
let attachments: Attachments;
beforeEach(async () => {
  local = await freePort();
  other = await freePort();
  events = [];
});
afterEach(async () => {
  await attachments.stop();
});

const emit = (event: EventBody): void => void events.push(event);
const forwarding = (...pairs: readonly (readonly [number, number])[]): ServiceConfig =>
  fakeService('orders', {
    dev: { trigger: 'auto', forward: pairs.map(([localPort, remotePort]) => ({ localPort, remotePort })) },
  });
const rendered = (...objects: readonly KubeObject[]): Rendered => ({
  service: 'orders',
  namespace: 'shop',
  objects,
  yaml: '',
  hash: 'h',
});
const opened = async (port: number): Promise<void> => {
  await until(`port ${port}`, () =>
    events.some((event) => event.type === 'forward.opened' && event.localPort === port),
  );
};

it('attaches at the start what is deployed already', async () => {
  const { target, follows } = fakeTarget([deployment('web', 8080)]);
  attachments = createAttachments(target, emit);
  attachments.attachDeployed([forwarding([local, 8080])]);
  await opened(local);
  expect(follows.sort()).toEqual(['app=web', 'app=web', 'pods']);
});

it('follows what a release turned out to be, its hooks included', async () => {
  const { target, follows } = fakeTarget([]);
  attachments = createAttachments(target, emit);
  const job = (name: string, annotations = {}): KubeObject => ({
    ...{ apiVersion: 'batch/v1', kind: 'Job' },
    metadata: { name, annotations },
  });
  const recorded = [job('made-up-2'), job('migrate', { 'helm.sh/hook': 'pre-upgrade' })];
  const way = { apply: () => Promise.resolve(ok({ changed: true, detail: '', recorded })) };
  await attachments.following(way).apply(forwarding(), rendered(job('made-up-1')), context);
  const named = (name: string): string => `batch.kubernetes.io/job-name=${name}`;
  await until('the logs', () => follows.includes(named('migrate')));
  expect(follows).toEqual(['pods', named('made-up-1'), 'pods', named('made-up-2'), named('migrate')]);
});

it('follows a changed dev.forward without a deploy, and leaves pods and logs alone', async () => {
  const { target, follows } = fakeTarget([]);
  attachments = createAttachments(target, emit);
  const before = forwarding([local, 8080]);
  await attachments.following(target.deployer.way).apply(before, rendered(deployment('web', 8080)), context);
  await opened(local);
  attachments.configured([forwarding([other, 8080])]);
  await opened(other);
  await until('the old port', () =>
    events.some((event) => event.type === 'forward.closed' && event.localPort === local),
  );
  expect(follows.sort()).toEqual(['app=web', 'app=web', 'app=web', 'pods']);
  // A run that began with the old configuration applies now.
  await attachments.following(target.deployer.way).apply(before, rendered(deployment('web', 8080)), context);
  expect(events.filter(({ type }) => type === 'forward.opened')).toHaveLength(2);
  expect(follows).toHaveLength(4);
});

it('says that a forward is gone which never came to work', async () => {
  const { target } = fakeTarget([]);
  attachments = createAttachments(target, emit);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(local, '127.0.0.1', resolve));
  const before = forwarding([local, 8080]);
  await attachments.following(target.deployer.way).apply(before, rendered(deployment('web', 8080)), context);
  await until('the taken port', () => events.some(({ type }) => type === 'forward.lost'));
  attachments.configured([forwarding()]);
  await until('its end', () => events.some(({ type }) => type === 'forward.closed'));
  taken.close();
});

it('says that a forward leads nowhere', async () => {
  const { target } = fakeTarget([]);
  attachments = createAttachments(target, emit);
  const config: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'words' } };
  await attachments
    .following(target.deployer.way)
    .apply(forwarding([local, 8080]), rendered(config), context);
  await until('the reason', () => events.length > 0);
  expect(events).toEqual([
    expect.objectContaining({
      type: 'forward.lost',
      localPort: local,
      reason: 'no object of orders has pods',
    }),
  ]);
  attachments.configured([forwarding()]);
  await until('its end', () => events.some(({ type }) => type === 'forward.closed'));
});

it('forwards to the workload that declares the port, and to the first if none does', async () => {
  const { target, follows } = fakeTarget([]);
  attachments = createAttachments(target, emit);
  const objects = [deployment('worker'), deployment('web', 8080)];
  await attachments
    .following(target.deployer.way)
    .apply(forwarding([local, 8080], [other, 5005]), rendered(...objects), context);
  await opened(local);
  await opened(other);
  // One for each log, one for each port.
  expect(follows.sort()).toEqual(['app=web', 'app=web', 'app=worker', 'app=worker', 'pods']);
});

it('follows pods and ports where a manifest puts its workload, in another namespace than the service', async () => {
  const elsewhere = (name: string, port?: number): KubeObject => {
    const object = deployment(name, port);
    return { ...object, metadata: { ...object.metadata, namespace: 'other' } };
  };
  const { target, follows } = fakeTarget([elsewhere('web', 8080)]);
  attachments = createAttachments(target, emit);
  attachments.attachDeployed([forwarding([local, 8080])]);
  await opened(local);
  expect(follows.sort()).toEqual(['app=web in other', 'app=web in other', 'pods']);
  follows.length = 0;
  const both = rendered(elsewhere('web', 8080), deployment('web', 8081));
  await attachments
    .following(target.deployer.way)
    .apply(forwarding([local, 8080], [other, 8081]), both, context);
  await opened(other);
  expect(follows.sort()).toEqual(['app=web', 'app=web', 'app=web in other', 'pods']);
});
