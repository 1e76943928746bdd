/**
 * Buildah has one layer cache for everything that builds into the same storage. From it, a build may get what a `podman
 * build` of the same instruction and files left there, with the times of that build: the same content, but another
 * digest. What appdev builds has the time 0, so the two can be told apart.
 */
import { complaintEvidence, complaintLines, complaintText } from '../../../support/process/complaint.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import type { BudResult } from './bud.ts';
import type { Buildah } from './session.ts';
import { storedImages } from './stored-images.ts';

/**
 * Builds, and builds again with `--no-cache` if the cache returned a step that was not built here. Fails as `build`
 * does, or with IMAGE_BUILD_FAILED if the storage cannot be listed.
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
  // This image would keep the foreign step in the storage, and so in the cache. If it is in use, it stays, which does
  // no harm.
  await buildah.run({ args: ['rmi', imageId] }, { signal });
  return again;
}

/** The first of these steps that was not built here; undefined if there is none. */
async function foreignStep(
  buildah: Buildah,
  steps: readonly string[],
  signal: AbortSignal,
): Promise<Outcome<string | undefined>> {
  const listed = await buildah.run({ args: ['images', '-a', '--json', '--no-trunc'] }, { signal });
  if (listed.kind !== 'ok') return listed;
  if (listed.value.exitCode !== 0) {
    const complaint = complaintLines(listed.value.lines);
    const said = complaintText(complaint) ?? `exit code ${listed.value.exitCode}`;
    return failed('IMAGE_BUILD_FAILED', `buildah images failed: ${said}`, {
      hint: 'see the output of: buildah images -a',
      ...complaintEvidence(complaint),
    });
  }
  const ours = storedImages(listed.value.stdout).filter(({ createdMs }) => createdMs === 0);
  return ok(steps.find((step) => !ours.some(({ id }) => id === step)));
}
