/**
 * What a target means for one service's image: the names under which it is pushed and pulled, and the guard that lets
 * images go nowhere else. Pure.
 */
import { failed, ok, type Outcome } from '../outcome.ts';
import { looksLikeHost } from './reference.ts';
import type { ImageTarget } from './types.ts';

/** An image's names without tag. */
export interface ImageNames {
  /** As pushed: `localhost:5001/orders`. */
  readonly repository: string;
  /** As the node pulls it. */
  readonly pullRepository: string;
}

/**
 * The names of a service's image at a target. An image that is loaded into the node is called `localhost/…`, as Buildah
 * calls images without a registry: a name that no runtime takes for one on the internet.
 *
 * @param repository `image.repository` of the service. One that begins with a host is REGISTRY_REFUSED: images go to the
 *   registry that is configured or found for the cluster, and nowhere else.
 */
export function imageNames(target: ImageTarget, repository: string): Outcome<ImageNames> {
  const slash = repository.indexOf('/');
  if (slash > 0 && looksLikeHost(repository.slice(0, slash))) {
    const rest = repository.slice(slash + 1);
    const where = target.kind === 'load' ? `${target.product} ${target.cluster}` : target.registry.push;
    return failed(
      'REGISTRY_REFUSED',
      `the image ${repository} names the host ${repository.slice(0, slash)}, and images of this session go to ${where}`,
      {
        hint: `write "repository: ${rest}"; the host, and a path that all images share, belong into "registry:" of appdev.yaml`,
      },
    );
  }
  if (target.kind === 'load') {
    return ok({ repository: `localhost/${repository}`, pullRepository: `localhost/${repository}` });
  }
  const { push, pull } = target.registry;
  return ok({ repository: `${push}/${repository}`, pullRepository: `${pull}/${repository}` });
}

/** A target as text: equal for two sessions exactly when what one has built, the other need not build. */
export function targetText(target: ImageTarget): string {
  if (target.kind === 'load') return `load ${target.product} ${target.cluster}`;
  const { push, pull } = target.registry;
  return push === pull ? push : `${push} (pulled from ${pull})`;
}
