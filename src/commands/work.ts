/** Puts together what builds and pushes: the image target of the cluster, the builders, the records. */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { createBuildahBuilder } from '../build/buildah.ts';
import { createCommandBuilder } from '../build/command.ts';
import { copyingBuilder, type CopyParts } from '../build/copied.ts';
import { createGradleBuilder } from '../build/gradle.ts';
import { createGit, type Git } from '../build/git-state.ts';
import { selectBuilder, usesBuilder } from '../build/image-builders.ts';
import { createJarBuilder, undecided } from '../build/jar-builder.ts';
import { createKanikoBuilder } from '../build/kaniko.ts';
import { removeLeftoverBuilds } from '../build/kaniko-leftovers.ts';
import { createMavenBuilder } from '../build/maven.ts';
import { pruneStorage } from '../build/prune.ts';
import type { PushReader } from '../build/push.ts';
import type { ImageBuilder, JarBuilder } from '../build/types.ts';
import type { KanikoConfig, ServiceConfig } from '../config/model.ts';
import { defaultKaniko } from '../config/normalize.ts';
import { createRecords } from '../loop/records.ts';
import type { ManifestLookup, Records, WorkParts } from '../loop/types.ts';
import { ok, type NotOk, type Outcome } from '../outcome.ts';
import { createRegistryClient, type RegistryClient } from '../registry/client.ts';
import { createCredentials, type FindCredentials } from '../registry/credentials.ts';
import { findImageTarget } from '../registry/discovery.ts';
import { createPushLedger, type PushLedger } from '../registry/ledger.ts';
import { lookAtImage } from '../registry/image-config.ts';
import { loadImage } from '../registry/load.ts';
import { copiedLookup, loadedLookup } from '../registry/lookup.ts';
import { pruneImages } from '../registry/prune.ts';
import { splitRegistryName } from '../registry/reference.ts';
import { targetText } from '../registry/target.ts';
import type { ImageTarget, Registry } from '../registry/types.ts';
import { cacheFolder } from '../support/folders.ts';
import { runProcess } from '../support/process.ts';
import { readState, writeState } from '../support/state-file.ts';
import { findTool } from '../support/tool.ts';
import type { OpenTarget } from './cluster.ts';
import { openRegistry, type OpenRegistry } from './registry.ts';
import type { Session } from './session.ts';
import { createTagger, type Tagger } from './tagger.ts';

/** What builds and deploys in this session. */
export interface Work {
  readonly parts: WorkParts;
  readonly records: Records;
  /** Whether a service's unit tests run with its build. */
  readonly testsRun: (service: ServiceConfig) => boolean;
  /** What beside the project's files decides a build, as text. */
  readonly toolchain: string;
  /** Where images go. */
  readonly images: ImageTarget;
  /** Asks the registry whether it is there; absent without one. */
  readonly ping?: (signal: AbortSignal) => Promise<Outcome<void>>;
  readonly git: Git;
  readonly tags: Tagger;
  /** Removes older images of the session's services, keeping `keepImages` of each. Never fails; the next one tries again. */
  readonly prune: (signal: AbortSignal) => Promise<void>;
}

/** The registry of a session's images; none where they are loaded into the nodes. */
export function registryOf({ images }: Work): Registry | undefined {
  return images.kind === 'registry' ? images.registry : undefined;
}

/** Nothing is asked of a registry where there is none: images are loaded into the nodes. */
const noReader: PushReader = {
  headManifest: () => Promise.resolve(ok(undefined)),
  imageAt: () => Promise.resolve(ok(undefined)),
};

