/** Puts together what builds and pushes: the image target of the cluster, its registry, the builders, the records. */
import { realpathSync } from 'node:fs';
import { createGit, type Git } from '../../build/image/tags/git-state.ts';
import { pruneStorage } from '../../build/image/buildah/prune.ts';
import { copyImage } from '../../build/image/transfer/copy.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { Artifact } from '../../core/events.ts';
import { createRecords } from '../../loop/work/records.ts';
import type { Records, WorkParts } from '../../loop/work/types.ts';
import { ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import type { RegistryAccess } from '../../registry/login/access.ts';
import type { RegistryClient } from '../../registry/api/client.ts';
import { findImageTarget } from '../../registry/find/discovery.ts';
import { createPushLedger, type PushLedger } from '../../registry/ledger.ts';
import { loadedLookup } from '../../registry/lookup.ts';
import { pruneImages } from '../../registry/prune/prune.ts';
import { registryOf, targetText } from '../../registry/target.ts';
import type { ImageTarget, Registry } from '../../registry/types.ts';
import { cacheFolder } from '../../support/folders.ts';
import { findTool } from '../../support/process/tool.ts';
import { openAccess } from './access.ts';
import { copiesOf, openImageBuilder, openJarBuilder } from './builders.ts';
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
  /** What decides a build besides the project's files, as text. */
  readonly toolchain: string;
  /** Where images go. */
  readonly images: ImageTarget;
  /** The credentials and certificate authorities with which this session uses registries. */
  readonly access: RegistryAccess;
  /** Asks the registry whether it is there. Absent without a registry. */
  readonly ping?: (signal: AbortSignal) => Promise<Outcome<void>>;
  readonly git: Git;
  readonly tags: Tagger;
  /**
   * Removes older images of the session's services, and keeps `keepImages` of each. Never fails: the next one tries
   * again.
   */
  readonly prune: (signal: AbortSignal) => Promise<void>;
  /** Removes an image again if nobody else can have it. Returns where it stays, as phrases. */
  readonly removeImage: (artifact: Artifact, signal: AbortSignal) => Promise<readonly string[]>;
}

/**
 * Finds where images go, reports it, and makes the parts that build and deploy. Fails as finding the target or
 * opening the access to registries does.
 */
export async function openWork(session: Session, target: OpenTarget): Promise<Outcome<Work>> {
  const { stateFolder } = session;
  const images = await findTarget(session, target);
  if (images.kind !== 'ok') return images;
  const named = registryOf(images.value);
  const access = openAccess(session, named, target.run, session.project.config.kaniko?.insecureRegistries);
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
  const imageBuilder = await openImageBuilder(session, target, {
    images: images.value,
    access: access.value,
    registry,
    ledger,
  });
  const copies = copiesOf(images.value, access.value, target.run);
  const { renderer, way, observer } = target.deployer;
  return ok({
    parts: {
      jarBuilder: openJarBuilder(session, target),
      imageBuilder,
      manifests: registry === undefined ? loadedLookup(target.cluster) : registry.lookup,
      ...(registry === undefined ? {} : { admit: registry.admit }),
      // In this order: an admitted image is kept first, reaches the nodes' registry next, and gets its other tags
      // last.
      publish: inOrder([
        registry?.keep,
        copies && (async (artifact, context) => await copyImage(copies, artifact, context)),
        async (artifact) => {
          await ledger.add(artifact);
          return ok(undefined);
        },
        async (artifact, { signal }) => await tags.put(artifact, signal),
      ]),
      ...{ renderer, way, observer },
      target: targetText(images.value),
    },
    records: createRecords(stateFolder),
    testsRun: testsRule(session),
    toolchain: toolchainOf(invocation.environment.maven.javaHome),
    images: images.value,
    access: access.value,
    ...(client === undefined ? {} : { ping: async (signal: AbortSignal) => await client.ping(signal) }),
    git,
    tags,
    prune: async (signal) => await prune(session, target, images.value, client, ledger, signal),
    removeImage: async (artifact, signal) =>
      await removeImage(
        {
          images: images.value,
          client,
          ledger,
          run: target.run,
          buildah: invocation.environment.buildah,
          cache: cacheFolder(),
        },
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
    createProject: invocation.flags.createProject ?? false,
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

/**
 * Whether a service's unit tests run. `--tests` decides. Without it `jar.tests` decides; its `auto` means everywhere
 * but in `dev`.
 */
function testsRule({ invocation }: Session): (service: ServiceConfig) => boolean {
  const flag = invocation.flags.tests;
  return ({ jar }) => {
    if (jar === undefined) return false;
    return flag ?? (jar.tests === 'run' || (jar.tests === 'auto' && invocation.command !== 'dev'));
  };
}

/** Which JDK compiles, as text. Another JDK makes other class files from the same sources. */
function toolchainOf(javaHome: string): string {
  const javac = findTool('javac');
  return `${javaHome}\n${javac === undefined ? '' : realpathSync(javac)}`;
}

type Publish = WorkParts['publish'];

/** Does the steps one after the other, up to the first that fails. */
function inOrder(steps: readonly (Publish | undefined)[]): Publish {
  return async (artifact, context) => {
    for (const step of steps) {
      const done = await step?.(artifact, context);
      if (done !== undefined && done.kind !== 'ok') return done;
    }
    return ok(undefined);
  };
}

async function prune(
  { invocation, project, services, emit }: Session,
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
  const pruned = await pruneStorage({
    run,
    environment: invocation.environment.buildah,
    project: name,
    services: names,
    keep,
    cache: cacheFolder(),
    signal,
  });
  if (pruned.kind === 'failed') tell("Buildah's storage", pruned);
}
