/**
 * Builds images in pods of the cluster with Kaniko's executor, which also pushes them. Owns the order of the steps and
 * the reports; the other kaniko files know what a pod is and how it runs. Needs no program on this machine.
 *
 * The tag is a hash over what was sent to be built and over the digest of the base. Equal content gets an equal tag and
 * digest, whatever inputs it was made from, and an image that is already in the registry needs no pod. What a RUN or an
 * ADD of a Containerfile brings is not in the tag, so such an image is always built.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageSource } from '../../../config/model.ts';
import type { Artifact } from '../../../core/events.ts';
import { cancelled, failed, ok, type Outcome } from '../../../core/outcome.ts';
import { sizeText } from '../../../core/words.ts';
import type { ScanGate } from '../../../registry/harbor/scan-gate.ts';
import { parseReference } from '../../../registry/reference.ts';
import { imageNames } from '../../../registry/target.ts';
import type { ImageTarget } from '../../../registry/types.ts';
import { orDiskFull } from '../../../support/files/disk-full.ts';
import { makeLargeTempFolder } from '../../../support/files/temp.ts';
import { sha256Of } from '../../jar/boot-jar.ts';
import { createBaseImages, type LookAtImage } from './base.ts';
import { noInClusterName, notOurs } from './errors.ts';
import { createMakeLayered } from './layered.ts';
import { createMakeImage, type ImageStore, type Job, type Made, type PodBuildParts } from './make.ts';
import { podNames } from './names.ts';
import { pinBases } from './pin.ts';
import { containerfileRecipe } from './recipe.ts';
import { jarsToHide } from '../../jar/other-jars.ts';
import type { ImageBuilder, ImageRequest, Jar, WorkContext } from '../../types.ts';

/** What the builder needs. */
export interface KanikoParts extends PodBuildParts {
  readonly target: ImageTarget;
  /** Asks the target's registry. Absent if there is none. */
  readonly client?: ImageStore;
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
  const { project, onLower, pullGate } = parts;
  const podsAlone = parts.config.credentials !== undefined;
  const layered = createMakeLayered({ project, make, bases, onLower, pullGate, podsAlone });
  /** Bases that this machine could not look at. */
  const unseen = new Set<string>();
  let folder: string | undefined;

  async function folderOf(service: string): Promise<string> {
    folder ??= makeLargeTempFolder('contexts');
    const own = join(folder, service);
    await mkdir(own, { recursive: true });
    return own;
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
    const pinned = await pinBases(recipe.value.containerfile, async (name) => await fixBase(job, name));
    if (job.context.signal.aborted) return cancelled(job.context.signal);
    const made = await make(
      job,
      pinned === undefined
        ? recipe.value
        : { ...recipe.value, containerfile: pinned, fixed: true, reproducible: false },
    );
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

  /**
   * The base by digest, for a Containerfile that names it so. Undefined if this machine cannot look at it: pods may reach
   * registries that it does not. Then it is not asked again in this session.
   */
  async function fixBase({ names, context }: Job, name: string): Promise<string | undefined> {
    const here = names.here(name);
    if (unseen.has(here) || parseReference(here) === undefined) return undefined;
    const found = await parts.lookAtImage(here, context.signal);
    if (found.kind === 'cancelled') return undefined;
    if (found.kind === 'failed') unseen.add(here);
    if (found.kind === 'failed' || found.value === undefined || found.value.triggers === true)
      return undefined;
    return names.translate(`${found.value.repository}@${found.value.digest}`);
  }

  /** Checks that the registry has the digest, by the name that this machine uses. The executor's word is not enough. */
  async function confirm(job: Job, { tag, digest, sent, wasThere = false }: Made): Promise<Outcome<void>> {
    const { repository, context, client } = job;
    const { report, signal } = context;
    report.started('push');
    if (sent === undefined) {
      report.finished('push', 'skipped', `unchanged, ${digest.slice(0, 19)}`);
      return ok(undefined);
    }
    const there = await client.headManifest(repository, digest, signal);
    const confirmed: Outcome<void> =
      there.kind !== 'ok'
        ? there
        : there.value?.digest === digest
          ? ok(undefined)
          : notOurs(job, tag, digest);
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
        sent === undefined
          ? 'unchanged'
          : sent === 0
            ? 'from layers that were there'
            : `in a pod, ${sizeText(sent)} of context`,
      );
      const confirmed = await confirm(job.value, made.value);
      if (confirmed.kind !== 'ok') return confirmed;
      const names = imageNames(target, service.image?.repository ?? '');
      const builder = { name: 'kaniko', version: parts.config.image };
      return ok({ service: service.name, ...names, tag, digest, inputHash, builder });
    },
  };

  async function jobFor({ service }: ImageRequest, context: WorkContext): Promise<Outcome<Job>> {
    const { client } = parts;
    if (target.kind === 'load' || client === undefined) {
      const where = target.kind === 'load' ? target.product : 'the cluster';
      return failed(
        'REGISTRY_NOT_FOUND',
        `${service.name}: a build pod needs a registry to push to, but there is none`,
        {
          hint: `set up a local registry for ${where} (docs/config.md, registry), or use image.builder: buildah`,
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
      client,
      context,
    });
  }
}

async function sumOf(path: string): Promise<string> {
  try {
    return await sha256Of(path);
  } catch {
    return 'gone';
  }
}
