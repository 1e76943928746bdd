/** Checks `otherImageValues`: every key is another service of the project, and that service has an image. */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { diagnosticAt } from '../text/locate.ts';
import { nearest } from '../text/nearest.ts';
import { entriesAt, entryAt, pathText, type Entry } from '../text/tree.ts';

/** The errors in the `otherImageValues` of all services. */
export function checkOtherImages(services: readonly (readonly [string, Entry])[]): Diagnostic[] {
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
      if (!names.includes(other)) {
        const near = nearest(other, names);
        const hint = near === undefined ? `services: ${names.join(', ')}` : `did you mean ${near}?`;
        return [diagnosticAt(key, `${at}: there is no service "${other}"`, hint)];
      }
      if (built.includes(other)) return [];
      return [diagnosticAt(key, `${at}: the service ${other} has no image`, 'remove it')];
    }),
  );
}
