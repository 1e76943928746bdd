/** What a target means for one service's image: the names under which it is pushed and pulled. Pure. */
import { flatName, pathBelow } from './rewrite.ts';
import type { ImageTarget, Registry } from './types.ts';

/** An image's names without tag. */
export interface ImageNames {
  /** The name to push to: `localhost:5001/orders`. */
  readonly repository: string;
  /** The name under which the node pulls it. */
  readonly pullRepository: string;
}

/**
 * The names of a service's image at a target. An image that is loaded into the node is called `localhost/…`, like
 * Buildah's images without a registry. No runtime looks for such a name on the internet.
 *
 * @param repository `image.repository` of the service. If it names another registry, it is rewritten: images go to
 *   the registry that is configured or found for the cluster, and nowhere else.
 */
export function imageNames(target: ImageTarget, repository: string): ImageNames {
  if (target.kind === 'load') {
    const name = `localhost/${flatName(repository)}`;
    return { repository: name, pullRepository: name };
  }
  const { push, pull, inCluster, multiLevel } = target.registry;
  const path = pathBelow(repository, push, [pull, inCluster], multiLevel);
  return { repository: `${push}/${path}`, pullRepository: `${pull}/${path}` };
}

/** The registry of a target; undefined if images are loaded into the nodes. */
export function registryOf(target: ImageTarget): Registry | undefined {
  return target.kind === 'registry' ? target.registry : undefined;
}

/** A target as text. Equal for two sessions exactly if one need not build what the other has built. */
export function targetText(target: ImageTarget): string {
  if (target.kind === 'load') return `load ${target.product} ${target.cluster}`;
  const { push, pull, multiLevel } = target.registry;
  const folders = multiLevel === true ? ' (multi-level)' : '';
  return push === pull ? `${push}${folders}` : `${push} (pulled from ${pull})${folders}`;
}
