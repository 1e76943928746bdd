/** The images of a project's services, as any service's manifests may name them. Pure. */
import type { ServiceConfig } from '../../config/model.ts';
import type { OtherImage, Rendered } from '../../deploy/types.ts';
import { appdevError, type AppdevError } from '../../core/errors.ts';
import type { Artifact } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';

/** The part of a service's configuration that names its image. */
export type ImageOwner = Pick<ServiceConfig, 'name' | 'image'>;

/** The images of all services but `self`, each with its newest artifact if that is known. */
export function otherImages(
  services: readonly ImageOwner[],
  self: string,
  artifacts: ReadonlyMap<string, Artifact>,
): readonly OtherImage[] {
  return services.flatMap(({ name, image }) => {
    if (image === undefined || name === self) return [];
    const artifact = artifacts.get(name);
    return [{ service: name, repository: image.repository, ...(artifact === undefined ? {} : { artifact }) }];
  });
}

/** What identifies one build of a service's image: its digest, or its tag if it was loaded into the nodes. */
export function identityOf({ digest, tag }: Artifact): string {
  return digest === '' ? tag : digest;
}

/**
 * Whether the manifests have to be rendered again, because another service's image is there at last or has changed.
 */
export function isOutdated(
  { uses = [], lacks = [] }: Pick<Rendered, 'uses' | 'lacks'>,
  others: readonly OtherImage[],
): boolean {
  const now = new Map(others.map(({ service, artifact }) => [service, artifact]));
  const moved = uses.some((artifact) => {
    const newest = now.get(artifact.service);
    return newest !== undefined && identityOf(newest) !== identityOf(artifact);
  });
  return moved || lacks.length > 0;
}

/** Rendered manifests that may be deployed. Fails with IMAGE_MISSING if they name an image that nobody knows. */
export function complete(rendered: Outcome<Rendered>): Outcome<Rendered> {
  if (rendered.kind !== 'ok') return rendered;
  const [missing] = rendered.value.lacks ?? [];
  if (missing === undefined) return rendered;
  return { kind: 'failed', error: imageMissing(rendered.value.service, missing) };
}

/** The error that stops a deploy whose manifests name an image that nobody knows. */
export function imageMissing(service: string, other: string): AppdevError {
  const message = `the manifests of ${service} name the image of ${other}, but appdev does not know which build of ${other} to deploy`;
  return appdevError('IMAGE_MISSING', message, {
    hint: `add ${other} to the command line or to \`needs\` of ${service}, or build it first: appdev build ${other}`,
  });
}
