/**
 * Removes our older images from Buildah's storage. An image is ours if it carries the labels of this project and of one
 * of its services. The last used images of each service stay, and so do the images below them.
 */
import { join } from 'node:path';
import type { Artifact } from '../../../core/events.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { complaintEvidence, complaintLines, complaintText } from '../../../support/process/complaint.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { imageProjectLabel, imageServiceLabel } from '../../../core/labels.ts';
import { openBuildah, type Buildah } from './session.ts';
import { createImageRecords, type ImageRecord } from './records.ts';
import type { BuildahEnvironment } from './storage.ts';
import { storedImages, type StoredImage } from './stored-images.ts';

/** What to prune. */
export interface StoragePrune {
  readonly run: RunProcess;
  readonly environment: BuildahEnvironment;
  readonly project: string;
  readonly services: readonly string[];
  /** How many images of each service stay; at least 1. */
  readonly keep: number;
  /** Folder for what is kept between sessions. The same as the builder's. */
  readonly cache: string;
  readonly signal: AbortSignal;
}

/** Prunes, and returns how many images were removed. An image that something uses stays, which is not a failure. */
export async function pruneStorage(request: StoragePrune): Promise<Outcome<number>> {
  const { run, environment, project, services, keep, cache, signal } = request;
  const buildah = await openBuildah(run, environment, signal);
  if (buildah.kind !== 'ok') return buildah;
  // Read before the records. What another session has built since then is not in it, and what is in it is recorded.
  const stored: { readonly service: string; readonly images: readonly StoredImage[] }[] = [];
  for (const service of services) {
    const images = await listImages(buildah.value, project, service, signal);
    if (images.kind !== 'ok') return images;
    stored.push({ service, images: images.value });
  }
  return await createImageRecords(join(cache, 'buildah')).remove(signal, async (known) => {
    const removed = new Set<string>();
    for (const { service, images } of stored) {
      const kept = keptOf(
        known.filter((record) => record.project === project && record.service === service),
        keep,
      );
      const old = images.filter(
        ({ id, names }) => !kept.ids.has(id) && !names.some((name) => kept.lowers.has(name)),
      );
      // What lies on others is removed before them.
      for (const image of [...old.filter((one) => !isLower(one)), ...old.filter(isLower)]) {
        const gone = await buildah.value.run({ args: ['rmi', image.id] }, { signal });
        if (gone.kind !== 'ok') return gone;
        if (gone.value.exitCode === 0) removed.add(image.id);
      }
    }
    return ok(removed);
  });
}

/**
 * Removes one image from this machine, with its record. If it was not built here, that is not a failure. If something
 * uses it, it stays, and the outcome is IMAGE_BUILD_FAILED.
 */
export async function removeStored(
  { run, environment, cache, signal }: Pick<StoragePrune, 'run' | 'environment' | 'cache' | 'signal'>,
  { repository, tag }: Pick<Artifact, 'repository' | 'tag'>,
): Promise<Outcome<void>> {
  const removed = await createImageRecords(join(cache, 'buildah')).remove(signal, async (records) => {
    const known = records.find((record) => record.repository === repository && record.tag === tag);
    if (known === undefined) return ok(new Set());
    const buildah = await openBuildah(run, environment, signal);
    if (buildah.kind !== 'ok') return buildah;
    const gone = await buildah.value.run({ args: ['rmi', known.imageId] }, { signal });
    if (gone.kind !== 'ok') return gone;
    if (gone.value.exitCode !== 0) {
      const complaint = complaintLines(gone.value.lines);
      const said = complaintText(complaint) ?? `exit code ${gone.value.exitCode}`;
      return failed('IMAGE_BUILD_FAILED', `buildah rmi ${known.imageId} failed: ${said}`, {
        hint: 'run buildah containers to see what uses it',
        ...complaintEvidence(complaint),
      });
    }
    return ok(new Set([known.imageId]));
  });
  return removed.kind === 'ok' ? ok(undefined) : removed;
}

/** The last used images of one service, and the names of the images below them. */
function keptOf(
  records: readonly ImageRecord[],
  keep: number,
): { readonly ids: ReadonlySet<string>; readonly lowers: ReadonlySet<string> } {
  const ids = new Set<string>();
  const lowers = new Set<string>();
  for (const { imageId, lower } of records) {
    if (!ids.has(imageId) && ids.size >= Math.max(1, keep)) continue;
    ids.add(imageId);
    lowers.add(lower);
  }
  return { ids, lowers };
}

/**
 * The images with both labels. Asked for one label at a time, because Buildah treats several filters as alternatives.
 */
async function listImages(
  buildah: Buildah,
  project: string,
  service: string,
  signal: AbortSignal,
): Promise<Outcome<readonly StoredImage[]>> {
  const ofProject = await listLabelled(buildah, `${imageProjectLabel}=${project}`, signal);
  if (ofProject.kind !== 'ok') return ofProject;
  const ofService = await listLabelled(buildah, `${imageServiceLabel}=${service}`, signal);
  if (ofService.kind !== 'ok') return ofService;
  const ids = new Set(ofService.value.map(({ id }) => id));
  return ok(ofProject.value.filter(({ id }) => ids.has(id)));
}

async function listLabelled(
  buildah: Buildah,
  label: string,
  signal: AbortSignal,
): Promise<Outcome<readonly StoredImage[]>> {
  const args = ['images', '--json', '--no-trunc', '--filter', `label=${label}`];
  const listed = await buildah.run({ args }, { signal });
  if (listed.kind !== 'ok') return listed;
  return ok(listed.value.exitCode === 0 ? storedImages(listed.value.stdout) : []);
}

function isLower({ names }: StoredImage): boolean {
  return names.some((name) => /:lower-[0-9a-f]+$/.test(name));
}
