/**
 * Answers whether an artifact of an earlier run is still where the node gets it from, so that nothing is built twice.
 */
import type { Cluster } from '../cluster/types.ts';
import type { Artifact } from '../core/events.ts';
import { ok, type Outcome } from '../core/outcome.ts';
import { listAt } from '../support/fields.ts';
import type { ManifestReader } from './types.ts';

/** The question that the loop asks before it reuses an artifact. */
export interface ArtifactLookup {
  /** True if the artifact is there now, with the same digest if it has one. */
  has(artifact: Artifact, signal: AbortSignal): Promise<Outcome<boolean>>;
}

/** The lookup for a registry. */
export function manifestLookup(reader: ManifestReader): ArtifactLookup {
  return {
    async has({ repository, digest }, signal) {
      // Without a digest, it was loaded into a node by a session with another target.
      if (digest === '') return ok(false);
      const found = await reader.headManifest(repository, digest, signal);
      return found.kind === 'ok' ? ok(found.value?.digest === digest) : found;
    },
  };
}

/**
 * The lookup for images that were loaded into the nodes: every node must list the image by its name. The kubelet lists
 * at most 50 images, with some delay; an image that is missing from the list only costs a build.
 */
export function loadedLookup(cluster: Pick<Cluster, 'list'>): ArtifactLookup {
  return {
    async has({ pullRepository, tag }, signal) {
      const nodes = await cluster.list({ apiVersion: 'v1', kind: 'Node' }, signal);
      if (nodes.kind !== 'ok') return nodes;
      const name = `${pullRepository}:${tag}`;
      const hasIt = (node: unknown): boolean =>
        listAt(node, 'status', 'images').some((image) => listAt(image, 'names').includes(name));
      return ok(nodes.value.length > 0 && nodes.value.every(hasIt));
    },
  };
}