/** Finds where images go, says so, and makes the parts. */
export async function openWork(session: Session, target: OpenTarget): Promise<Outcome<Work>> {
  const { project, stateFolder } = session;
  const { config } = project;
  const images = await findTarget(session, target);
  if (images.kind !== 'ok') return images;
  const kaniko = config.kaniko ?? defaultKaniko;
  const opened = images.value.kind === 'registry' ? open(session, images.value.registry) : ok(undefined);
  if (opened.kind !== 'ok') return opened;
  const registry = opened.value;
  const client = registry?.client;
  const credentials = registry?.credentials ?? createCredentials({ run: runProcess });
  const copies = copiesOf(images.value, credentials);
  const ledger = createPushLedger(stateFolder);
  const git = createGit(runProcess);
  const tags = createTagger(session, { git, client, startedMs: Date.now() });
  // Doctor only looks.
  if (session.invocation.command !== 'doctor' && usesBuilder(session.services, 'kaniko')) {
    await clearBuilds(session, target, kaniko);
  }
  const selected = selectBuilder({
    buildah: createBuildahBuilder({
      run: runProcess,
      project: config.name,
      target: images.value,
      reader: client ?? noReader,
      ...(registry === undefined ? {} : { access: registry.access }),
      load: async (load, archive, { signal, report }) =>
        await loadImage(load, archive, runProcess, {
          signal,
          onLine: (stream, line) => report.output('push', stream, line),
        }),
      cache: cacheFolder(),
    }),
    command: createCommandBuilder({
      run: runProcess,
      target: images.value,
      reader: client ?? noReader,
      credentials,
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
      target: images.value,
      reader: client ?? noReader,
      credentials,
      lookAtImage: async (name, signal) =>
        await lookAtImage(name, { credentials, insecure: insecureHosts(images.value, kaniko) }, signal),
      onLower: async (artifact) => await ledger.add(artifact),
      cache: cacheFolder(),
    }),
  });
  const imageBuilder = copies === undefined ? selected : copyingBuilder(selected, copies);
  return ok({
    parts: {
      jarBuilder: openJarBuilder(session),
      imageBuilder: remembering(registry?.guarded(imageBuilder) ?? imageBuilder, ledger, tags),
      deployer: target.deployer,
      manifests:
        registry === undefined
          ? loadedLookup(target.cluster)
          : rememberedLookup(
              copies === undefined ? registry.lookup : copiedLookup(registry.lookup, copies.reader),
              ledger,
              tags,
            ),
      target: targetText(images.value),
    },
    records: createRecords(stateFolder, {
      read: async (path) => await readState(path, (value) => value),
      write: writeState,
    }),
    testsRun: testsRule(session),
    toolchain: toolchainOf(session.invocation.env),
    images: images.value,
    ...(client === undefined ? {} : { ping: async (signal: AbortSignal) => await client.ping(signal) }),
    git,
    tags,
    prune: async (signal) => await prune(session, target, images.value, client, ledger, signal),
  });
}

function open({ invocation, project, stateFolder }: Session, registry: Registry): Outcome<OpenRegistry> {
  const { env, strings, booleans, cwd } = invocation;
  const authFile = strings['authfile'];
  const scan = project.config.registry?.scan;
  return openRegistry({
    registry,
    env,
    stateFolder,
    createProject: booleans['create-project'] ?? false,
    ...(authFile === undefined ? {} : { authFile: resolve(cwd, authFile) }),
    ...(scan === undefined ? {} : { scan }),
  });
}

/** What copies images into another registry; undefined where the nodes pull from the one that is pushed to. */
function copiesOf(images: ImageTarget, credentials: FindCredentials): CopyParts | undefined {
  if (images.kind !== 'registry' || images.registry.copy === undefined) return undefined;
  const { pull, copy } = images.registry;
  const reader = createRegistryClient({ registry: { push: pull, insecure: copy.insecure }, credentials });
  return { run: runProcess, registry: images.registry, reader };
}

/** The builder of jars. Says where a choice was left open, and ends what Gradle leaves running. */
function openJarBuilder({ project, services, cleanup, emit }: Session): JarBuilder {
  const parts = { run: runProcess, projectRoot: project.config.root, cache: cacheFolder() };
  for (const message of undecided(services)) {
    emit({ type: 'notice', level: 'info', message, hint: 'to choose, set jar.tool to maven or gradle' });
  }
  const gradle = createGradleBuilder({
    ...parts,
    tell: (message) => emit({ type: 'notice', level: 'info', message }),
  });
  cleanup.add("stopping Gradle's daemons", async () => {
    await gradle.close();
  });
  return createJarBuilder({ maven: createMavenBuilder(parts), gradle });
}

