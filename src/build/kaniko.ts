/**
 * Builds images in pods of the cluster with Kaniko's executor, which also pushes them. Owns the order of things and the
 * reports; what a pod is and how it runs is in the other kaniko files. Needs no program on this machine.
 *
 * The tag is a hash of what was sent to be built, over the digest of its base. Equal content has an equal tag and digest,
 * whichever inputs it was made from, and an image of layers that is in the registry already needs no pod.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { holderOfProcess, type Holder } from '../cluster/holder.ts';
import { ensureNamespace } from '../cluster/namespace.ts';
import type { Cluster } from '../cluster/types.ts';
import type { ImageSource, KanikoConfig } from '../config/model.ts';
import type { Artifact } from '../events.ts';
import { failed, ok, type Outcome } from '../outcome.ts';
import type { FindCredentials } from '../registry/credentials.ts';
import { parseReference } from '../registry/reference.ts';
import { imageNames } from '../registry/target.ts';
import type { ImageTarget, ManifestReader, Registry } from '../registry/types.ts';
import { orDiskFull } from '../support/disk-full.ts';
import { makeLargeTempFolder } from '../support/temp.ts';
import { sha256Of } from './boot-jar.ts';
import { projectLabel, serviceLabel } from './buildah.ts';
import { lowerContainerfile, lowerKey, upperContainerfile, type BaseImage } from './containerfile.ts';
import { ContextChangedError, packContext, type ContextSource } from './context-tar.ts';
import { copySources } from './copy-sources.ts';
import { matcher, readDockerRule } from './dockerignore.ts';
import { ImageRecords } from './image-records.ts';
import { BaseImages, type LookAtImage } from './kaniko-base.ts';
import { noInClusterName } from './kaniko-errors.ts';
import { baseReferences, loginText } from './kaniko-login.ts';
import { podNames, type PodNames } from './kaniko-names.ts';
import { buildName, buildPod, containerfilePath, loginSecret, type BuildPod } from './kaniko-pod.ts';
import { podTiming, runBuildPod, type PodRun, type PodTiming } from './kaniko-run.ts';
import { stageLayers } from './layer-staging.ts';
import type { ImageBuilder, ImageRequest, Jar, WorkContext } from './types.ts';

/** What the builder is made from. */
export interface KanikoParts {
  readonly cluster: PodRun['cluster'] & Pick<Cluster, 'get' | 'identity'>;
  readonly config: KanikoConfig;
  /** Whether the namespace may be created; only where it is the project's own. */
  readonly createNamespace: boolean;
  /** Name of the project. */
  readonly project: string;
  readonly target: ImageTarget;
  /** Asks the registry of the target. */
  readonly reader: ManifestReader;
  readonly credentials: FindCredentials;
  readonly lookAtImage: LookAtImage;
  /** Gets each image that lies below others, so that prune knows it. */
  readonly onLower: (artifact: Artifact) => Promise<unknown>;
  /** Folder for what is kept across sessions. */
  readonly cache: string;
  readonly timing?: PodTiming;
}

/** One image to make: a Containerfile's text and the files that it copies. */
interface Recipe {
  readonly containerfile: string;
  readonly context: Omit<ContextSource, 'extra'>;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The tag is given, or is made from what is sent. */
  readonly tag?: string;
  /** Nothing in it can come out otherwise a second time: what the registry has already is taken. */
  readonly fixed: boolean;
}

/** An image in the registry. */
interface Made {
  readonly tag: string;
  readonly digest: string;
  /** Bytes that were sent to be built; undefined where it was there already. */
  readonly sent?: number;
}

/** One service's build under way. */
interface Job {
  readonly service: string;
  readonly registry: Registry;
  readonly names: PodNames;
  /** As pushed from here, and as the pod pushes it, without tag. */
  readonly repository: string;
  readonly podRepository: string;
  readonly folder: string;
  readonly context: WorkContext;
}

