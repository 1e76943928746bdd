/** Puts services into the order in which they have to be deployed. Pure. */
import type { ServiceConfig } from '../../config/model.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';

/**
 * Each service after all that it needs, otherwise in file order. Needs that are not among the services count as
 * deployed. Fails with CONFIG_INVALID if services need each other.
 */
export function inNeedsOrder(services: readonly ServiceConfig[]): Outcome<readonly ServiceConfig[]> {
  const { ordered, cycle } = sort(services);
  if (cycle === undefined) return ok(ordered);
  return failed('CONFIG_INVALID', `services need each other: ${cycle.join(' → ')}`, {
    hint: 'remove one of the names from `needs` in appdev.yaml',
  });
}

/**
 * The order of removal: each service before all that it needs. A name may occur several times, for a service that was
 * deployed to several places. Their needs may come from several versions of the file and contradict each other. Even
 * then everything is removed.
 */
export function inRemovalOrder(services: readonly ServiceConfig[]): readonly ServiceConfig[] {
  return [...sort(services).ordered].reverse();
}

function sort(services: readonly ServiceConfig[]): {
  readonly ordered: readonly ServiceConfig[];
  /** Names of the first cycle that was found, if there is one. */
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
