/** Paths as the API server writes them in conflicts. */
import { expect, it } from 'vitest';
import { valueAt } from './field-path.ts';

const object = {
  metadata: { annotations: { 'example.com/a.b': 'dotted', 'example.com/a': 'short' } },
  spec: {
    replicas: 3,
    template: {
      spec: {
        containers: [
          { name: 'proxy', image: 'proxy:1' },
          {
            name: 'app',
            image: 'app:1',
            ports: [
              { containerPort: 80, protocol: 'UDP', name: 'dns' },
              { containerPort: 80, protocol: 'TCP', name: 'web' },
            ],
          },
        ],
      },
    },
  },
};

it.each([
  ['.spec.replicas', 3],
  ['.spec.template.spec.containers[name="app"].image', 'app:1'],
  ['.spec.template.spec.containers[name="app"].ports[containerPort=80,protocol="TCP"].name', 'web'],
  ['.metadata.annotations.example.com/a.b', 'dotted'],
  ['.metadata.annotations.example.com/a', 'short'],
  ['.spec.template.spec.containers[name="gone"].image', undefined],
  ['.spec.replicasets', undefined],
  ['.spec.replicas.more', undefined],
  ['.spec.template.spec[name="app"]', undefined],
])('%s', (path, value) => {
  expect(valueAt(object, path)).toEqual(value);
});
