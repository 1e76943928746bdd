/** Takes an image that this session made away again: from the registry, and from Buildah's storage. */
import { removeStored } from './buildah/prune.ts';
import type { Artifact } from '../../core/events.ts';
import type { RegistryClient } from '../../registry/api/client.ts';
import type { PushLedger } from '../../registry/ledger.ts';
import type { ImageTarget } from '../../registry/types.ts';
import type { RunProcess } from '../../support/process/process.ts';

/** What removing works with. */
export interface ImageRemoval {
  readonly images: ImageTarget;
  /** Absent where images are loaded into the nodes. */
  readonly client: Pick<RegistryClient, 'deleteManifest'> | undefined;
  readonly ledger: Pick<PushLedger, 'forget'>;
  readonly run: RunProcess;
  /** Folder for what is kept across sessions, as the builder has it. */
  readonly cache: string;
}

/**
 * Removes it, by its digest, and returns where it stays, as phrases. Only for an image whose content no other session has:
 * a manifest goes with every tag that names it.
 */
export async function removeImage(
  { images, client, ledger, run, cache }: ImageRemoval,
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
  const stored = await removeStored({ run, cache, signal }, artifact);
  if (stored.kind !== 'ok') kept.push("Buildah's storage");
  return kept;
}
