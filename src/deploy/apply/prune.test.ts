import { expect, it } from 'vitest';
import type { Entry } from '../record/inventory.ts';
import { identityOf } from '../objects/kinds.ts';
import { obsoleteIn } from './prune.ts';

const entry = (apiVersion: string, kind: string, namespace?: string): Entry => ({
  apiVersion,
  kind,
  name: 'one',
  ...(namespace === undefined ? {} : { namespace }),
});

it('prunes what is no longer rendered, but never what holds data or what others made', () => {
  const gone = entry('apps/v1', 'Deployment', 'shop');
  const rendered = entry('v1', 'Service', 'shop');
  const entries = [
    entry('v1', 'Namespace'),
    entry('apiextensions.k8s.io/v1', 'CustomResourceDefinition'),
    entry('v1', 'PersistentVolumeClaim', 'shop'),
    gone,
    rendered,
  ];
  const inventory = new Map(entries.map((one) => [identityOf(one), one]));
  expect(obsoleteIn(inventory, new Set([identityOf(rendered)]))).toEqual([gone]);
});
