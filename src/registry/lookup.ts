/** Answers whether an artifact of an earlier run is still where the node gets it from, so that nothing is built twice. */
import type { Cluster } from '../cluster/types.ts';
import type { Artifact } from '../core/events.ts';
import { ok, type Outcome } from '../core/outcome.ts';
import { listAt } from '../support/fields.ts';
import type { ManifestReader } from './types.ts';

/** What the loop asks before it reuses an artifact. */
export interface ArtifactLookup {
  /** True when the artifact is there now, under its digest where it has one. */
  has(artifact: Artifact, signal: AbortSignal): Promise<Outcome<boolean>>;
}

/** The lookup for a registry. */
export function manifestLookup(reader: ManifestReader): ArtifactLookup {
  return {
    async has({ repository, digest }, signal) {
      // Without a digest it was loaded into a node, by a session with another target.
      if (digest === '') return ok(false);
      const found = await reader.headManifest(repository, digest, signal);
      return found.kind === 'ok' ? ok(found.value?.digest === digest) : found;
    },
  };
}

/** The lookup for images that are copied: there is one only where the other registry has it too. */
export function copiedLookup(pushed: ArtifactLookup, reader: ManifestReader): ArtifactLookup {
  return {
    async has(artifact, signal) {
      const there = await pushed.has(artifact, signal);
      if (there.kind !== 'ok' || !there.value) return there;
      const found = await reader.headManifest(artifact.pullRepository, artifact.digest, signal);
      return found.kind === 'ok' ? ok(found.value?.digest === artifact.digest) : found;
    },
  };
}

/**
 * The lookup for images that were loaded into the nodes: every node must list the image by its name. The kubelet lists
 * 50 images at most and with some delay; one that is missing from the list only costs a build.
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
