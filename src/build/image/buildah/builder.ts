/**
 * Builds images with Buildah and brings them to where the node finds them: pushes them to the registry, or loads them
 * into the node if there is no registry. Owns the order of the steps and the reports; the imported files do the steps.
 *
 * The tag is made from the image's own id. Equal content gets an equal tag and digest, whatever inputs it was built
 * from. So a change that alters no byte of the image (a comment, a test) causes no rollout.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact } from '../../../core/events.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import type { ImageArchive } from '../../../registry/load.ts';
import { splitRegistryName } from '../../../registry/reference.ts';
import { flatName } from '../../../registry/rewrite.ts';
import { imageNames } from '../../../registry/target.ts';
import type { ImageLoad, ImageTarget, Registry } from '../../../registry/types.ts';
import { complaintLines, complaintText } from '../../../support/process/complaint.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { makeLargeTempFolder } from '../../../support/files/temp.ts';
import { openBuildah, type Buildah } from './session.ts';
import { anonymousAccess, type BuildahAccess } from './access.ts';
import { buildContainerfile } from './containerfile.ts';
import { diskFull, orDiskFull, saysDiskFull } from '../../../support/files/disk-full.ts';
import { createImageRecords } from './records.ts';
import { createLayeredImages, type LayeredImage } from './layered.ts';
import { pushImage, type PushReader } from './push.ts';
import type { BuildahEnvironment } from './storage.ts';
import type { ImageBuilder, ImageRequest, WorkContext } from '../../types.ts';
import { imageProjectLabel, imageServiceLabel } from '../../../core/labels.ts';

/** Loads an archive with one image into the nodes of a cluster without a registry. */
export type LoadArchive = (
  target: ImageLoad,
  archive: ImageArchive,
  context: WorkContext,
) => Promise<Outcome<void>>;

/** What the builder needs. */
export interface BuildahParts {
  readonly run: RunProcess;
  /** Name of the project, for the label by which prune finds its images. */
  readonly project: string;
  readonly target: ImageTarget;
  /** Reads from the target's registry. */
  readonly reader: PushReader;
  /** How Buildah signs in to that registry. Default: with what it finds by itself. */
  readonly access?: BuildahAccess;
  readonly load: LoadArchive;
  /** Folder for what is kept between sessions. */
  readonly cache: string;
  readonly environment: BuildahEnvironment;
}

