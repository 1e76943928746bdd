/** Puts together the builders of jars and images that the session's services name. */
import { createBuildahBuilder } from '../../build/image/buildah/builder.ts';
import { createCommandBuilder } from '../../build/image/command/builder.ts';
import type { CopyParts } from '../../build/image/transfer/copy.ts';
import { createGradleBuilder } from '../../build/jar/gradle/builder.ts';
import { selectBuilder, usesBuilder } from '../../build/image/select.ts';
import { tellOutside } from '../../build/jar/outside.ts';
import { createJarBuilder, undecided } from '../../build/jar/select.ts';
import { createKanikoBuilder } from '../../build/image/kaniko/builder.ts';
import { removeLeftoverBuilds } from '../../build/image/kaniko/leftovers.ts';
import { createMavenBuilder } from '../../build/jar/maven/builder.ts';
import type { PushReader } from '../../build/image/buildah/push.ts';
import type { ImageBuilder, JarBuilder } from '../../build/types.ts';
import type { KanikoConfig } from '../../config/model.ts';
import { defaultKaniko } from '../../config/normalize.ts';
import { ok } from '../../core/outcome.ts';
import { authorityIn, type RegistryAccess } from '../../registry/login/access.ts';
import { createRegistryClient } from '../../registry/api/client.ts';
import { lookAtImage } from '../../registry/api/image-config.ts';
import type { PushLedger } from '../../registry/ledger.ts';
import { loadImage } from '../../registry/load.ts';
import { splitRegistryName } from '../../registry/reference.ts';
import type { ImageTarget } from '../../registry/types.ts';
import { cacheFolder } from '../../support/folders.ts';
import type { RunProcess } from '../../support/process/process.ts';
import { count } from '../../core/words.ts';
import type { OpenTarget } from './cluster.ts';
import type { OpenRegistry } from './registry.ts';
import type { Session } from '../session.ts';

/** Where the session's images go, and how to get them there. */
export interface ImageParts {
  readonly images: ImageTarget;
  readonly access: RegistryAccess;
  /** Absent if images are loaded into the nodes. */
  readonly registry: OpenRegistry | undefined;
  readonly ledger: PushLedger;
}

/** For sessions without a registry. There is nothing to ask, because images are loaded into the nodes. */
const noReader: PushReader = {
  headManifest: () => Promise.resolve(ok(undefined)),
  imageAt: () => Promise.resolve(ok(undefined)),
};

/**
 * Makes the builder of images. It chooses each service's own builder, and follows the rules of a Harbor. First it
 * removes what a killed session left of its builds in the cluster.
 */
export async function openImageBuilder(
  session: Session,
  target: OpenTarget,
  { images, access, registry, ledger }: ImageParts,
): Promise<ImageBuilder> {
  const { config } = session.project;
  const { environment } = session.invocation;
  const kaniko = config.kaniko ?? defaultKaniko;
  const client = registry?.client;
  const { run } = target;
  const { credentials } = access.asking;
  // `doctor` only looks.
  if (session.invocation.command !== 'doctor' && usesBuilder(session.services, 'kaniko')) {
    await clearBuilds(session, target, kaniko);
  }
  const selected = selectBuilder({
    buildah: createBuildahBuilder({
      run,
      project: config.name,
      target: images,
      reader: client ?? noReader,
      ...(registry === undefined ? {} : { access: registry.buildah }),
      load: async (load, archive, { signal, report }) =>
        await loadImage(load, archive, run, {
          signal,
          onLine: (stream, line) => report.output('push', stream, line),
        }),
      cache: cacheFolder(),
      environment: environment.buildah,
    }),
    command: createCommandBuilder({
      run,
      target: images,
      reader: client ?? noReader,
      credentials,
      ...(access.certDir === undefined ? {} : { authority: authorityIn(access.certDir) }),
      sourceDateEpoch: environment.sourceDateEpoch,
      announce: (service, command) => {
        const message = `${service}: its image is built by a command of appdev.yaml: ${command}`;
        session.emit({ type: 'notice', level: 'info', message, service });
      },
    }),
    kaniko: createKanikoBuilder({
      cluster: target.cluster,
      config: kaniko,
      createNamespace: config.cluster.createNamespace,
      project: config.name,
      target: images,
      ...(client === undefined ? {} : { client }),
      credentials,
      ...(access.authority === undefined ? {} : { authority: access.authority }),
      lookAtImage: async (name, signal) =>
        await lookAtImage(
          name,
          {
            credentials,
            insecure: insecureHosts(images, kaniko),
            // The certificate authority counts for the registry only, not for other hosts that a base may come from.
            fetchFor: (host) => (isOwn(images, host) ? access.asking.fetch : undefined),
          },
          signal,
        ),
      onLower: async (artifact) => await ledger.add(artifact),
      pullGate: registry?.pullGate ?? (async () => await Promise.resolve(ok(undefined))),
      cache: cacheFolder(),
    }),
  });
  return registry?.guarded(selected) ?? selected;
}

