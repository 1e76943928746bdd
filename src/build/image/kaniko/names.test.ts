import { describe, expect, it } from 'vitest';
import type { Registry } from '../../../registry/types.ts';
import { podNames } from './names.ts';

const local: Registry = {
  push: 'localhost:5001',
  pull: 'localhost:5001',
  inCluster: 'kind-registry:5000',
  insecure: true,
  source: 'KEP-1755',
};

describe('the names of a registry in a build pod', () => {
  it('are those of the cluster, and the names of this machine are mapped to them', () => {
    const names = podNames(local);
    expect(names).toMatchObject({ registry: 'kind-registry:5000', host: 'kind-registry:5000' });
    expect([...(names?.maps ?? [])]).toEqual([['localhost:5001', 'kind-registry:5000']]);
    expect(names?.translate('localhost:5001/shop/orders')).toBe('kind-registry:5000/shop/orders');
    expect(names?.translate('eclipse-temurin:17-jre')).toBe('eclipse-temurin:17-jre');
    expect(names?.here('kind-registry:5000/base:1')).toBe('localhost:5001/base:1');
    expect(names?.here('quay.io/base:1')).toBe('quay.io/base:1');
  });

  it('are the push name if that means the same everywhere', () => {
    const { inCluster: _, ...without } = local;
    const push = 'harbor.example.com/shop';
    const names = podNames({ ...without, push, pull: push });
    expect(names).toMatchObject({ registry: 'harbor.example.com/shop', host: 'harbor.example.com' });
    expect(names?.maps.size).toBe(0);
  });

  it('are none if the only name is a loopback’s', () => {
    const { inCluster: _, ...without } = local;
    expect(podNames(without)).toBeUndefined();
    expect(podNames({ ...without, push: '127.0.0.1:5000/shop' })).toBeUndefined();
  });

  it('are not mapped by host if the folders differ', () => {
    const names = podNames({
      ...local,
      push: 'localhost:5001/a',
      pull: 'localhost:5001/a',
      inCluster: 'registry:5000/b',
    });
    expect(names?.maps.size).toBe(0);
    expect(names?.translate('localhost:5001/a/orders')).toBe('registry:5000/b/orders');
  });
});
