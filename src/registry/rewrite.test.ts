/** Names of one registry in another. */
import { describe, expect, it } from 'vitest';
import { parseReference } from './reference.ts';
import { flatName, pathBelow } from './rewrite.ts';

describe('a name in another registry', () => {
  it.each([
    // Ours by itself: as it is written.
    ['orders', 'localhost:5001', 'orders'],
    ['shop/orders', 'localhost:5001', 'shop/orders'],
    // Everything else becomes one part, so that any registry takes it.
    ['registry.example.com/team/orders', 'localhost:5001', 'registry_example_com_team_orders'],
    ['registry.example.com:5000/orders', 'localhost:5001/dev', 'registry_example_com_5000_orders'],
    ['gcr.io/some/registry', 'account.dkr.ecr.eu.amazonaws.com', 'gcr_io_some_registry'],
    ['Registry/orders', 'localhost:5001', 'registry_orders'],
    // There already.
    ['localhost:5001/shop/orders', 'localhost:5001', 'shop/orders'],
    ['gcr.io/default/registry', 'gcr.io/default', 'registry'],
    ['localhost:5001/orders', 'localhost:5001/shop', 'localhost_5001_orders'],
    // Google's registries keep folders, and do not repeat the project.
    ['gcr.io/some/registry', 'gcr.io/default', 'gcr.io/some/registry'],
    ['gcr.io/default/example/registry', 'gcr.io/default/repository', 'example/registry'],
    ['eu.gcr.io/project/registry', 'eu.gcr.io/project', 'registry'],
    ['registry.example.com/a', 'europe-docker.pkg.dev/project/repo', 'registry.example.com/a'],
    ['europe-docker.pkg.dev/project/repo/x/a', 'europe-docker.pkg.dev/project/repo/dev', 'x/a'],
  ])('%s below %s is %s', (repository, registry, path) => {
    expect(pathBelow(repository, registry)).toBe(path);
  });

  it('keeps folders if the registry is said to', () => {
    const path = pathBelow('registry.example.com:5000/team/orders', 'harbor.example.com/shop', [], true);
    expect(path).toBe('registry.example.com_5000/team/orders');
    expect(parseReference(`harbor.example.com/shop/${path}`)?.path).toBe(`shop/${path}`);
  });

  it('knows the other names of the registry', () => {
    expect(pathBelow('registry:5000/shop/orders', 'localhost:5001', [undefined, 'registry:5000'])).toBe(
      'shop/orders',
    );
  });

  it('is cut at 255 characters with the registry, and stays a name', () => {
    const path = pathBelow(`gcr.io/${'a/'.repeat(200)}b`, 'localhost:5001');
    expect(`localhost:5001/${path}`.length).toBeLessThanOrEqual(255);
    expect(parseReference(`localhost:5001/${path}`)).toBeDefined();
  });

  it('is one part if it is local', () => {
    expect(flatName('registry.example.com/team/orders')).toBe('registry_example_com_team_orders');
    expect(flatName('team/orders')).toBe('team/orders');
  });
});