/** Makes the builder. */
export function createKanikoBuilder(parts: KanikoParts): ImageBuilder {
  const { cluster, config, project, target, timing = podTiming } = parts;
  const cache = join(parts.cache, 'kaniko');
  const records = new ImageRecords(cache);
  const bases = new BaseImages(cache, parts.lookAtImage);
  const namespace = config.namespace ?? cluster.identity.namespace;
  let folder: string | undefined;
  let holder: Holder | undefined;

  async function folderOf(service: string): Promise<string> {
    folder ??= makeLargeTempFolder('contexts');
    const own = join(folder, service);
    await mkdir(own, { recursive: true });
    return own;
  }

  async function make(job: Job, recipe: Recipe): Promise<Outcome<Made>> {
    const { service, repository, context } = job;
    const { signal } = context;
    if (recipe.tag !== undefined) {
      const there = await parts.reader.headManifest(repository, recipe.tag, signal);
      if (there.kind !== 'ok') return there;
      if (there.value !== undefined) return ok({ tag: recipe.tag, digest: there.value.digest });
    }
    const file = join(job.folder, 'context.tar.gz');
    const packed = await pack(service, recipe, file);
    if (packed.kind !== 'ok') return packed;
    const tag = recipe.tag ?? hashOf(packed.value.hash, recipe.buildArgs, project, service);
    const known = recipe.fixed ? await records.find(tag, repository) : undefined;
    if (known !== undefined) {
      const there = await parts.reader.headManifest(repository, known.digest, signal);
      if (there.kind === 'ok' && there.value !== undefined) return ok({ tag, digest: known.digest });
    }
    const digest = await inPod(job, recipe, tag, file);
    return digest.kind === 'ok' ? ok({ tag, digest: digest.value, sent: packed.value.bytes }) : digest;
  }

  async function inPod(job: Job, recipe: Recipe, tag: string, file: string): Promise<Outcome<string>> {
    const { service, names, registry, context } = job;
    const { signal, report } = context;
    const ensured = await ensureNamespace(
      cluster,
      { namespace, project, create: parts.createNamespace && config.namespace === undefined },
      signal,
    );
    if (ensured.kind !== 'ok') return ensured;
    const login = config.credentials === undefined ? await loginOf(job, recipe) : ok(undefined);
    if (login.kind !== 'ok') return login;
    const name = buildName(service);
    holder ??= await holderOfProcess();
    const secretName = config.credentials ?? (login.value === undefined ? undefined : name);
    const build: BuildPod = {
      namespace,
      project,
      service,
      holder,
      config,
      destination: `${job.podRepository}:${tag}`,
      labels: { [serviceLabel]: service, [projectLabel]: project },
      buildArgs: recipe.buildArgs,
      insecureHosts: [...new Set([...(registry.insecure ? [names.host] : []), ...config.insecureRegistries])],
      registryMaps: names.maps,
      ...(config.cache === undefined || recipe.fixed
        ? {}
        : { cacheRepository: `${names.registry}/${config.cache}` }),
      ...(secretName === undefined ? {} : { secret: secretName }),
    };
    return await runBuildPod(
      {
        cluster,
        subject: { service, namespace, pod: name, image: config.image, host: names.host },
        pod: buildPod(name, build),
        ...(login.value === undefined ? {} : { secret: loginSecret(name, build, login.value) }),
        context: file,
        onLine: (line) => report.output('image', 'stdout', line),
        timing,
      },
      signal,
    );
  }

  async function loginOf(job: Job, { containerfile }: Recipe): Promise<Outcome<string | undefined>> {
    const { names, repository, context } = job;
    const bases = baseReferences(containerfile).map((name) => {
      const host = parseReference(name)?.host ?? 'docker.io';
      return { repository: names.here(name).replace(/[:@][^/]*$/, ''), host: names.maps.get(host) ?? host };
    });
    return await loginText([{ repository, host: names.host }, ...bases], parts.credentials, context.signal);
  }

  /** The image of a jar: one below with what a change of code leaves alone, made when it is not there, and one layer on it. */
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
    const recipe = (containerfile: string, folders: readonly string[], tag?: string): Recipe => ({
      containerfile,
      context: {
        root,
        skip: () => false,
        wants: (name) => folders.some((folder) => name === folder || name.startsWith(`${folder}/`)),
      },
      buildArgs: {},
      fixed: true,
      ...(tag === undefined ? {} : { tag }),
    });
    let from = base.id;
    let sent = 0;
    if (below.length > 0) {
      const tag = `lower-${lowerKey(base, below)}`;
      const folders = below.map((layer) => layer.folder);
      const lower = await make(job, recipe(lowerContainerfile(base, below), folders, tag));
      if (lower.kind !== 'ok') return lower;
      sent += lower.value.sent ?? 0;
      from = `${job.podRepository}@${lower.value.digest}`;
      await parts.onLower(lowerArtifact(job, lower.value));
    }
    const upper = await make(job, recipe(upperContainerfile(from, base, top, entrypoint), [top.folder]));
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
    if (jar === undefined) {
      return failed('IMAGE_BUILD_FAILED', `${service.name}: there is no jar to make layers of`, {
        hint: `give services.${service.name} a jar: section, or a containerfile`,
      });
    }
    return await layered(job, jar, source?.base ?? '');
  }

  async function fromContainerfile(
    job: Job,
    source: Extract<ImageSource, { kind: 'containerfile' }>,
    jar: Jar | undefined,
  ): Promise<Outcome<Made>> {
    const { buildArgs, context } = source;
    const containerfile = await readFile(source.containerfile, 'utf8');
    const ignored = readDockerRule(context, source.containerfile);
    const copied = copySources(containerfile, buildArgs);
    const matchers = copied === 'all' ? undefined : copied.map(matcher);
    const made = await make(job, {
      containerfile,
      context: {
        root: context,
        // appdev's own folder: its logs are no part of anybody's image.
        skip: (path, folder) => relative(context, path) === '.appdev' || ignored(path, folder),
        wants: (name) =>
          matchers === undefined || ancestors(name).some((part) => matchers.some((fits) => fits(part))),
      },
      buildArgs,
      fixed: false,
    });
    if (made.kind === 'ok' && jar !== undefined && (await sumOf(jar.built)) !== jar.sha256) {
      return failed(
        'SOURCE_CHANGED',
        `${job.service}: ${jar.built} changed while the image was built from it`,
        {
          hint: 'another build writes there; stop it and build again',
          exit: 4,
        },
      );
    }
    return made;
  }

  /** The digest has to be in the registry by the name that this machine knows; the executor's word is not enough. */
  async function confirm(job: Job, { tag, digest, sent }: Made): Promise<Outcome<void>> {
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
                hint: 'registry.push and registry.inCluster in appdev.yaml must be two names of one registry',
              },
            );
    report.finished('push', confirmed.kind, confirmed.kind === 'ok' ? digest.slice(0, 19) : undefined);
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
                  free: `remove what is not needed on the disk of ${job.value.folder}`,
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
        sent === undefined ? 'unchanged' : sizeText(sent),
      );
      const confirmed = await confirm(job.value, made.value);
      if (confirmed.kind !== 'ok') return confirmed;
      const { repository } = job.value;
      await records.add({ project, service: service.name, imageId: tag, repository, tag, digest, lower: '' });
      const names = imageNames(target, service.image?.repository ?? '');
      if (names.kind !== 'ok') return names;
      return ok({ service: service.name, ...names.value, tag, digest, inputHash });
    },
  };

  async function jobFor({ service }: ImageRequest, context: WorkContext): Promise<Outcome<Job>> {
    const names = imageNames(target, service.image?.repository ?? '');
    if (names.kind !== 'ok') return names;
    if (target.kind === 'load') {
      return failed(
        'REGISTRY_NOT_FOUND',
        `${service.name}: a build pod needs a registry to push to, and there is none`,
        {
          hint: `set up a local registry for ${target.product} (docs/config.md, registry), or use image.builder: buildah`,
        },
      );
    }
    const { registry } = target;
    const pod = podNames(registry);
    if (pod === undefined) return noInClusterName(service.name, registry.push);
    const { repository } = names.value;
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

async function pack(
  service: string,
  { containerfile, context }: Recipe,
  file: string,
): Promise<Outcome<Awaited<ReturnType<typeof packContext>>>> {
  // The ignore file was applied here; one beside the Containerfile keeps the executor from applying another, and both of
  // these out of the image.
  const extra = new Map([
    [containerfilePath, containerfile],
    [`${containerfilePath}.dockerignore`, `${containerfilePath.split('/')[0] ?? ''}\n`],
  ]);
  try {
    return ok(await packContext({ ...context, extra }, file));
  } catch (error) {
    if (!(error instanceof ContextChangedError)) throw error;
    return failed('SOURCE_CHANGED', `${service}: ${error.message}`, {
      hint: 'another program writes there; build again, or exclude it by .dockerignore',
      exit: 4,
    });
  }
}

function hashOf(
  context: string,
  buildArgs: Readonly<Record<string, string>>,
  project: string,
  service: string,
): string {
  const args = Object.entries(buildArgs).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([context, args, project, service]))
    .digest('hex')
    .slice(0, 16);
}

/** The path and every folder above it: COPY of a folder copies what is below. */
function ancestors(name: string): string[] {
  const parts = name.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

async function sumOf(path: string): Promise<string> {
  try {
    return await sha256Of(path);
  } catch {
    return 'gone';
  }
}

function sizeText(bytes: number): string {
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
  return `in a pod, ${size} of context`;
}
