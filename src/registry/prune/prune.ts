/**
 * Removes our old images from a local registry, so that a day of saves does not fill the disk. Removes only what the
 * ledger says this project pushed, only under the tag it pushed, and never a manifest that anything else still names:
 * the newest images of a service, an object in the cluster, or a tag that someone else added.
 */
import type { Cluster } from '../../cluster/types.ts';
import { inRange, networks } from '../../cluster/address.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { RegistryClient } from '../api/client.ts';
import { imagesInUse } from './in-use.ts';
import type { PushedImage, PushLedger } from '../ledger.ts';
import { hostname, isLoopbackHost, splitRegistryName } from '../reference.ts';
import type { Registry } from '../types.ts';

/** What pruning needs. */
export interface PruneRequest {
  readonly registry: Registry;
  readonly client: Pick<RegistryClient, 'headManifest' | 'deleteManifest' | 'listTags'>;
  readonly ledger: PushLedger;
  readonly cluster: Pick<Cluster, 'list'>;
  /** How many images of each service stay; at least 1. */
  readonly keep: number;
  readonly signal: AbortSignal;
}

/** The result. `unsupported`: this registry does not delete, and nothing was removed. */
export type PruneReport =
  { readonly kind: 'pruned'; readonly removed: number } | { readonly kind: 'unsupported' };

/** Private networks by RFC 1918. */
const privateNetworks = networks('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16');

/**
 * True if appdev may remove images from a registry: one on this machine's loopback, or one at a private address that
 * the cluster itself named. Never a registry elsewhere that someone wrote into appdev.yaml, because others use that
 * too.
 */
export function isPrunable({ push, source }: Pick<Registry, 'push' | 'source'>): boolean {
  const { host } = splitRegistryName(push);
  if (isLoopbackHost(host)) return true;
  return source !== 'appdev.yaml' && inRange(hostname(host), privateNetworks);
}

/** Tags that appdev makes from a hash of the inputs. Nothing else is ever removed. */
const contentTag = /^(?:lower-)?[0-9a-f]{12,64}$/;

/**
 * Removes all but the newest `keep` images of each service. If the cluster or the registry cannot be asked, nothing
 * (more) is removed and the outcome is that failure, which need not stop anything else.
 */
export async function pruneImages(request: PruneRequest): Promise<Outcome<PruneReport>> {
  const { registry, client, ledger, cluster, keep, signal } = request;
  const nothing: Outcome<PruneReport> = ok({ kind: 'pruned', removed: 0 });
  if (!isPrunable(registry)) return nothing;

  const ours = (await ledger.list()).filter(({ repository }) => repository.startsWith(`${registry.push}/`));
  const { newest, older } = split(ours, Math.max(keep, 1));
  if (older.length === 0) return nothing;

  const used = await imagesInUse(cluster, signal);
  if (used.kind !== 'ok') return used;
  const candidates = older.filter(
    (image) =>
      contentTag.test(image.tag) &&
      !newest.has(manifestOf(image)) &&
      !used.value.has(image.digest) &&
      !used.value.has(`${image.pullRepository}:${image.tag}`),
  );

  let removed = 0;
  for (const repository of new Set(candidates.map((image) => image.repository))) {
    const known = ours.filter((image) => image.repository === repository).map(({ tag }) => tag);
    const foreign = await foreignDigests(client, repository, new Set(known), signal);
    if (foreign.kind !== 'ok') return foreign;
    for (const image of candidates.filter((candidate) => candidate.repository === repository)) {
      const { tag, digest } = image;
      if (foreign.value.has(digest)) continue;
      const current = await client.headManifest(repository, tag, signal);
      if (current.kind !== 'ok') return current;
      // If the tag is gone or means something else by now, the image is no longer ours.
      if (current.value?.digest === digest) {
        const deleted = await client.deleteManifest(repository, digest, signal);
        if (deleted.kind !== 'ok') return deleted;
        if (deleted.value === 'unsupported') return ok({ kind: 'unsupported' });
        removed += 1;
      }
      await ledger.forget([image]);
    }
  }
  return ok({ kind: 'pruned', removed });
}

/** What is deleted: one manifest in one repository, with all its tags. */
function manifestOf({ repository, digest }: PushedImage): string {
  return `${repository}@${digest}`;
}

/** The manifests of each service's newest images, and the images that are older than those. */
function split(
  images: readonly PushedImage[],
  keep: number,
): { readonly newest: ReadonlySet<string>; readonly older: readonly PushedImage[] } {
  const byService = new Map<string, Set<string>>();
  const older: PushedImage[] = [];
  for (const image of images) {
    const manifests = byService.get(image.service) ?? new Set<string>();
    byService.set(image.service, manifests);
    if (manifests.has(manifestOf(image))) continue;
    if (manifests.size < keep) manifests.add(manifestOf(image));
    else older.push(image);
  }
  return { newest: new Set([...byService.values()].flatMap((manifests) => [...manifests])), older };
}

/**
 * The digests of tags that are not in the ledger: from other checkouts, or added by hand. Deleting a manifest would
 * delete these tags too.
 */
async function foreignDigests(
  client: PruneRequest['client'],
  repository: string,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Outcome<ReadonlySet<string>>> {
  const tags = await client.listTags(repository, signal);
  if (tags.kind !== 'ok') return tags;
  const digests = new Set<string>();
  for (const tag of tags.value.filter((candidate) => !known.has(candidate))) {
    const found = await client.headManifest(repository, tag, signal);
    if (found.kind !== 'ok') return found;
    if (found.value !== undefined) digests.add(found.value.digest);
  }
  return ok(digests);
}
