import { expect, it } from 'vitest';
import { FakeLoopRig, fakeService } from '../../../test/support/fake-loop-parts.ts';
import type { OpenCluster } from '../../cluster/api/client.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { Rendered } from '../../deploy/types.ts';
import { failed } from '../../core/outcome.ts';
import { quietContext } from '../compose/once.ts';
import { createFootprint, placeOf, type ApplyWay, type Footprint } from './footprint.ts';

// As much of a cluster as the footprint looks at.
const cluster = { identity: { namespace: 'shop' } } as OpenCluster;
const { signal } = new AbortController();

function withDeploy(service: ServiceConfig, change: object): ServiceConfig {
  return { ...service, deploy: { ...service.deploy, ...change } };
}

async function apply(footprint: Footprint, way: ApplyWay, service: ServiceConfig): Promise<void> {
  const rendered: Rendered = { service: service.name, namespace: '', objects: [], yaml: '', hash: '' };
  await footprint.noting(way).apply(service, rendered, quietContext(signal));
}

function places(footprint: Footprint): string[] {
  return footprint.services().map((service) => placeOf(service, cluster));
}

it('keeps what was deployed under words that the file no longer has', async () => {
  const orders = fakeService('orders');
  const { way } = new FakeLoopRig([orders], ['apply']).workshop.parts();
  const footprint = createFootprint([orders], cluster);
  expect(places(footprint)).toEqual(['release orders in shop']);
  await apply(footprint, way, withDeploy(orders, { release: 'orders-2' }));
  await apply(footprint, way, withDeploy(orders, { namespace: 'elsewhere' }));
  await apply(footprint, way, fakeService('web'));
  expect(places(footprint)).toEqual([
    'release orders in shop',
    'release orders-2 in shop',
    'release orders in elsewhere',
    'release web in shop',
  ]);
});

it('has each place once, as it was configured last, whatever came of the apply', async () => {
  const orders = fakeService('orders');
  const broken: ApplyWay = { apply: () => Promise.resolve(failed('DEPLOY_FAILED', 'no')) };
  const footprint = createFootprint([orders], cluster);
  const later = { ...orders, needs: ['stock'] };
  await apply(footprint, broken, later);
  expect(footprint.services()).toEqual([later]);
  await apply(footprint, broken, fakeService('web'));
  expect(places(footprint)).toEqual(['release orders in shop', 'release web in shop']);
});
