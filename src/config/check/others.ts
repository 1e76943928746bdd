/**
 * Checks what services say of each other. `needs`: every name is a service of the project, and no service needs itself,
 * directly or through others. `otherImageValues`: every key is another service, and that service has an image.
 */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { diagnosticAt } from '../text/locate.ts';
import { nearest } from '../text/nearest.ts';
import { entriesAt, entryAt, itemsAt, pathText, stringAt, type Named, type Origin } from '../text/tree.ts';

/** One entry of `needs`: the service it names, where it was written, and its path for messages. */
interface Need {
  readonly on: string;
  readonly origin: Origin;
  readonly path: string;
}

function needsOf([name, { value }]: Named): Need[] {
  return itemsAt(value, ['needs']).flatMap((_, index) => {
    const text = stringAt(value, ['needs', index]);
    const path = pathText(['services', name, 'needs', index]);
    return text === undefined ? [] : [{ on: text.value, origin: text.origin, path }];
  });
}

/** The errors in the `needs` of all services. */
export function checkNeeds(services: readonly Named[]): Diagnostic[] {
  const names = services.map(([name]) => name);
  const needs = new Map(services.map((service) => [service[0], needsOf(service)]));
  const unknown = [...needs.values()].flat().flatMap(({ on, origin, path }) => {
    return names.includes(on) ? [] : [unknownService(on, names, path, origin)];
  });
  return [...unknown, ...findCircles(needs)];
}

/** Reports each circle once, at the entry of `needs` that closes it. Searches depth first, in file order. */
function findCircles(needs: ReadonlyMap<string, readonly Need[]>): Diagnostic[] {
  const found: Diagnostic[] = [];
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): void => {
    for (const { on, origin } of done.has(name) ? [] : (needs.get(name) ?? [])) {
      const start = [...way, name].indexOf(on);
      if (start < 0) visit(on, [...way, name]);
      else {
        if (on === name) {
          found.push(diagnosticAt(origin, `services.${name} needs itself`, 'remove it'));
          continue;
        }
        const circle = [...[...way, name].slice(start), on].join(' → ');
        found.push(
          diagnosticAt(
            origin,
            `services need each other in a circle: ${circle}`,
            'remove one of these needs',
          ),
        );
      }
    }
    done.add(name);
  };
  for (const name of needs.keys()) visit(name, []);
  return found;
}

/** The errors in the `otherImageValues` of all services. */
export function checkOtherImages(services: readonly Named[]): Diagnostic[] {
  const names = services.map(([name]) => name);
  const built = services.flatMap(([name, { value }]) =>
    ['jar', 'image'].some((key) => entryAt(value, [key]) !== undefined) ? [name] : [],
  );
  return services.flatMap(([service, { value }]) =>
    entriesAt(value, ['deploy', 'helm', 'otherImageValues']).flatMap(([other, { key }]) => {
      const at = pathText(['services', service, 'deploy', 'helm', 'otherImageValues', other]);
      if (other === service) {
        return [
          diagnosticAt(
            key,
            `${at} is the service itself`,
            "use deploy.helm.imageValues for the service's own image",
          ),
        ];
      }
      if (!names.includes(other)) return [unknownService(other, names, at, key)];
      if (built.includes(other)) return [];
      return [diagnosticAt(key, `${at}: the service ${other} has no image`, 'remove it')];
    }),
  );
}

function unknownService(name: string, names: readonly string[], at: string, origin: Origin): Diagnostic {
  const near = nearest(name, names);
  const hint = near === undefined ? `services: ${names.join(', ')}` : `did you mean ${near}?`;
  return diagnosticAt(origin, `${at}: there is no service "${name}"`, hint);
}
