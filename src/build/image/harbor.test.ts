import { expect, it } from 'vitest';
import { recordingContext } from '../../../test/support/recording-context.ts';
import { until } from '../../../test/support/wait.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { Artifact } from '../../core/events.ts';
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import type { Harbor } from '../../registry/harbor/harbor.ts';
import { withHarbor } from './harbor.ts';
import type { ImageBuilder } from '../types.ts';

const artifact: Artifact = {
  ...{ service: 'orders', repository: 'harbor.example.com/shop/orders', tag: 'a', inputHash: 'a' },
  ...{ pullRepository: 'harbor.example.com/shop/orders', digest: `sha256:${'ab'.repeat(32)}` },
};

/** A Harbor without projects, whose look for one ends when it is told to or cancelled. */
function fakeHarbor(): { harbor: Harbor; looks: number; answer: () => void } {
  const answers: (() => void)[] = [];
  const fake = {
    looks: 0,
    answer: () => answers.splice(0).forEach((one) => one()),
    harbor: {
      isHarbor: async () => await Promise.resolve(ok(true)),
      hasProject: async (_name: string, signal: AbortSignal) => {
        fake.looks += 1;
        return await new Promise<Outcome<boolean>>((resolve) => {
          answers.push(() => resolve(ok(true)));
          signal.addEventListener('abort', () => resolve(cancelled(signal)));
        });
      },
    } as unknown as Harbor,
  };
  return fake;
}

it('--create-project: a build goes on if the one that began to look was cancelled', async () => {
  const fake = fakeHarbor();
  const builder: ImageBuilder = { build: async () => await Promise.resolve(ok(artifact)) };
  const images = withHarbor(builder, {
    harbor: fake.harbor,
    createProject: true,
    repositoryOf: () => artifact.repository,
  });
  const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
  const request = { service: { name: 'orders' } as ServiceConfig, inputHash: 'a' };
  const build = async (signal: AbortSignal): Promise<string> =>
    (await images.build(request, recordingContext(signal))).kind;
  const kinds = [first, second, third].map(async ({ signal }) => await build(signal));
  await until('a look', () => fake.looks === 1);
  first.abort('superseded');
  await until('a second look', () => fake.looks === 2);
  fake.answer();
  expect(await Promise.all(kinds)).toEqual(['cancelled', 'ok', 'ok']);
  expect(fake.looks).toBe(2);
});
