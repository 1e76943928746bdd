/** From which registries a Containerfile's build pulls. Pure. */
import { looksLikeHost } from '../../../registry/reference.ts';
import { imagesNamed } from '../context/copy-sources.ts';

/**
 * The hosts (with port) of the images that a Containerfile names. A name without a host is Docker Hub's.
 *
 * @param buildArgs override the defaults of ARG
 */
export function imageHosts(text: string, buildArgs: Readonly<Record<string, string>>): readonly string[] {
  const hosts = imagesNamed(text, buildArgs).map((name) => {
    const slash = name.indexOf('/');
    const first = name.slice(0, Math.max(slash, 0));
    return slash > 0 && looksLikeHost(first) ? first : 'docker.io';
  });
  return [...new Set(hosts)];
}