async function findTarget(session: Session, { cluster }: OpenTarget): Promise<Outcome<ImageTarget>> {
  const { registry: config } = session.project.config;
  const found = await findImageTarget({
    ...(config === undefined ? {} : { config }),
    cluster,
    signal: session.signals.shutdown,
  });
  if (found.kind !== 'ok') return found;
  const { target, warning } = found.value;
  if (warning !== undefined) session.emit({ type: 'notice', level: 'warning', ...warning });
  if (target.kind === 'load') {
    const text = targetText(target);
    session.emit({ type: 'registry.selected', push: text, pull: text, source: 'load' });
    return ok(target);
  }
  const { push, pull, inCluster, source } = target.registry;
  session.emit({
    type: 'registry.selected',
    push,
    pull,
    ...(inCluster === undefined ? {} : { inCluster }),
    source,
  });
  return ok(target);
}

/** Where a base may be looked at by plain HTTP: where the configuration says so, by any name of the registry. */
function insecureHosts(images: ImageTarget, kaniko: KanikoConfig): (host: string) => boolean {
  const { push, pull, inCluster, insecure } =
    images.kind === 'registry' ? images.registry : { push: '', pull: '', inCluster: '', insecure: false };
  const named = insecure ? [push, pull, inCluster ?? ''] : [];
  const hosts = new Set([...named, ...kaniko.insecureRegistries].map((name) => splitRegistryName(name).host));
  return (host) => hosts.has(host);
}

/** `--tests` decides; else `jar.tests`, whose `auto` means: everywhere but in `dev`. */
function testsRule({ invocation }: Session): (service: ServiceConfig) => boolean {
  const flag = invocation.booleans['tests'];
  return ({ jar }) => {
    if (jar === undefined) return false;
    return flag ?? (jar.tests === 'run' || (jar.tests === 'auto' && invocation.command !== 'dev'));
  };
}

/** Which JDK compiles: another one makes other class files from the same sources. */
function toolchainOf(env: NodeJS.ProcessEnv): string {
  const javac = findTool('javac');
  return `${env['JAVA_HOME'] ?? ''}\n${javac === undefined ? '' : realpathSync(javac)}`;
}

/** The same builder; what it pushes is written down for prune, and gets its further tags. */
function remembering(builder: ImageBuilder, ledger: PushLedger, tags: Tagger): ImageBuilder {
  return {
    async build(request, context) {
      const built = await builder.build(request, context);
      if (built.kind !== 'ok') return built;
      await ledger.add(built.value);
      const tagged = await tags.put(built.value, context.signal);
      return tagged.kind === 'ok' ? built : tagged;
    },
  };
}

/** The same lookup; what is found is about to be deployed again, so prune must take it for new. */
function rememberedLookup(lookup: ManifestLookup, ledger: PushLedger, tags: Tagger): ManifestLookup {
  return {
    async has(artifact, signal) {
      const there = await lookup.has(artifact, signal);
      if (there.kind !== 'ok' || !there.value) return there;
      await ledger.add(artifact);
      // What fails here fails again, and is reported, when the image is built.
      const tagged = await tags.put(artifact, signal);
      return tagged.kind === 'ok' ? there : tagged;
    },
  };
}

/** Removes what a killed session of this project left of its builds in the cluster. What cannot be, the next start tries. */
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
    message: `removed ${removed.value} build pods that a killed session had left in ${namespace}`,
  });
}

async function prune(
  { project, services, emit }: Session,
  { cluster }: OpenTarget,
  images: ImageTarget,
  client: RegistryClient | undefined,
  ledger: PushLedger,
  signal: AbortSignal,
): Promise<void> {
  const { name, keepImages: keep } = project.config;
  const names = services.flatMap((service) => (service.image?.builder === 'buildah' ? [service.name] : []));
  const tell = (what: string, { error }: Extract<NotOk, { kind: 'failed' }>): void =>
    emit({ type: 'notice', level: 'info', message: `older images of ${what} stay: ${error.message}` });
  if (client !== undefined && images.kind === 'registry') {
    const pruned = await pruneImages({ registry: images.registry, client, ledger, cluster, keep, signal });
    if (pruned.kind === 'failed') tell('the registry', pruned);
  }
  if (names.length === 0) return;
  const storage = { run: runProcess, project: name, services: names, keep, cache: cacheFolder(), signal };
  const pruned = await pruneStorage(storage);
  if (pruned.kind === 'failed') tell("Buildah's storage", pruned);
}
