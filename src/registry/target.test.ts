import { describe, expect, it } from 'vitest';
import { imageNames, targetText } from './target.ts';
import type { ImageTarget } from './types.ts';

const registry = (push: string, pull = push): ImageTarget => ({
  kind: 'registry',
  registry: { push, pull, insecure: true, source: 'KEP-1755' },
});
const load: ImageTarget = { kind: 'load', product: 'kind', cluster: 'shop' };

describe('imageNames', () => {
  it.each([
    [registry('localhost:5001'), 'orders', 'localhost:5001/orders', 'localhost:5001/orders'],
    [
      registry('localhost:5001', 'k3d-registry:5000'),
      'shop/orders',
      'localhost:5001/shop/orders',
      'k3d-registry:5000/shop/orders',
    ],
    [
      registry('harbor.example.com/shop'),
      'orders',
      'harbor.example.com/shop/orders',
      'harbor.example.com/shop/orders',
    ],
    [load, 'orders', 'localhost/orders', 'localhost/orders'],
    // A dot in a repository of one part is not a host.
    [registry('localhost:5001'), 'orders.v2', 'localhost:5001/orders.v2', 'localhost:5001/orders.v2'],
  ])('%j and %s', (target, repository, push, pull) => {
    expect(imageNames(target, repository)).toEqual({ repository: push, pullRepository: pull });
  });

  it.each(['registry.example.com/orders', 'localhost:5002/orders', 'localhost/orders', 'Registry/orders'])(
    'lets nothing go to another host: %s',
    (repository) => {
      const local = imageNames(registry('localhost:5001', 'registry:5000'), repository);
      expect(local.repository).toMatch(/^localhost:5001\/[a-z0-9_]+_orders$/);
      expect(local.pullRepository).toMatch(/^registry:5000\/[a-z0-9_]+_orders$/);
      expect(imageNames(load, repository).repository).toMatch(/^localhost\/[a-z0-9_]+_orders$/);
    },
  );
});

describe('targetText', () => {
  it('tells targets apart', () => {
    const texts = [
      registry('localhost:5001'),
      registry('localhost:5001', 'registry:5000'),
      registry('localhost:5001/shop'),
      load,
      { ...load, product: 'minikube' as const },
      { ...load, cluster: 'other' },
    ].map(targetText);
    expect(new Set(texts).size).toBe(texts.length);
  });
});
