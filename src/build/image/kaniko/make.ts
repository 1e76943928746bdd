/**
 * Makes one image from a recipe: finds it in the registry, or builds it in a pod. Owns the name of a build and what its
 * pod is told. builder.ts decides which images make up a service's image.
 */
import { join } from 'node:path';
import { holderOfProcess, type Holder } from '../../../cluster/hold/holder.ts';
import { ensureNamespace } from '../../../cluster/hold/namespace.ts';
import type { Cluster } from '../../../cluster/types.ts';
import type { KanikoConfig } from '../../../config/model.ts';
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { FindCredentials } from '../../../registry/types.ts';
import { parseReference } from '../../../registry/reference.ts';
import type { RegistryClient } from '../../../registry/api/client.ts';
import type { Registry } from '../../../registry/types.ts';
import { imageProjectLabel, imageServiceLabel } from '../../../core/labels.ts';
import { tagTaken } from './errors.ts';
import { baseReferences, loginText } from './login.ts';
import type { PodNames } from './names.ts';
import { buildName, buildPod, buildSecret, type BuildPod } from './pod.ts';
import { packRecipe, tagOf, type Recipe } from './recipe.ts';
import { podTiming, runBuildPod, type PodBuild, type PodRun, type PodTiming } from './run.ts';
import type { WorkContext } from '../../types.ts';

/** What builds in pods need. */
export interface PodBuildParts {
  readonly cluster: PodRun['cluster'] & Pick<Cluster, 'get' | 'identity'>;
  readonly config: KanikoConfig;
  /** True if the namespace may be created. Only if it is the project's own. */
  readonly createNamespace: boolean;
  /** Name of the project. */
  readonly project: string;
  readonly credentials: FindCredentials;
  /** PEM text of the authority that signed the registry's certificate, if it is a private one. */
  readonly authority?: string;
  readonly timing?: PodTiming;
}

/** An image in the registry. */
export interface Made {
  readonly tag: string;
  readonly digest: string;
  /** Bytes that were sent to be built; undefined if the image was found. */
  readonly sent?: number;
  /** True if it was built and came out as what its tag already named. */
  readonly wasThere?: boolean;
}

/** What builds ask of the target's registry. */
export type ImageStore = Pick<
  RegistryClient,
  'headManifest' | 'getManifest' | 'getBlob' | 'putText' | 'putManifest'
>;

/** A running build of one service. */
export interface Job {
  readonly service: string;
  readonly registry: Registry;
  readonly names: PodNames;
  /** Repository without tag: as this machine pushes it, and as the pod pushes it. */
  readonly repository: string;
  readonly podRepository: string;
  readonly folder: string;
  readonly client: ImageStore;
  readonly context: WorkContext;
}

/** Makes the image of a recipe. */
export type MakeImage = (job: Job, recipe: Recipe) => Promise<Outcome<Made>>;

/** Returns the function that makes images. */
export function createMakeImage(parts: PodBuildParts): MakeImage {
  const { cluster, config, project, authority, timing = podTiming } = parts;
  const namespace = config.namespace ?? cluster.identity.namespace;
  let holder: Holder | undefined;

  async function make(job: Job, recipe: Recipe): Promise<Outcome<Made>> {
    const { service } = job;
    if (recipe.tag !== undefined) {
      const there = await found(job, recipe.tag);
      if (there.kind !== 'ok' || there.value !== undefined) return there as Outcome<Made>;
    }
    const file = join(job.folder, 'context.tar.gz');
    const packed = await packRecipe(service, recipe, file);
    if (packed.kind !== 'ok') return packed;
    const tag = recipe.tag ?? tagOf(packed.value.hash, recipe.buildArgs, project, service);
    if (recipe.tag === undefined && recipe.fixed) {
      const there = await found(job, tag);
      if (there.kind !== 'ok' || there.value !== undefined) return there as Outcome<Made>;
    }
    const built = await inPod(job, recipe, tag, file);
    if (built.kind !== 'ok') return built;
    const { digest, taken } = built.value;
    const made = { tag, digest, sent: packed.value.bytes };
    if (taken === undefined) return ok(made);
    const there = await found(job, tag);
    if (there.kind === 'cancelled') return there;
    const other = there.kind === 'ok' ? there.value?.digest : undefined;
    // Another machine was faster. What it made of the same content is as good, whatever its dates are.
    if (other !== undefined && recipe.fixed && !recipe.reproducible)
      return ok({ ...made, digest: other, wasThere: true });
    return other === digest ? ok({ ...made, wasThere: true }) : tagTaken(taken, other);
  }

  /** What a tag that was made from the content names in the registry. */
  async function found(
    { repository, client, context }: Job,
    tag: string,
  ): Promise<Outcome<Made | undefined>> {
    const there = await client.headManifest(repository, tag, context.signal);
    if (there.kind !== 'ok') return there;
    return ok(there.value === undefined ? undefined : { tag, digest: there.value.digest });
  }

  async function inPod(job: Job, recipe: Recipe, tag: string, file: string): Promise<Outcome<PodBuild>> {
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
    holder ??= holderOfProcess();
    const secrets = {
      ...(login.value === undefined ? {} : { login: login.value }),
      ...(authority === undefined ? {} : { authority }),
    };
    const loginName = config.credentials ?? (login.value === undefined ? undefined : name);
    const build: BuildPod = {
      namespace,
      project,
      service,
      holder,
      config,
      destination: `${job.podRepository}:${tag}`,
      labels: { [imageServiceLabel]: service, [imageProjectLabel]: project },
      buildArgs: recipe.buildArgs,
      reproducible: recipe.reproducible,
      insecureHosts: [...new Set([...(registry.insecure ? [names.host] : []), ...config.insecureRegistries])],
      registryMaps: names.maps,
      ...(config.cache === undefined || recipe.fixed
        ? {}
        : { cacheRepository: `${names.registry}/${config.cache}` }),
      ...(loginName === undefined ? {} : { login: loginName }),
      ...(authority === undefined ? {} : { authority: { secret: name, host: names.host } }),
    };
    return await runBuildPod(
      {
        cluster,
        subject: { service, namespace, pod: name, image: config.image, host: names.host },
        pod: buildPod(name, build),
        ...(Object.keys(secrets).length === 0 ? {} : { secret: buildSecret(name, build, secrets) }),
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

  return make;
}
