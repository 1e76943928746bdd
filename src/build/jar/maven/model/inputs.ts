/**
 * Which files decide what Maven makes of a module: its sources, its pom files, and everything else that its own poms
 * and their parents name. Only looks at names, never at output folders.
 */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { isBelow, jarInputs } from '../../inputs.ts';
import type { SourceFolder } from './pom-paths.ts';
import {
  classesFolderOf,
  expand,
  lineageOf,
  outputFolderOf,
  upstreamOf,
  type Module,
  type Reactor,
} from './reactor.ts';
import type { JarInputs } from '../../../types.ts';

/** Files beside a pom.xml, or above it up to the top, that Maven or the compiler reads. */
const settings = ['.mvn', 'mvnw', 'lombok.config'];

/**
 * The inputs of a module and of everything that is built before it. Includes sources and resources wherever they are,
 * even if they do not exist, because they may be created.
 */
export function mavenInputs(reactor: Reactor, module: Module): JarInputs {
  const upstream = upstreamOf(reactor, module);
  const built = upstream.filter(({ pom }) => pom.packaging !== 'pom');
  const outputsOf = (modules: Iterable<Module>): string[] =>
    [...modules].flatMap((each) => {
      const output = outputFolderOf(each, reactor);
      const classes = classesFolderOf(each, reactor);
      return isBelow(output, classes) ? [output] : [output, classes];
    });
  const outputs = outputsOf([...reactor.modules.values(), ...upstream]);
  // A bundle that another build puts into its output folder is a resource like any other.
  const own = outputsOf(built);
  const named = built.map((each) => namedBy(each, reactor));
  return jarInputs({
    files: [
      ...upstream.flatMap(({ file, folder }) => [file, ...settingsAround(folder, reactor.top)]),
      ...named.flatMap(({ others }) => others).filter((path) => !isWithin(outputs, path)),
    ],
    sources: [
      ...built.flatMap(({ folder }) => ['main', 'test'].map((name) => join(folder, 'src', name))),
      ...named.flatMap(({ sources }) => sources).filter((path) => !isWithin(own, path)),
    ],
    modules: built.map(({ folder }) => folder),
    outputs,
  });
}

function isWithin(folders: readonly string[], path: string): boolean {
  return folders.some((folder) => folder === path || isBelow(folder, path));
}

interface Named {
  readonly sources: readonly string[];
  readonly others: readonly string[];
}

/**
 * What the `<build>` of a module's pom and those of its parents name. An inherited relative path starts at the module's
 * own folder. Of things that are not sources (an API description to generate code from, the folder of a front end),
 * only what exists is returned, because any text may look like a path; and never a folder around the module.
 */
function namedBy(module: Module, reactor: Reactor): Named {
  const names = lineageOf(module).map(({ pom }) => pom.names);
  const pathOf = (text: string): string[] => {
    const expanded = expand(text, module, reactor);
    return expanded.includes('${') ? [] : [resolve(module.folder, expanded)];
  };
  const isOther = (path: string): boolean =>
    path !== module.folder && !isBelow(path, module.folder) && existsSync(path);
  return {
    sources: names.flatMap(({ sources }) => sources.flatMap(placesOf)).flatMap(pathOf),
    // A path that is written as absolute is a program or a folder of this machine.
    others: names
      .flatMap(({ others }) => others.filter((text) => !isAbsolute(text)).flatMap(pathOf))
      .filter(isOther),
  };
}

/** What counts of a folder: the folder itself, or less if all of its patterns begin with a name. */
function placesOf({ folder, includes }: SourceFolder): string[] {
  if (includes.length === 0) return [folder];
  return includes.map((pattern) => {
    const parts = pattern.replaceAll('\\', '/').split('/');
    const wild = parts.findIndex((part) => /[*?]/.test(part));
    return [folder, ...(wild === -1 ? parts : parts.slice(0, wild))].filter((part) => part !== '').join('/');
  });
}

function settingsAround(folder: string, top: string): string[] {
  const found: string[] = [];
  for (let at = folder; at === top || isBelow(top, at); at = dirname(at)) {
    found.push(...settings.map((name) => join(at, name)).filter((path) => existsSync(path)));
  }
  return found;
}
