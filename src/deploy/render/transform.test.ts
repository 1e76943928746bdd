import { describe, expect, it } from 'vitest';
import type { Artifact } from '../../core/events.ts';
import { contentHash } from '../objects/content.ts';
import type { NamedImage } from '../objects/images.ts';
import { isOwnedBy, labelValue, makerOf } from '../objects/ownership.ts';
import { transform } from './transform.ts';

const digest = `sha256:${'cd'.repeat(32)}`;
const artifact: Artifact = {
  service: 'orders',
  repository: 'localhost:5001/team/orders',
  pullRepository: 'registry:5000/team/orders',
  tag: 't',
  digest,
  inputHash: 't',
};
const pushed = `registry:5000/team/orders:t@${digest}`;
const migrations: Artifact = {
  ...artifact,
  service: 'migrations',
  repository: 'localhost:5001/migrations',
  pullRepository: 'registry:5000/migrations',
};
const migrated = `registry:5000/migrations:t@${digest}`;
const owner = { project: 'shop', service: 'orders' };
const request = { owner, namespace: 'dev', images: [{ repository: 'team/orders', artifact }] };

function deployment(...images: readonly string[]) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'orders', labels: { app: 'orders' } },
    spec: {
      selector: { matchLabels: { app: 'orders' } },
      template: {
        metadata: { labels: { app: 'orders' } },
        spec: { containers: images.map((image, index) => ({ name: `c${index}`, image })) },
      },
    },
  };
}

function imagesOf(images: readonly string[], known: readonly NamedImage[] = request.images): unknown {
  const [object] = transform([deployment(...images)], { ...request, images: known });
  return (object as ReturnType<typeof deployment>).spec.template.spec.containers.map(({ image }) => image);
}

describe('images', () => {
  it.each([
    ['team/orders', pushed],
    ['team/orders:latest', pushed],
    ['localhost:5001/team/orders:old', pushed],
    ['registry:5000/team/orders', pushed],
    [`team/orders@sha256:${'0'.repeat(64)}`, `team/orders@sha256:${'0'.repeat(64)}`],
    ['orders', 'orders'],
    ['team/orders-db', 'team/orders-db'],
    ['example.com/team/orders:1', 'example.com/team/orders:1'],
  ])('%s becomes %s', (written, deployed) => {
    expect(imagesOf([written])).toEqual([deployed]);
  });

  it.each([
    ['migrations', migrated],
    ['migrations:1.0', migrated],
    ['localhost:5001/migrations:old', migrated],
    ['registry:5000/migrations', migrated],
    ['team/orders', pushed],
    [`migrations@sha256:${'0'.repeat(64)}`, `migrations@sha256:${'0'.repeat(64)}`],
    ['migrations-db', 'migrations-db'],
    ['reports:2', 'reports:2'],
  ])('of other services, too: %s becomes %s', (written, deployed) => {
    const images = [
      ...request.images,
      { repository: 'migrations', artifact: migrations },
      { repository: 'reports' },
    ];
    expect(imagesOf([written], images)).toEqual([deployed]);
  });

  it('mean the service itself if two have the same repository', () => {
    const images = [...request.images, { repository: 'team/orders', artifact: migrations }];
    expect(imagesOf(['team/orders'], images)).toEqual([pushed]);
  });

  it('are replaced in every container, also of kinds with the pod spec elsewhere', () => {
    expect(imagesOf(['team/orders', 'postgres:17', 'team/orders:1'])).toEqual([
      pushed,
      'postgres:17',
      pushed,
    ]);
    const cron = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'x' },
      spec: { jobTemplate: { spec: { template: { spec: { initContainers: [{ image: 'team/orders' }] } } } } },
    };
    expect(JSON.stringify(transform([cron], request))).toContain(pushed);
  });

  it('are left alone if nothing was built, and if `image` is not an image', () => {
    const nothing = [{ repository: 'team/orders' }];
    expect(transform([deployment('team/orders')], { ...request, images: nothing })[0]?.['spec']).toEqual(
      deployment('team/orders').spec,
    );
    const map = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x' },
      data: { image: 'team/orders' },
    };
    expect(transform([map], request)[0]?.['data']).toEqual({ image: 'team/orders' });
  });
});

describe('metadata', () => {
  it('gets the namespace if there is none, and only if the kind has one', () => {
    const kinds = [
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' } },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'b', namespace: 'other' } },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'c', namespace: 'x' },
      },
      { apiVersion: 'example.com/v1', kind: 'ClusterThing', metadata: { name: 'd' } },
      { apiVersion: 'example.com/v1', kind: 'Wide', metadata: { name: 'e' } },
      {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'wides.example.com' },
        spec: { group: 'example.com', scope: 'Cluster', names: { kind: 'Wide' } },
      },
    ];
    const namespaces = transform(kinds, request).map(({ metadata }) => metadata.namespace);
    expect(namespaces).toEqual(['dev', 'other', undefined, undefined, undefined, undefined]);
  });

  it('carries the owner on the object, and never in selectors or pod templates', () => {
    const [object] = transform([deployment('team/orders')], request);
    expect(object?.metadata.labels).toEqual({
      app: 'orders',
      'dev.appdev/project': 'shop',
      'dev.appdev/service': 'orders',
    });
    expect(JSON.stringify(object?.['spec'])).not.toContain('dev.appdev');
    expect(object !== undefined && isOwnedBy(object, owner)).toBe(true);
    expect(object !== undefined && isOwnedBy(object, { ...owner, service: 'stock' })).toBe(false);
  });

  it('is the same each time, whatever the order of keys', () => {
    const once = transform([deployment('team/orders')], request);
    const { metadata, ...rest } = deployment('team/orders');
    const again = transform([{ metadata, ...rest, kind: 'Deployment' }], request);
    expect(contentHash(again)).toBe(contentHash(once));
  });
});

describe('ownership', () => {
  it.each([
    ['orders', 'orders'],
    ['my shop', /^my-shop-[0-9a-f]{12}$/],
    ['x'.repeat(70), /^x{50}-[0-9a-f]{12}$/],
    ['---', /^x-[0-9a-f]{12}$/],
  ])('makes a label value of %j', (name, value) => {
    expect(labelValue(name)).toMatch(value);
    expect(labelValue(name).length).toBeLessThanOrEqual(63);
  });

  it.each([
    [
      { labels: { 'dev.appdev/project': 'other', 'dev.appdev/service': 'db' } },
      'service db of appdev project other',
    ],
    [{ annotations: { 'meta.helm.sh/release-name': 'web' } }, 'Helm release web'],
    [{ annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } }, 'kubectl apply'],
    [{ labels: { 'app.kubernetes.io/managed-by': 'Tilt' } }, 'Tilt'],
    [{}, 'someone else'],
  ])('tells who made %j', (metadata, maker) => {
    expect(makerOf({ apiVersion: 'v1', kind: 'A', metadata: { name: 'a', ...metadata } })).toBe(maker);
  });
});
