/** Puts together what builds and pushes: the image target of the cluster, its registry, the builders, the records. */
import { realpathSync } from 'node:fs';
import { createGit, type Git } from '../../build/image/tags/git-state.ts';
import { pruneStorage } from '../../build/image/buildah/prune.ts';
import type { ImageBuilder } from '../../build/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { Artifact } from '../../core/events.ts';
import { createRecords } from '../../loop/work/records.ts';
import type { ManifestLookup, Records, WorkParts } from '../../loop/work/types.ts';
import { ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import type { RegistryAccess } from '../../registry/login/access.ts';
import type { RegistryClient } from '../../registry/api/client.ts';
import { findImageTarget } from '../../registry/find/discovery.ts';
import { createPushLedger, type PushLedger } from '../../registry/ledger.ts';
import { copiedLookup, loadedLookup } from '../../registry/lookup.ts';
import { pruneImages } from '../../registry/prune/prune.ts';
import { registryOf, targetText } from '../../registry/target.ts';
import type { ImageTarget, Registry } from '../../registry/types.ts';
import { cacheFolder } from '../../support/files/folders.ts';
import { findTool } from '../../support/process/tool.ts';
import { openAccess } from './access.ts';
import { openImageBuilder, openJarBuilder } from './builders.ts';
import type { OpenTarget } from './cluster.ts';
import { openRegistry, type OpenRegistry } from './registry.ts';
import { removeImage } from '../../build/image/remove.ts';
import type { Session } from '../session.ts';
import { createTagger, type Tagger } from '../../build/image/tags/tagger.ts';

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
  /** As whom, and by which authorities, this session gets into registries. */
  readonly access: RegistryAccess;
  /** Asks the registry whether it is there; absent without one. */
  readonly ping?: (signal: AbortSignal) => Promise<Outcome<void>>;
  readonly git: Git;
  readonly tags: Tagger;
  /** Removes older images of the session's services, keeping `keepImages` of each. Never fails; the next one tries again. */
  readonly prune: (signal: AbortSignal) => Promise<void>;
  /** Takes an image that nobody else can have away again; returns where it stays, as phrases. */
  readonly removeImage: (artifact: Artifact, signal: AbortSignal) => Promise<readonly string[]>;
}

/** Finds where images go, says so, and makes the parts. */
export async function openWork(session: Session, target: OpenTarget): Promise<Outcome<Work>> {
  const { stateFolder } = session;
  const images = await findTarget(session, target);
  if (images.kind !== 'ok') return images;
  const named = registryOf(images.value);
  const access = openAccess(session, named, target.run);
  if (access.kind !== 'ok') return access;
  const registry = named === undefined ? undefined : open(session, named, access.value);
  const client = registry?.client;
  const ledger = createPushLedger(stateFolder);
  const git = createGit(target.run);
  const { emit, services, project, invocation } = session;
  const tags = createTagger(
    { emit, services, project, command: invocation.command },
    { git, client, startedMs: Date.now() },
  );
  const { imageBuilder, copies } = await openImageBuilder(session, target, {
    images: images.value,
    access: access.value,
    registry,
    ledger,
  });
  return ok({
    parts: {
      jarBuilder: openJarBuilder(session, target),
      imageBuilder: remembering(imageBuilder, ledger, tags),
      deployer: target.deployer,
      manifests:
        registry === undefined
          ? loadedLookup(target.cluster)
          : rememberedLookup(
              copies === undefined ? registry.lookup : copiedLookup(registry.lookup, copies.reader),
              ledger,
              tags,
            ),
      ...(registry === undefined ? {} : { judge: registry.judge }),
      target: targetText(images.value),
    },
    records: createRecords(stateFolder),
    testsRun: testsRule(session),
    toolchain: toolchainOf(session.invocation.env),
    images: images.value,
    access: access.value,
    ...(client === undefined ? {} : { ping: async (signal: AbortSignal) => await client.ping(signal) }),
    git,
    tags,
    prune: async (signal) => await prune(session, target, images.value, client, ledger, signal),
    removeImage: async (artifact, signal) =>
      await removeImage(
        { images: images.value, client, ledger, run: target.run, cache: cacheFolder() },
        artifact,
        signal,
      ),
  });
}

function open(
  { invocation, project, stateFolder }: Session,
  registry: Registry,
  access: RegistryAccess,
): OpenRegistry {
  const scan = project.config.registry?.scan;
  return openRegistry({
    registry,
    access,
    stateFolder,
    createProject: invocation.booleans['create-project'] ?? false,
    ...(scan === undefined ? {} : { scan }),
  });
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

async function prune(
  { project, services, emit }: Session,
  { cluster, run }: OpenTarget,
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
  const storage = { run, project: name, services: names, keep, cache: cacheFolder(), signal };
  const pruned = await pruneStorage(storage);
  if (pruned.kind === 'failed') tell("Buildah's storage", pruned);
}
