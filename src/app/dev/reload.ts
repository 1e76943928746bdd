/**
 * Reads the configuration again for a running `dev`: for the services that this session has, in namespaces that are made
 * and locked before anything goes there. Says what of the new file this session does not follow.
 */
import { isDeepStrictEqual } from 'node:util';
import type { OpenCluster } from '../../cluster/api/client.ts';
import type { ProjectConfig, ServiceConfig } from '../../config/model.ts';
import { defaultKaniko } from '../../config/normalize.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { namespaceOf } from '../compose/cluster.ts';
import { placeOf, type Footprint } from './footprint.ts';
import type { NamespaceLocks } from '../deployed/namespaces.ts';
import { openProject } from '../project.ts';
import type { Session } from '../session.ts';

/** What a reload works with. */
export interface ReloadParts {
  readonly session: Session;
  readonly cluster: OpenCluster;
  readonly locks: NamespaceLocks;
  readonly footprint: Footprint;
}

/** The file as it is now. */
export interface ReadAgain {
  /** With the services that take part. */
  readonly config: ProjectConfig;
  /** All services of the file: manifests may name the image of any. */
  readonly images: readonly ServiceConfig[];
}

/** Makes the function that reads it. A failure, also of a new namespace, leaves the configuration in force as it is. */
export function createReload({
  session,
  cluster,
  locks,
  footprint,
}: ReloadParts): () => Promise<Outcome<ReadAgain>> {
  let inForce = session.services;

  return async () => {
    const loaded = await openProject(session.invocation);
    if (loaded.kind !== 'ok') return loaded;
    session.learn(loaded.value.secrets);
    const { config } = loaded.value;
    const names = new Set(session.services.map(({ name }) => name));
    const all = session.invocation.positionals.length === 0;
    const services = config.services.filter(({ name }) => all || names.has(name));
    const taken = await locks.take(services);
    if (taken.kind !== 'ok') return taken;
    tellUnfollowed(session, config);
    const before = new Set(inForce.map((service) => placeOf(service, cluster)));
    const after = new Set(services.map((service) => placeOf(service, cluster)));
    for (const service of footprint.services()) {
      const place = placeOf(service, cluster);
      if (before.has(place) && !after.has(place)) tellLeft(session, service, cluster);
    }
    inForce = services;
    return ok({ config: { ...config, services }, images: config.services });
  };
}

/** The parts of the file that a session keeps as they were at its start. */
function tellUnfollowed({ project, emit }: Session, next: ProjectConfig): void {
  const { config } = project;
  if (!isDeepStrictEqual(next.registry, config.registry)) {
    emit({
      type: 'notice',
      level: 'warning',
      message:
        'the `registry` section changed; this session goes on with the registry that it was started for',
      hint: 'restart appdev to use the other one',
    });
  }
  if (!isDeepStrictEqual(next.kaniko ?? defaultKaniko, config.kaniko ?? defaultKaniko)) {
    emit({
      type: 'notice',
      level: 'warning',
      message: 'the `kaniko` section changed; this session goes on with the one that it was started with',
      hint: 'restart appdev to use the other one',
    });
  }
}

/** Something that runs is no longer in the file. It is not torn down under the user's hands: the file may come back. */
function tellLeft({ invocation, emit }: Session, service: ServiceConfig, cluster: OpenCluster): void {
  const { name, deploy } = service;
  const stays = invocation.booleans['cleanup'] === false ? 'it stays' : 'it stays until this session ends';
  const pinned = `--kube-context ${cluster.identity.context} -n ${namespaceOf(service, cluster)}`;
  emit({
    type: 'notice',
    level: 'warning',
    service: name,
    message: `${placeOf(service, cluster)} is no longer in appdev.yaml; ${stays}`,
    hint:
      deploy.kind === 'helm'
        ? `to remove it now: helm uninstall ${deploy.release} ${pinned}`
        : `to remove it now: put it back into the file and type appdev delete ${name} ${pinned}`,
  });
}
