/**
 * What a `dev` session has put into the cluster. A changed appdev.yaml may rename a release, move a service or drop it
 * while the session runs: what was deployed under the old words still has to go at the end.
 */
import type { OpenCluster } from '../../cluster/api/client.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { Deployer } from '../../deploy/types.ts';
import { namespaceOf } from '../compose/cluster.ts';

/** The services of a session by the places that they were deployed to. */
export interface Footprint {
  /** The deployer to deploy with: it writes down what is about to be applied. */
  readonly deployer: Deployer;
  /** One for each place, as it was configured when it was applied last. */
  services(): readonly ServiceConfig[];
}

/** Makes it. The services of the start are in it, too: what an earlier session left goes with this one. */
export function createFootprint(
  start: readonly ServiceConfig[],
  cluster: OpenCluster,
  deployer: Deployer,
): Footprint {
  const applied = new Map(start.map((service) => [placeOf(service, cluster), service]));
  return {
    deployer: {
      ...deployer,
      async apply(service, rendered, context) {
        // Before the apply: one that fails may leave something as well.
        applied.set(placeOf(service, cluster), service);
        return await deployer.apply(service, rendered, context);
      },
    },
    services: () => [...applied.values()],
  };
}

/** Where a service's objects are and by what they are known there, in words; equal for equal places. */
export function placeOf(service: ServiceConfig, cluster: OpenCluster): string {
  const namespace = namespaceOf(service, cluster);
  const { deploy } = service;
  // Applied objects are known by the service's name, a chart's by its release.
  return deploy.kind === 'helm'
    ? `release ${deploy.release} in ${namespace}`
    : `what was applied of ${service.name} in ${namespace}`;
}
