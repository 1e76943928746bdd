/** The Containerfiles of layered images. Pure. COPY only: nothing is run, so that nothing depends on when or where. */
import { createHash } from 'node:crypto';
import { appFolder } from './plan.ts';
import type { StagedLayer } from './staging.ts';

/** The image that the layers go on. */
export interface BaseImage {
  /** As the user names it. */
  readonly name: string;
  /** `sha256` of its configuration in the storage, hex. */
  readonly id: string;
  /** USER of the image; empty when it has none. */
  readonly user: string;
}

/**
 * The user that a layered image runs as when its base names none: a number, because Kubernetes checks `runAsNonRoot` by
 * numbers, and one that no distribution hands out.
 */
const ownUser = '10001:10001';

/**
 * What all but the last layer make: dependencies and the like, which a change of code leaves as they are. It is an image of
 * its own, so that the next build neither copies nor hashes them again (0.7 s for 22 MB).
 */
export function lowerContainerfile(base: BaseImage, layers: readonly StagedLayer[]): string {
  // By id: between looking at it and building on it, the name may move.
  return [`FROM ${base.id}`, ...layers.map((layer) => copy(base, layer)), ''].join('\n');
}

/** The last layer, on top of the image that `lowerContainerfile` makes, and how to start. */
export function upperContainerfile(
  lower: string,
  base: BaseImage,
  layer: StagedLayer,
  entrypoint: readonly string[],
): string {
  return [
    `FROM ${lower}`,
    copy(base, layer),
    // After the first COPY, which makes the folder with its owner: the application may write to where it runs.
    `WORKDIR ${appFolder}`,
    ...(base.user === '' ? [`USER ${ownUser}`] : []),
    `ENTRYPOINT ${JSON.stringify(entrypoint)}`,
    '',
  ].join('\n');
}

/** A text that differs for every other lower image. */
export function lowerKey(base: BaseImage, layers: readonly StagedLayer[]): string {
  return createHash('sha256').update(lowerContainerfile(base, layers)).digest('hex').slice(0, 16);
}

function copy(base: BaseImage, layer: StagedLayer): string {
  const owner = base.user === '' ? ownUser : '0:0';
  return `COPY --chown=${owner} ${layer.folder}/ ${appFolder}/`;
}
