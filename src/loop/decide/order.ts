/** Puts services in the order in which they have to be deployed. Pure. */
import type { ServiceConfig } from '../../config/model.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';

/**
 * Each service after all that it needs, otherwise in file order. Needs that are not among the services count as there.
 * Fails with CONFIG_INVALID where services need each other.
 */
export function inNeedsOrder(services: readonly ServiceConfig[]): Outcome<readonly ServiceConfig[]> {
  const { ordered, cycle } = sort(services);
  if (cycle === undefined) return ok(ordered);
  return failed('CONFIG_INVALID', `services need each other: ${cycle.join(' → ')}`, {
    hint: 'remove one of the names from `needs` in appdev.yaml',
  });
}

/**
 * The order of removal: each service before all that it needs. A name may stand there several times, for a service that
 * was deployed to several places; their needs may then come from several versions of the file and contradict each other,
 * which keeps nothing from being removed.
 */
export function inRemovalOrder(services: readonly ServiceConfig[]): readonly ServiceConfig[] {
  return [...sort(services).ordered].reverse();
}

function sort(services: readonly ServiceConfig[]): {
  readonly ordered: readonly ServiceConfig[];
  /** Names of the first circle that was found, where there is one. */
  readonly cycle: readonly string[] | undefined;
} {
  const ordered = new Set<ServiceConfig>();
  let cycle: readonly string[] | undefined;
  const visit = (service: ServiceConfig, path: readonly ServiceConfig[]): void => {
    if (ordered.has(service)) return;
    if (path.includes(service)) {
      cycle ??= [...path.slice(path.indexOf(service)), service].map(({ name }) => name);
      return;
    }
    for (const need of services) {
      if (service.needs.includes(need.name)) visit(need, [...path, service]);
    }
    ordered.add(service);
  };
  for (const service of services) visit(service, []);
  return { ordered: [...ordered], cycle };
}
