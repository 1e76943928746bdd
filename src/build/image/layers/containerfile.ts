/**
 * The Containerfiles of layered images. Pure. They only use COPY and run nothing, so the result does not depend on when
 * or where they are built.
 */
import { createHash } from 'node:crypto';
import { appFolder } from './plan.ts';
import type { StagedLayer } from './staging.ts';

/** The image below the layers. */
export interface BaseImage {
  /** The name as the user writes it. */
  readonly name: string;
  /** `sha256` of its configuration in the storage, hex. */
  readonly id: string;
  /** USER of the image; empty if it has none. */
  readonly user: string;
}

/**
 * The user that a layered image runs as if its base names none. It is a number, because Kubernetes checks
 * `runAsNonRoot` by numbers, and one that no distribution uses.
 */
const ownUser = '10001:10001';

/**
 * The Containerfile of all layers but the last: dependencies and the like, which a change of code leaves as they are.
 * This is an image of its own, so the next build neither copies nor hashes them again (0.7 s for 22 MB).
 */
export function lowerContainerfile(base: BaseImage, layers: readonly StagedLayer[]): string {
  // By id, because the name may move between looking at the image and building on it.
  return partContainerfile(base.id, base, layers);
}

/**
 * The Containerfile of one part of an image that is put together in its registry: these layers on `from`, which is a
 * name or `scratch`.
 */
export function partContainerfile(from: string, base: BaseImage, layers: readonly StagedLayer[]): string {
  return [`FROM ${from}`, ...layers.map((layer) => copy(base, layer)), ''].join('\n');
}

/** The user that a layered image on this base gets. Empty if the base names one. */
export function ownUserOf(base: BaseImage): { readonly user?: string } {
  return base.user === '' ? { user: ownUser } : {};
}

/** The Containerfile of the last layer, on top of the image from `lowerContainerfile`, and of how to start. */
export function upperContainerfile(
  lower: string,
  base: BaseImage,
  layer: StagedLayer,
  entrypoint: readonly string[],
): string {
  return [
    `FROM ${lower}`,
    copy(base, layer),
    // After the first COPY, which creates the folder with its owner: the application may write to its working folder.
    `WORKDIR ${appFolder}`,
    ...(base.user === '' ? [`USER ${ownUser}`] : []),
    `ENTRYPOINT ${JSON.stringify(entrypoint)}`,
    '',
  ].join('\n');
}

/** A text that is different for every lower image. */
export function lowerKey(base: BaseImage, layers: readonly StagedLayer[]): string {
  return createHash('sha256').update(lowerContainerfile(base, layers)).digest('hex').slice(0, 16);
}

function copy(base: BaseImage, layer: StagedLayer): string {
  const owner = base.user === '' ? ownUser : '0:0';
  return `COPY --chown=${owner} ${layer.folder}/ ${appFolder}/`;
}
