/** Puts services in the order in which they have to be deployed. Pure. */
import type { ServiceConfig } from '../config/model.ts';
import { failed, ok, type Outcome } from '../outcome.ts';

/**
 * Each service after all that it needs, otherwise in file order; reversed, it is the order of removal. Needs that are not
 * among the services count as there. Fails with CONFIG_INVALID where services need each other.
 */
export function inNeedsOrder(services: readonly ServiceConfig[]): Outcome<readonly ServiceConfig[]> {
  const byName = new Map(services.map((service) => [service.name, service]));
  const ordered = new Set<ServiceConfig>();
  let cycle: readonly string[] | undefined;
  const visit = (service: ServiceConfig, path: readonly string[]): void => {
    if (ordered.has(service) || cycle !== undefined) return;
    if (path.includes(service.name)) {
      cycle = [...path.slice(path.indexOf(service.name)), service.name];
      return;
    }
    for (const name of service.needs) {
      const need = byName.get(name);
      if (need !== undefined) visit(need, [...path, service.name]);
    }
    ordered.add(service);
  };
  for (const service of services) visit(service, []);
  if (cycle === undefined) return ok([...ordered]);
  return failed('CONFIG_INVALID', `services need each other: ${cycle.join(' → ')}`, {
    hint: 'remove one of the names from `needs` in appdev.yaml',
  });
}
