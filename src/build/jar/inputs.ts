/** Collects what a jar is made from, for both build tools. Pure. */
import { relative, resolve, sep } from 'node:path';
import type { JarInputs } from '../types.ts';

/** What a build tool knows. All paths are absolute; duplicates are allowed. */
export interface InputParts {
  readonly files: Iterable<string>;
  /** Folders that are compiled or packed as they are. */
  readonly sources: Iterable<string>;
  /** Folders of the modules that are built. */
  readonly modules: readonly string[];
  readonly outputs: Iterable<string>;
}

/**
 * The inputs, sorted, without those that lie inside others. A source folder that contains a whole module also contains
 * much that is not a source (notes, caches, a front end's bundle), so there git decides.
 */
export function jarInputs({ files, sources, modules, outputs }: InputParts): JarInputs {
  const plain = new Set(files);
  const own = new Set<string>();
  for (const path of sources) {
    const isAround = modules.some((folder) => folder === path || isBelow(path, folder));
    (isAround ? plain : own).add(path);
  }
  const outermost = (path: string, around: readonly string[]): boolean =>
    !around.some((other) => isBelow(other, path));
  const kept = [...own].sort().filter((path, _index, all) => outermost(path, all));
  const others = [...plain]
    .filter((path) => !own.has(path))
    .filter((path, _index, all) => outermost(path, [...all, ...kept]));
  return { paths: [...kept, ...others].sort(), sources: kept, outputs: [...new Set(outputs)].sort() };
}

/** True if a path is inside a folder, not the folder itself. Both are absolute. */
export function isBelow(folder: string, path: string): boolean {
  const tail = relative(folder, path);
  return tail !== '' && tail !== '..' && !tail.startsWith(`..${sep}`) && resolve(folder, tail) === path;
}
