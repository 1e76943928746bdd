/** Opens the cluster of a command: first the guard decides, then appdev connects, then it makes the deployer. */
import { join } from 'node:path';
import { openCluster, type OpenCluster } from '../../cluster/api/client.ts';
import type { GuardedCommand } from '../../cluster/choose/guard.ts';
import { thisUser } from '../../cluster/hold/holder.ts';
import { selectCluster } from '../../cluster/choose/select.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { createDeployer } from '../../deploy/deployer/deployer.ts';
import type { Deployer } from '../../deploy/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { pinnedProcess } from '../../support/process/pinned.ts';
import type { RunProcess } from '../../support/process/process.ts';
import { makeTempFolder } from '../../support/files/temp.ts';
import { kubeconfigPlaces } from '../project.ts';
import type { Session } from '../session.ts';
import { termsOf } from '../terms.ts';

/** A cluster that the guard allows, with a connection that stays the same for the whole session. */
export interface OpenTarget {
  readonly cluster: OpenCluster;
  readonly deployer: Deployer;
  /** Starts child processes of this session. They get the session's own kubeconfig. */
  readonly run: RunProcess;
}

/** Chooses and opens the cluster, and reports which one it is. Nothing is contacted before the guard has decided. */
export async function openTarget(session: Session, command: GuardedCommand): Promise<Outcome<OpenTarget>> {
  const { invocation, project, emit, cleanup } = session;
  const { config } = project;
  const selected = await selectCluster({
    command,
    places: kubeconfigPlaces(invocation),
    config: config.cluster,
    ...flag('contextFlag', invocation.flags.kubeContext),
    ...flag('namespaceFlag', invocation.flags.namespace),
    projectRoot: config.root,
    pinnedPath: join(makeTempFolder('cluster'), 'kubeconfig'),
  });
  if (selected.kind !== 'ok') return selected;
  const { identity, notices } = selected.value;
  const { context, server, product, namespace } = identity;
  emit({ type: 'cluster.selected', context, server, product, namespace });
  for (const message of notices) emit({ type: 'notice', level: 'info', message });
  const opened = await openCluster(identity);
  if (opened.kind !== 'ok') return opened;
  const cluster = opened.value;
  cleanup.add('closing the connection to the cluster', () => cluster.close());
  const run = pinnedProcess(identity.kubeconfig);
  const deployer = createDeployer({
    cluster,
    run,
    project: config.name,
    root: config.root,
    adopt: invocation.flags.adopt ?? false,
    terms: termsOf(invocation, thisUser()),
    // In dev the cluster is the developer's own, and the saved files must win.
    forceConflicts: command === 'dev' || (invocation.flags.forceConflicts ?? false),
    onlyLooks: ['diff', 'verify'].includes(command) || invocation.flags.dryRun === true,
  });
  return ok({ cluster, deployer, run });
}

/** The namespace that a service is deployed to. */
export function namespaceOf(service: ServiceConfig, cluster: OpenCluster): string {
  return service.deploy.namespace ?? cluster.identity.namespace;
}

/** All namespaces of the services, each once. */
export function namespacesOf(services: readonly ServiceConfig[], cluster: OpenCluster): readonly string[] {
  return [...new Set(services.map((service) => namespaceOf(service, cluster)))];
}

function flag<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, string>);
}
