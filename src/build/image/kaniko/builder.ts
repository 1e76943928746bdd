/**
 * Builds images in pods of the cluster with Kaniko's executor, which also pushes them. Owns the order of the steps and
 * the reports; the other kaniko files know what a pod is and how it runs. Needs no program on this machine.
 *
 * The tag is a hash over what was sent to be built and over the digest of the base. Equal content gets an equal tag and
 * digest, whatever inputs it was made from, and an image of layers that is already in the registry needs no pod. What a
 * Containerfile's base and its RUN bring is not in the tag, so such an image is always built.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageSource } from '../../../config/model.ts';
import type { Artifact } from '../../../core/events.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { sizeText } from '../../../core/words.ts';
import type { GateContext, ScanGate } from '../../../registry/harbor/scan-gate.ts';
import { imageNames } from '../../../registry/target.ts';
import type { ImageTarget } from '../../../registry/types.ts';
import { orDiskFull } from '../../../support/files/disk-full.ts';
import { makeLargeTempFolder } from '../../../support/files/temp.ts';
import { sha256Of } from '../../jar/boot-jar.ts';
import { lowerContainerfile, lowerKey, upperContainerfile, type BaseImage } from '../layers/containerfile.ts';
import { createBaseImages, type LookAtImage } from './base.ts';
import { noInClusterName } from './errors.ts';
import { createMakeImage, type Job, type Made, type PodBuildParts } from './make.ts';
import { podNames } from './names.ts';
import { containerfileRecipe, layersRecipe } from './recipe.ts';
import { stageLayers } from '../layers/staging.ts';
import { jarsToHide } from '../../jar/other-jars.ts';
import type { ImageBuilder, ImageRequest, Jar, WorkContext } from '../../types.ts';

/** What the builder needs. */
export interface KanikoParts extends PodBuildParts {
  readonly target: ImageTarget;
  readonly lookAtImage: LookAtImage;
  /** Called with each image that lies below others, so that prune knows it. */
  readonly onLower: (artifact: Artifact) => Promise<unknown>;
  /** Waits until such an image may be pulled, if its project holds images back until they are scanned. */
  readonly pullGate: ScanGate;
  /** Folder for what is kept between sessions. */
  readonly cache: string;
}

