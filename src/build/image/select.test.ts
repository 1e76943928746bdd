import { expect, it } from 'vitest';
import type { ServiceConfig } from '../../config/model.ts';
import { failed } from '../../core/outcome.ts';
import { selectBuilder } from './select.ts';
import type { ImageBuilder } from '../types.ts';

/** Fails with its name, so that a test sees who was asked. */
const fakeBuilder = (name: string): ImageBuilder => ({
  build: async () => await Promise.resolve(failed('IMAGE_BUILD_FAILED', name)),
});
const builders = selectBuilder({
  buildah: fakeBuilder('buildah'),
  kaniko: fakeBuilder('kaniko'),
  command: fakeBuilder('command'),
});
const context = {
  signal: new AbortController().signal,
  report: {
    started: () => undefined,
    output: () => undefined,
    finished: () => undefined,
    warn: () => undefined,
  },
};

function service(builder?: 'buildah' | 'kaniko' | 'command'): ServiceConfig {
  return {
    name: 'orders',
    path: '/shop',
    ...(builder === undefined
      ? {}
      : { image: { repository: 'orders', builder, source: { kind: 'layers', base: 'base' } } }),
    deploy: { kind: 'manifests', files: [], deadlineMs: 1000, restartsAllowed: 0 },
    dev: { trigger: 'auto', forward: [] },
    needs: [],
  };
}

it.each(['buildah', 'kaniko', 'command'] as const)(
  'hands a service to the builder that it names: %s',
  async (name) => {
    const outcome = await builders.build({ service: service(name), inputHash: 'a' }, context);
    expect(outcome).toEqual(failed('IMAGE_BUILD_FAILED', name));
  },
);

it('is not asked for a service without an image', async () => {
  await expect(builders.build({ service: service(), inputHash: 'a' }, context)).rejects.toThrow(
    'orders has no image',
  );
});
