/**
 * Reads the configuration again for a running `dev`. It keeps to the services of this session, creates and locks new
 * namespaces before anything is deployed there, and reports changes in the file that need a restart.
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

/** The new contents of the file. */
export interface ReadAgain {
  /** The project with only the services that take part in the session. */
  readonly config: ProjectConfig;
  /** All services of the file, because manifests can use the image of any. */
  readonly images: readonly ServiceConfig[];
}

/**
 * Makes the function that reads the file again. If it fails, even for a new namespace, the old configuration stays
 * active.
 */
export function createReload({
  session,
  cluster,
  locks,
  footprint,
}: ReloadParts): () => Promise<Outcome<ReadAgain>> {
  let inForce = session.services;
  let before = session.project.config;

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
    tellUnfollowed(session, before, config);
    before = config;
    const placesBefore = new Set(inForce.map((service) => placeOf(service, cluster)));
    const after = new Set(services.map((service) => placeOf(service, cluster)));
    for (const service of footprint.services()) {
      const place = placeOf(service, cluster);
      if (placesBefore.has(place) && !after.has(place)) tellLeft(session, service, cluster);
    }
    inForce = services;
    return ok({ config: { ...config, services }, images: config.services });
  };
}

/**
 * Warns about changes in sections that are only read when the session starts. Each change is told once, and the way back
 * is not.
 */
function tellUnfollowed({ project, emit }: Session, before: ProjectConfig, next: ProjectConfig): void {
  for (const { section, of, hint } of unfollowed) {
    const wanted = of(next);
    if (isDeepStrictEqual(wanted, of(project.config)) || isDeepStrictEqual(wanted, of(before))) continue;
    emit({
      type: 'notice',
      level: 'warning',
      message: `the \`${section}\` section changed, but this session keeps what it started with`,
      hint,
    });
  }
}

const unfollowed = [
  {
    section: 'registry',
    of: ({ registry }: ProjectConfig): unknown => registry,
    hint: 'restart appdev to use the new registry',
  },
  {
    section: 'kaniko',
    of: ({ kaniko }: ProjectConfig): unknown => kaniko ?? defaultKaniko,
    hint: 'restart appdev to use the new settings',
  },
];

/**
 * Warns about a deployed service that is no longer in the file. It is not removed, because the user may undo the edit.
 */
function tellLeft({ invocation, emit }: Session, service: ServiceConfig, cluster: OpenCluster): void {
  const { name, deploy } = service;
  const stays =
    invocation.flags.cleanup === false ? 'it keeps running' : 'it keeps running until this session ends';
  const pinned = `--kube-context ${cluster.identity.context} -n ${namespaceOf(service, cluster)}`;
  emit({
    type: 'notice',
    level: 'warning',
    service: name,
    message: `${placeOf(service, cluster)} is no longer in appdev.yaml; ${stays}`,
    hint:
      deploy.kind === 'helm'
        ? `to remove it now: helm uninstall ${deploy.release} ${pinned}`
        : `to remove it sooner, restore its lines in appdev.yaml, type appdev delete ${name} ${pinned}, and take them out again`,
  });
}
