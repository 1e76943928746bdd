/** A Harbor's project is made once for all services, and one service's end is not another's. */
import { expect, it, vi } from 'vitest';
import type { ServiceConfig } from '../config/model.ts';
import type { Artifact } from '../events.ts';
import { cancelled, ok, type Outcome } from '../outcome.ts';
import type { Harbor } from '../registry/harbor.ts';
import { recordingContext } from '../../test/support/recording-context.ts';
import { withHarbor } from './harbor-builder.ts';
import type { ImageBuilder, ImageRequest } from './types.ts';

it('a project that one service began to make and left is made by the other that waited for it', async () => {
  const asked: string[] = [];
  const first = new AbortController();
  const harbor: Partial<Harbor> = {
    isHarbor: () => Promise.resolve(ok(true)),
    async hasProject(name, signal): Promise<Outcome<boolean>> {
      asked.push(name);
      if (signal !== first.signal) return ok(true);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return cancelled(signal);
    },
  };
  const built: ImageBuilder['build'] = ({ service }) =>
    Promise.resolve(ok({ service: service.name, repository: 'h/shop/a', digest: 'sha256:a' } as Artifact));
  const builder = withHarbor(
    { build: built },
    {
      harbor: harbor as Harbor,
      gate: () => Promise.resolve(ok(undefined)),
      client: { putTag: () => Promise.resolve(ok(undefined)) },
      createProject: true,
      repositoryOf: ({ name }) => `harbor.example.com/shop/${name}`,
    },
  );
  const build = async (name: string, signal: AbortSignal) =>
    await builder.build({ service: { name } as ServiceConfig } as ImageRequest, {
      ...recordingContext(),
      signal,
    });
  const both = [build('orders', first.signal), build('stock', new AbortController().signal)];
  await vi.waitFor(() => expect(asked).toEqual(['shop']));
  first.abort('superseded');
  const [orders, stock] = await Promise.all(both);
  expect(orders).toEqual({ kind: 'cancelled', reason: 'superseded' });
  expect(stock).toMatchObject({ kind: 'ok', value: { service: 'stock' } });
  expect(asked).toEqual(['shop', 'shop']);
});
