/**
 * Buildah's layer cache is one for everything that builds into the same storage. It gives out what a `podman build` of the
 * same instruction and files left there, with the times of that build in it: the same content, and another digest. What is
 * built here has the time 0, so that it can be told from that.
 */
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import type { BudResult } from './bud.ts';
import type { Buildah } from './session.ts';
import { storedImages } from './stored-images.ts';

/**
 * Builds, and once more with `--no-cache` where the cache gave out what was not built here. Fails as `build` does, and with
 * IMAGE_BUILD_FAILED when the storage cannot be listed.
 */
export async function buildOnOwnSteps(
  buildah: Buildah,
  build: (...flags: readonly string[]) => Promise<Outcome<BudResult>>,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<Outcome<BudResult>> {
  const first = await build();
  if (first.kind !== 'ok' || first.value.kind !== 'built' || first.value.cached.length === 0) return first;
  const { imageId, cached } = first.value;
  const foreign = await foreignStep(buildah, cached, signal);
  if (foreign.kind !== 'ok') return foreign;
  if (foreign.value === undefined) return first;
  onLine(
    `another program made ${foreign.value.slice(0, 12)} in Buildah's cache, with times of its own: building without the cache`,
  );
  const again = await build('--no-cache');
  if (again.kind !== 'ok' || (again.value.kind === 'built' && again.value.imageId === imageId)) return again;
  // It would keep what it lies on in the storage, and so in the cache. One that is in use stays, and harms nobody.
  await buildah.run({ args: ['rmi', imageId] }, { signal });
  return again;
}

/** The first of these steps that was not built here. */
async function foreignStep(
  buildah: Buildah,
  steps: readonly string[],
  signal: AbortSignal,
): Promise<Outcome<string | undefined>> {
  const listed = await buildah.run({ args: ['images', '-a', '--json', '--no-trunc'] }, { signal });
  if (listed.kind !== 'ok') return listed;
  if (listed.value.exitCode !== 0) {
    const said = listed.value.lines.at(-1) ?? `exit code ${listed.value.exitCode}`;
    return failed('IMAGE_BUILD_FAILED', `buildah images failed: ${said}`, {
      hint: 'see the output of: buildah images -a',
    });
  }
  const ours = storedImages(listed.value.stdout).filter(({ createdMs }) => createdMs === 0);
  return ok(steps.find((step) => !ours.some(({ id }) => id === step)));
}
