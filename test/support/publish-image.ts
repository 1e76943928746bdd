/**
 * Builds an image and takes it through the registry's scan, as a run does between the stages `image` and `render`.
 */
import type { ImageBuilder, ImageRequest, WorkContext } from '../../src/build/types.ts';
import type { Artifact } from '../../src/core/events.ts';
import type { Member } from '../../src/loop/work/member.ts';
import { createAdmission, scanStep } from '../../src/loop/steps/scan.ts';
import type { WorkParts } from '../../src/loop/work/types.ts';
import { ok, type Outcome } from '../../src/core/outcome.ts';
import { routes } from '../../src/core/routes.ts';

/** What builds, judges and publishes the image. */
export type PublishParts = Pick<WorkParts, 'admit' | 'publish'> & { readonly imageBuilder: ImageBuilder };

/** Builds, pushes, judges and publishes one image. Returns the artifact, or the first failure. */
export async function publishImage(
  parts: PublishParts,
  request: ImageRequest,
  context: WorkContext,
): Promise<Outcome<Artifact>> {
  const built = await parts.imageBuilder.build(request, context);
  if (built.kind !== 'ok') return built;
  const { service } = request;
  const member: Member = { service, run: 1, route: routes.build, force: false, ...context };
  const step = scanStep(parts, createAdmission(parts), {
    made: async () => await Promise.resolve(ok(undefined)),
  });
  if (step.scope !== 'service') throw new Error('the gate is one service at a time');
  const scan = {
    ...{ service: service.name, fingerprint: { build: '', deploy: '', tests: '' }, settlesInMs: 0 },
    ...{ files: new Map(), folders: new Map() },
  };
  const passed = await step.run(member, { scan, made: built.value, origin: 'built' });
  return passed.kind === 'ok' || passed.kind === 'redirected' ? built : passed;
}