/**
 * Makes what copies images into another registry. Undefined if the nodes pull from the registry that appdev pushes
 * to.
 */
export function copiesOf(
  images: ImageTarget,
  access: RegistryAccess,
  run: RunProcess,
): CopyParts | undefined {
  if (images.kind !== 'registry' || images.registry.copy === undefined) return undefined;
  const { pull, copy } = images.registry;
  const reader = createRegistryClient({
    registry: { push: pull, insecure: copy.insecure },
    ...access.asking,
  });
  return { run, registry: images.registry, reader, access };
}

/** Makes the builder of jars. It says if a choice was left open, and ends what Gradle leaves running. */
export function openJarBuilder(
  { invocation: { environment }, project, services, cleanup, emit }: Session,
  { run }: OpenTarget,
): JarBuilder {
  const parts = { run, projectRoot: project.config.root, cache: cacheFolder() };
  for (const message of undecided(services)) {
    emit({ type: 'notice', level: 'info', message, hint: 'to choose, set jar.tool to maven or gradle' });
  }
  const tell = (message: string): void => emit({ type: 'notice', level: 'info', message });
  const gradle = createGradleBuilder({ ...parts, environment: environment.gradle, tell });
  cleanup.add("stopping Gradle's daemons", async () => {
    await gradle.close();
  });
  const maven = createMavenBuilder({ ...parts, jvm: environment.maven, tell });
  cleanup.add('ending questions to Maven', async () => {
    await maven.close();
  });
  return tellOutside(createJarBuilder({ maven, gradle }), project.config.root, tell);
}

/**
 * Tells which hosts may be asked for a base by plain HTTP: those that the configuration allows it for. The session's
 * own registry counts by any of its names.
 */
function insecureHosts(images: ImageTarget, kaniko: KanikoConfig): (host: string) => boolean {
  const { push, pull, inCluster, insecure } =
    images.kind === 'registry' ? images.registry : { push: '', pull: '', inCluster: '', insecure: false };
  const named = insecure ? [push, pull, inCluster ?? ''] : [];
  const hosts = new Set([...named, ...kaniko.insecureRegistries].map((name) => splitRegistryName(name).host));
  return (host) => hosts.has(host);
}

function isOwn(images: ImageTarget, host: string): boolean {
  return images.kind === 'registry' && splitRegistryName(images.registry.push).host === host;
}

/**
 * Removes what a killed session of this project left of its builds in the cluster. If something cannot be removed,
 * the next start tries again.
 */
async function clearBuilds(
  { project, emit, signals }: Session,
  { cluster }: OpenTarget,
  kaniko: KanikoConfig,
): Promise<void> {
  const namespace = kaniko.namespace ?? cluster.identity.namespace;
  const request = { namespace, project: project.config.name };
  const removed = await removeLeftoverBuilds(cluster, request, signals.shutdown);
  if (removed.kind !== 'ok' || removed.value === 0) return;
  emit({
    type: 'notice',
    level: 'info',
    message: `removed ${count(removed.value, 'build pod')} that a killed session had left in ${namespace}`,
  });
}