/** Returns the builder. */
export function createKanikoBuilder(parts: KanikoParts): ImageBuilder {
  const { target } = parts;
  const bases = createBaseImages(join(parts.cache, 'kaniko'), parts.lookAtImage);
  const make = createMakeImage(parts);
  let folder: string | undefined;

  async function folderOf(service: string): Promise<string> {
    folder ??= makeLargeTempFolder('contexts');
    const own = join(folder, service);
    await mkdir(own, { recursive: true });
    return own;
  }

  /**
   * The image of a jar: a lower image with what a change of code leaves alone, made if it does not exist, and one layer
   * on it.
   */
  async function layered(job: Job, jar: Jar, baseName: string): Promise<Outcome<Made>> {
    const { names, context } = job;
    const root = join(job.folder, 'layers');
    await mkdir(root, { recursive: true });
    const staged = await stageLayers(jar.service, jar.path, root);
    if (staged.kind !== 'ok') return staged;
    const { layers, entrypoint } = staged.value;
    const top = layers.at(-1);
    if (top === undefined) throw new Error('a jar without layers');
    const below = layers.slice(0, -1);
    const found = await bases.find(names.here(baseName), context.signal, (note) =>
      context.report.output('image', 'stderr', note),
    );
    if (found.kind !== 'ok') return found;
    const { repository, digest, user } = found.value;
    const base: BaseImage = { name: baseName, id: names.translate(`${repository}@${digest}`), user };
    let from = base.id;
    let sent = 0;
    if (below.length > 0) {
      const tag = `lower-${lowerKey(base, below)}`;
      const folders = below.map((layer) => layer.folder);
      const lower = await make(job, layersRecipe(root, lowerContainerfile(base, below), folders, tag));
      if (lower.kind !== 'ok') return lower;
      sent += lower.value.sent ?? 0;
      from = `${job.podRepository}@${lower.value.digest}`;
      const artifact = lowerArtifact(job, lower.value);
      await parts.onLower(artifact);
      const pullable = await parts.pullGate(artifact, withinImage(context));
      if (pullable.kind !== 'ok') return pullable;
    }
    const upper = await make(
      job,
      layersRecipe(root, upperContainerfile(from, base, top, entrypoint), [top.folder]),
    );
    if (upper.kind !== 'ok') return upper;
    return ok({
      ...upper.value,
      ...(upper.value.sent === undefined ? {} : { sent: upper.value.sent + sent }),
    });
  }

  function lowerArtifact({ service, registry, repository }: Job, { tag, digest }: Made): Artifact {
    const pullRepository = `${registry.pull}${repository.slice(registry.push.length)}`;
    return { service: `${service} (dependencies)`, repository, pullRepository, tag, digest, inputHash: tag };
  }

  async function image({ service, jar }: ImageRequest, job: Job): Promise<Outcome<Made>> {
    const source = service.image?.source;
    if (source?.kind === 'containerfile') return await fromContainerfile(job, source, jar);
    if (source?.kind === 'command') throw new Error(`${service.name} is built by a command`);
    if (jar === undefined) {
      return failed('IMAGE_BUILD_FAILED', `${service.name}: there is no jar to make layers from`, {
        hint: `add a jar: section or a containerfile to services.${service.name}`,
      });
    }
    return await layered(job, jar, source?.base ?? '');
  }

  async function fromContainerfile(
    job: Job,
    source: Extract<ImageSource, { kind: 'containerfile' }>,
    jar: Jar | undefined,
  ): Promise<Outcome<Made>> {
    const hidden = await jarsToHide(job.service, source, jar, (line) =>
      job.context.report.output('image', 'stdout', line),
    );
    if (hidden.kind !== 'ok') return hidden;
    const recipe = await containerfileRecipe(job.service, source, hidden.value);
    if (recipe.kind !== 'ok') return recipe;
    const made = await make(job, recipe.value);
    if (made.kind === 'ok' && jar !== undefined && (await sumOf(jar.built)) !== jar.sha256) {
      return failed(
        'SOURCE_CHANGED',
        `${job.service}: ${jar.built} changed while the image was built from it`,
        {
          hint: 'another build is writing there; stop it and build again',
          exit: 4,
        },
      );
    }
    return made;
  }

  /** Checks that the registry has the digest, by the name that this machine uses. The executor's word is not enough. */
  async function confirm(job: Job, { tag, digest, sent, wasThere = false }: Made): Promise<Outcome<void>> {
    const { repository, context, registry } = job;
    const { report, signal } = context;
    report.started('push');
    if (sent === undefined) {
      report.finished('push', 'skipped', `unchanged, ${digest.slice(0, 19)}`);
      return ok(undefined);
    }
    const there = await parts.reader.headManifest(repository, digest, signal);
    const confirmed: Outcome<void> =
      there.kind !== 'ok'
        ? there
        : there.value?.digest === digest
          ? ok(undefined)
          : failed(
              'PUSH_FAILED',
              `${registry.push} does not have ${digest}, which the build pod pushed to ${job.podRepository}:${tag}`,
              {
                hint: 'registry.push and registry.inCluster in appdev.yaml must be two names of the same registry',
              },
            );
    const short = digest.slice(0, 19);
    if (confirmed.kind !== 'ok') report.finished('push', confirmed.kind);
    else report.finished('push', wasThere ? 'skipped' : 'ok', wasThere ? `already there, ${short}` : short);
    return confirmed;
  }

  return {
    async build(request, context) {
      const { service, inputHash } = request;
      const { report } = context;
      report.started('image');
      const job = await jobFor(request, context);
      const made =
        job.kind === 'ok'
          ? await orDiskFull(
              `packing the build context of ${service.name}`,
              [
                {
                  path: job.value.folder,
                  free: `free space on the disk of ${job.value.folder}`,
                },
              ],
              {},
              async () => await image(request, job.value),
            )
          : job;
      if (made.kind !== 'ok' || job.kind !== 'ok') {
        report.finished('image', made.kind);
        return made as Outcome<Artifact>;
      }
      const { tag, digest, sent } = made.value;
      report.finished(
        'image',
        sent === undefined ? 'skipped' : 'ok',
        sent === undefined ? 'unchanged' : `in a pod, ${sizeText(sent)} of context`,
      );
      const confirmed = await confirm(job.value, made.value);
      if (confirmed.kind !== 'ok') return confirmed;
      const names = imageNames(target, service.image?.repository ?? '');
      const builder = { name: 'kaniko', version: parts.config.image };
      return ok({ service: service.name, ...names, tag, digest, inputHash, builder });
    },
  };

  async function jobFor({ service }: ImageRequest, context: WorkContext): Promise<Outcome<Job>> {
    if (target.kind === 'load') {
      return failed(
        'REGISTRY_NOT_FOUND',
        `${service.name}: a build pod needs a registry to push to, but there is none`,
        {
          hint: `set up a local registry for ${target.product} (docs/config.md, registry), or use image.builder: buildah`,
        },
      );
    }
    const { registry } = target;
    const pod = podNames(registry);
    if (pod === undefined) return noInClusterName(service.name, registry.push);
    const { repository } = imageNames(target, service.image?.repository ?? '');
    return ok({
      service: service.name,
      registry,
      names: pod,
      repository,
      podRepository: pod.translate(repository),
      folder: await folderOf(service.name),
      context,
    });
  }
}

/** The wait for a lower image is part of making the image above it, so it has no stage of its own. */
function withinImage({ signal, report }: WorkContext): GateContext {
  return {
    signal,
    report: {
      started: () => undefined,
      output: (_stage, stream, line) => report.output('image', stream, line),
      finished: () => undefined,
    },
  };
}

async function sumOf(path: string): Promise<string> {
  try {
    return await sha256Of(path);
  } catch {
    return 'gone';
  }
}
