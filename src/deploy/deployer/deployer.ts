/** Puts together what deploys on one cluster: the renderer, the ways and the observer. */
import type { Cluster } from '../../cluster/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { RunProcess } from '../../support/process/process.ts';
import { appliedWay } from './applied-way.ts';
import { createHelm } from '../helm/program/tool.ts';
import { onCluster } from '../helm/render-plan.ts';
import { helmWay } from './helm-way.ts';
import { createHolders } from '../record/holder.ts';
import { createObserver } from './observer.ts';
import { createRenderedObjects, notingRendered, refusingTwice } from './rendered-twice.ts';
import { createRenderer } from './renderer.ts';
import { defaultTools, type Deployer, type DeployTerms, type DeployTools } from '../types.ts';
import { chosenWay } from './way.ts';

/** What a deployer is made from. */
export interface DeployerSettings {
  readonly cluster: Cluster;
  readonly run: RunProcess;
  /** Name of the project; part of the ownership labels. */
  readonly project: string;
  /** Folder of appdev.yaml; messages show paths relative to it. */
  readonly root: string;
  /** Take over releases and objects that someone else made. */
  readonly adopt: boolean;
  readonly terms: DeployTerms;
  /** Take back what others have changed in our own releases and objects. Without it, such a change is a refusal. */
  readonly forceConflicts: boolean;
  /** True for a command that only looks. */
  readonly onlyLooks?: boolean;
  readonly tools?: Partial<DeployTools>;
}

/** Makes the deployer of one session. Contacts nothing. */
export function createDeployer(settings: DeployerSettings): Deployer {
  const { cluster, run, project, root, adopt, terms, forceConflicts, onlyLooks = false } = settings;
  const tools = { ...defaultTools, ...settings.tools };
  const namespaceFor = (service: ServiceConfig): string =>
    service.deploy.namespace ?? cluster.identity.namespace;
  const helm = createHelm(run, tools.helm);
  const shared = { cluster, project, adopt, terms, forceConflicts };
  const way = chosenWay({
    helm: helmWay({ ...shared, helm, holders: createHolders(run), root }, namespaceFor),
    applied: appliedWay(shared, namespaceFor),
    cluster,
    project,
    namespaceFor,
  });
  const seen = createRenderedObjects();
  return {
    renderer: notingRendered(
      createRenderer({
        ...{ run, project, root, namespaceFor, tools, helm, onlyLooks },
        onCluster: onCluster(cluster, project),
      }),
      seen,
    ),
    way: refusingTwice(way, seen),
    observer: createObserver(cluster, way, namespaceFor),
  };
}