/** Returns the builder. */
export function createBuildahBuilder(parts: BuildahParts): ImageBuilder {
  const { project, target, access = anonymousAccess } = parts;
  const records = createImageRecords(join(parts.cache, 'buildah'));
  const layered = createLayeredImages();
  const registry = target.kind === 'registry' ? target.registry : undefined;
  const registryHost = registry === undefined ? undefined : splitRegistryName(registry.push).host;
  const insecureHost = registry?.insecure === true ? registryHost : undefined;
  let opened: Promise<Outcome<Buildah>> | undefined;
  let folder: string | undefined;

  /**
   * Examines Buildah once. If that was cancelled or failed, the next call tries again, because what was missing may be
   * installed by then.
   */
  async function open(signal: AbortSignal): Promise<Outcome<Buildah>> {
    for (;;) {
      opened ??= openBuildah(parts.run, parts.environment, signal);
      const buildah = await opened;
      if (buildah.kind !== 'ok') opened = undefined;
      // Another service's build may have begun this, and may have been cancelled.
      if (buildah.kind !== 'cancelled' || signal.aborted) return buildah;
    }
  }

  async function folderOf(service: string): Promise<string> {
    folder ??= makeLargeTempFolder('images');
    const own = join(folder, service);
    await mkdir(own, { recursive: true });
    return own;
  }

  async function makeImage(
    buildah: Buildah,
    request: ImageRequest,
    { signal, report }: WorkContext,
  ): Promise<Outcome<LayeredImage>> {
    const { service, jar } = request;
    const image = service.image;
    if (image === undefined) throw new Error(`${service.name} has no image`);
    const common = {
      // Part of local names, which cannot contain a host.
      repository: flatName(image.repository),
      folder: await folderOf(service.name),
      insecureHost,
      access,
      registryHost,
      labels: [
        '--label',
        `${imageServiceLabel}=${service.name}`,
        '--label',
        `${imageProjectLabel}=${project}`,
      ],
    };
    const onLine = (line: string): void => {
      report.output('image', 'stdout', line);
    };
    if (image.source.kind === 'containerfile') {
      const built = await buildContainerfile(
        buildah,
        { ...common, service: service.name, source: image.source, jar },
        signal,
        onLine,
      );
      return built.kind === 'ok'
        ? ok({ imageId: built.value, lower: '', detail: built.value.slice(0, 12) })
        : built;
    }
    if (image.source.kind === 'command') throw new Error(`${service.name} is built by a command`);
    if (jar === undefined) {
      return failed('IMAGE_BUILD_FAILED', `${service.name}: there is no jar to make layers from`, {
        hint: `add a jar: section or a containerfile to services.${service.name}`,
      });
    }
    return await layered.build(buildah, { ...common, jar, base: image.source.base }, signal, onLine);
  }

  async function push(
    buildah: Buildah,
    registry: Registry,
    artifact: Omit<Artifact, 'digest'>,
    image: LayeredImage,
    { signal, report }: WorkContext,
  ): Promise<Outcome<string>> {
    const { service, repository, tag } = artifact;
    report.started('push');
    const known = await records.find(image.imageId, repository);
    if (known !== undefined && known.digest !== '') {
      const there = await parts.reader.headManifest(repository, known.digest, signal);
      if (there.kind === 'ok' && there.value?.digest === known.digest) {
        report.finished('push', 'skipped', `unchanged, ${known.digest.slice(0, 19)}`);
        return ok(known.digest);
      }
    }
    const pushed = await pushImage(
      buildah,
      parts.reader,
      {
        imageId: image.imageId,
        registry,
        repository,
        tag,
        digestFile: join(await folderOf(service), 'digest'),
        access,
      },
      signal,
      (message) => {
        report.output('push', 'stderr', message);
      },
    );
    if (pushed.kind !== 'ok') {
      report.finished('push', pushed.kind);
      return pushed;
    }
    const { digest, wasThere } = pushed.value;
    const short = digest.slice(0, 19);
    report.finished('push', wasThere ? 'skipped' : 'ok', wasThere ? `already there, ${short}` : short);
    return ok(digest);
  }

  /**
   * Loads the image by the product's own command. It is named by its tag, because a node knows no digest of a loaded
   * image.
   */
  async function load(
    buildah: Buildah,
    into: ImageLoad,
    { service, repository, tag }: Omit<Artifact, 'digest'>,
    { imageId }: LayeredImage,
    context: WorkContext,
  ): Promise<Outcome<string>> {
    const { signal, report } = context;
    report.started('push');
    const archive = join(await folderOf(service), 'image.tar');
    // Buildah refuses to overwrite an archive.
    await rm(archive, { force: true });
    try {
      const saved = await buildah.run(
        { args: ['push', '-q', imageId, `docker-archive:${archive}:${repository}:${tag}`] },
        { signal },
      );
      const loaded =
        saved.kind !== 'ok'
          ? saved
          : saved.value.exitCode === 0
            ? await parts.load(into, { file: archive, image: `${repository}:${tag}` }, context)
            : await notSaved(buildah, service, saved.value.lines);
      report.finished('push', loaded.kind, loaded.kind === 'ok' ? `loaded into ${into.cluster}` : undefined);
      return loaded.kind === 'ok' ? ok('') : loaded;
    } finally {
      await rm(archive, { force: true });
    }
  }

  return {
    async build(request, context) {
      const { service, inputHash } = request;
      const { signal, report } = context;
      report.started('image');
      const names = imageNames(target, service.image?.repository ?? '');
      const buildah = await open(signal);
      if (buildah.kind !== 'ok') {
        report.finished('image', buildah.kind);
        return buildah;
      }
      const image = await orDiskFull(
        `writing the layers of ${service.name}`,
        buildah.value.folders(),
        {},
        async () => await makeImage(buildah.value, request, context),
      );
      report.finished('image', image.kind, image.kind === 'ok' ? image.value.detail : undefined);
      if (image.kind !== 'ok') return image;
      const artifact = {
        service: service.name,
        ...names,
        tag: image.value.imageId.slice(0, 16),
        inputHash,
      };
      const record = {
        project,
        service: service.name,
        imageId: image.value.imageId,
        repository: artifact.repository,
        tag: artifact.tag,
        lower: image.value.lower,
      };
      // Recorded before the push, so that another session of this project does not prune it in between.
      if ((await records.find(record.imageId, record.repository)) === undefined)
        await records.add({ ...record, digest: '' }, signal);
      const digest =
        target.kind === 'load'
          ? await load(buildah.value, target, artifact, image.value, context)
          : await push(buildah.value, target.registry, artifact, image.value, context);
      if (digest.kind !== 'ok') return digest;
      await records.add({ ...record, digest: digest.value }, signal);
      const builder = { name: 'buildah', version: buildah.value.storage.version };
      return ok({ ...artifact, digest: digest.value, builder });
    },
  };
}

async function notSaved(buildah: Buildah, service: string, lines: readonly string[]): Promise<Outcome<void>> {
  if (lines.some(saysDiskFull)) {
    return await diskFull(`writing the image archive of ${service}`, buildah.folders(), {
      exit: 5,
      evidence: lines.slice(-3),
    });
  }
  return failed(
    'PUSH_FAILED',
    `${service}: buildah could not write the image archive: ${complaintText(complaintLines(lines)) ?? ''}`,
    {
      hint: 'see the output of: buildah images',
      evidence: lines.slice(-3),
    },
  );
}
