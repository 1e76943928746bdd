/** Puts services into the order in which they start and are deployed. Pure. */
import type { ServiceConfig } from '../../config/model.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';

/** What has a place in the order. */
interface Needing {
  readonly name: string;
  /** Names of what comes before it. */
  readonly needs: readonly string[];
}

/** Each service after all that it needs, otherwise in file order. If services need each other, one of them is first. */
export function neededFirst<T extends Needing>(services: readonly T[]): readonly T[] {
  return sort(services).ordered;
}

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
  return [...neededFirst(services)].reverse();
}

function sort<T extends Needing>(
  services: readonly T[],
): {
  readonly ordered: readonly T[];
  /** Names of the first cycle that was found, if there is one. */
  readonly cycle: readonly string[] | undefined;
} {
  const ordered = new Set<T>();
  let cycle: readonly string[] | undefined;
  const visit = (service: T, path: readonly T[]): void => {
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
