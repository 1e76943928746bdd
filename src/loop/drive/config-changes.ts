/** Names what differs between two configurations, as a reader of appdev.yaml would. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { ProjectConfig } from '../../config/model.ts';

/** How many keys deep a change is named: `services.orders.dev.forward`. */
const depth = 4;

/**
 * The keys whose values differ, in the order of `after`: `keepImages`, `services.orders.dev.forward`. A key that came or
 * went is marked so.
 */
export function configChanges(before: ProjectConfig, after: ProjectConfig): readonly string[] {
  return differences(plain(before), plain(after), []);
}

/** What a person writes: services by their names, and no paths of files. */
function plain({ file: _file, root: _root, files: _files, services, ...rest }: ProjectConfig): object {
  return { ...rest, services: Object.fromEntries(services.map(({ name, ...service }) => [name, service])) };
}

function differences(before: object, after: object, path: readonly string[]): string[] {
  const old = new Map<string, unknown>(Object.entries(before));
  const now = new Map<string, unknown>(Object.entries(after));
  return [...new Set([...now.keys(), ...old.keys()])].flatMap((key) => {
    const [a, b] = [old.get(key), now.get(key)];
    if (isDeepStrictEqual(a, b)) return [];
    const name = [...path, key];
    if (a === undefined) return [`${name.join('.')} (new)`];
    if (b === undefined) return [`${name.join('.')} (gone)`];
    if (name.length === depth || !isPlain(a) || !isPlain(b)) return [name.join('.')];
    return differences(a, b, name);
  });
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
