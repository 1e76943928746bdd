/**
 * What a `dev` session has put into the cluster. A changed appdev.yaml may rename a release, move a service or drop
 * it while the session runs. What was deployed under the old names still has to go at the end.
 */
import type { OpenCluster } from '../../cluster/api/client.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { Way } from '../../deploy/types.ts';
import { namespaceOf } from '../compose/cluster.ts';

/** The part of a way that applies. */
export type ApplyWay = Pick<Way, 'apply'>;

/** The services of a session, by the places that they were deployed to. */
export interface Footprint {
  /** Returns a way that notes each service before it applies it. */
  readonly noting: (way: ApplyWay) => ApplyWay;
  /** One service for each place, as it was configured when it was applied last. */
  services(): readonly ServiceConfig[];
}

/**
 * Makes the footprint. It begins with the services of the start, because what an earlier session left goes with this
 * one.
 */
export function createFootprint(start: readonly ServiceConfig[], cluster: OpenCluster): Footprint {
  const applied = new Map(start.map((service) => [placeOf(service, cluster), service]));
  return {
    noting: (way) => ({
      async apply(service, rendered, context) {
        // Before the apply, because an apply that fails may leave something as well.
        applied.set(placeOf(service, cluster), service);
        return await way.apply(service, rendered, context);
      },
    }),
    services: () => [...applied.values()],
  };
}

/** Where a service's objects are and by what name they are known there, as text. Equal for equal places. */
export function placeOf(service: ServiceConfig, cluster: OpenCluster): string {
  const namespace = namespaceOf(service, cluster);
  const { deploy } = service;
  // Applied objects are known by the service's name, a chart's objects by its release.
  return deploy.kind === 'helm'
    ? `release ${deploy.release} in ${namespace}`
    : `what was applied of ${service.name} in ${namespace}`;
}
