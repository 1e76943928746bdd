/** Removes an image that this session made from the registry and from Buildah's storage. */
import { removeStored } from './buildah/prune.ts';
import type { BuildahEnvironment } from './buildah/storage.ts';
import type { Artifact } from '../../core/events.ts';
import type { RegistryClient } from '../../registry/api/client.ts';
import type { PushLedger } from '../../registry/ledger.ts';
import type { ImageTarget } from '../../registry/types.ts';
import type { RunProcess } from '../../support/process/process.ts';

/** What the removal works with. */
export interface ImageRemoval {
  readonly images: ImageTarget;
  /** Undefined if images are loaded into the nodes. */
  readonly client: Pick<RegistryClient, 'deleteManifest'> | undefined;
  readonly ledger: Pick<PushLedger, 'forget'>;
  readonly run: RunProcess;
  readonly buildah: BuildahEnvironment;
  /** Absolute path of the builder's cache folder. */
  readonly cache: string;
}

/**
 * Removes an image by its digest. Use it only for an image whose content no other session has, because all tags of the
 * digest are removed with it.
 *
 * @returns the places where the image could not be removed, as phrases for a message
 */
export async function removeImage(
  { images, client, ledger, run, buildah, cache }: ImageRemoval,
  artifact: Artifact,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const kept: string[] = [];
  if (images.kind === 'load') kept.push(`the nodes of ${images.cluster}`);
  else {
    const { push, pull, copy } = images.registry;
    const deleted = await client?.deleteManifest(artifact.repository, artifact.digest, signal);
    if (deleted?.kind === 'ok' && deleted.value !== 'unsupported') await ledger.forget([artifact]);
    else if (deleted?.kind === 'failed') kept.push(`${push} (${deleted.error.message})`);
    else kept.push(`${push}, which does not delete`);
    if (copy !== undefined) kept.push(pull);
  }
  const stored = await removeStored({ run, environment: buildah, cache, signal }, artifact);
  if (stored.kind !== 'ok') kept.push("Buildah's storage");
  return kept;
}
