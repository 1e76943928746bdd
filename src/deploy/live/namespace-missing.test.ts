import { expect, it } from 'vitest';
import { namespaceMissing } from './namespace-missing.ts';

it('tells the namespace of the service from one that a manifest names itself', () => {
  expect(namespaceMissing('shop', 'shop', 'kind-dev')).toMatchObject({
    message: 'there is no namespace shop in kind-dev',
    hint: 'kubectl --context kind-dev create namespace shop, or set `cluster.createNamespace: true`',
  });
  const other = namespaceMissing('other', 'shop', 'kind-dev');
  expect(other.message).toContain('the manifests name it themselves, while the service goes to shop');
  expect(other.hint).toContain('`deploy.namespace: other`');
  expect(other.hint).not.toContain('createNamespace');
});
