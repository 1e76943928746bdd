import { expect, it } from 'vitest';
import { fakeChart, fakeProject, fakeService } from '../../../test/support/fake-loop-parts.ts';
import { configChanges } from './config-changes.ts';

const orders = fakeService('orders');
const before = fakeProject([orders, fakeChart('db')]);

it.each([
  ['nothing', before, []],
  ['files that were read', { ...before, files: ['/p/.env'] }, []],
  ['a value at the top', { ...before, keepImages: 9, name: 'q' }, ['name', 'keepImages']],
  ['a list', { ...before, ignore: ['*.log'] }, ['ignore']],
  ['the cluster', { ...before, cluster: { ...before.cluster, namespace: 'x' } }, ['cluster.namespace (new)']],
  [
    'a service',
    fakeProject([
      { ...orders, dev: { ...orders.dev, forward: [{ localPort: 1, remotePort: 2 }] } },
      fakeChart('db'),
    ]),
    ['services.orders.dev.forward'],
  ],
  [
    'services that came and went',
    fakeProject([orders, fakeChart('web')]),
    ['services.web (new)', 'services.db (gone)'],
  ],
])('%s', (_, after, changed) => {
  expect(configChanges(before, after)).toEqual(changed);
});
