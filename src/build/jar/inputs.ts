/** Puts together what a jar is made from, for either build tool. Pure. */
import { relative, resolve, sep } from 'node:path';
import type { JarInputs } from '../types.ts';

/** What a build tool knows. All paths are absolute, and may be named twice. */
export interface InputParts {
  readonly files: Iterable<string>;
  /** Folders that are compiled or packed as they are. */
  readonly sources: Iterable<string>;
  /** Folders of the modules that are built. */
  readonly modules: readonly string[];
  readonly outputs: Iterable<string>;
}

/**
 * The inputs, sorted, without what lies in others of them. A folder of sources around a whole module holds much that is none
 * (notes, caches, a front end's bundle): there, git has its say.
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

/** Whether a path lies in a folder, and is not the folder itself. Both are absolute. */
export function isBelow(folder: string, path: string): boolean {
  const tail = relative(folder, path);
  return tail !== '' && tail !== '..' && !tail.startsWith(`..${sep}`) && resolve(folder, tail) === path;
}
