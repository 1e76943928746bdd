/**
 * Which files decide what Maven makes of a module: its sources, its pom files, and whatever else its poms name. Looks at
 * names only, never at output folders.
 */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { expand, outputFolderOf, upstreamOf, type Module, type Reactor } from './reactor.ts';

/** Files beside a pom.xml, or above it up to the top, that Maven or the compiler reads. */
const settings = ['.mvn', 'mvnw', 'lombok.config'];

/**
 * The inputs of a module and of all that is built before it, absolute, sorted. Main and test sources are among them
 * whether they exist or not, because they may come to be.
 */
export function mavenInputs(reactor: Reactor, module: Module): readonly string[] {
  const inputs = new Set<string>();
  for (const upstream of upstreamOf(reactor, module)) {
    inputs.add(upstream.file);
    for (const path of settingsAround(upstream.folder, reactor.top)) inputs.add(path);
    if (upstream.pom.packaging === 'pom') continue;
    inputs.add(join(upstream.folder, 'src', 'main'));
    inputs.add(join(upstream.folder, 'src', 'test'));
    for (const path of namedPaths(upstream, reactor)) inputs.add(path);
  }
  const sorted = [...inputs].sort();
  // What lies in a folder that is listed is listed with it.
  return sorted.filter((path) => !sorted.some((other) => isBelow(other, path)));
}

/**
 * What the `<build>` of a pom names and what is there: other source roots, an API description to generate code from, the
 * folder of a front end. It has to lie in the module, and is neither the module itself nor output.
 */
function namedPaths(module: Module, reactor: Reactor): string[] {
  const output = outputFolderOf(module, reactor);
  return module.pom.paths.flatMap((text) => {
    const expanded = expand(text, module, reactor);
    if (expanded.includes('${')) return [];
    const path = resolve(module.folder, expanded);
    const isInput =
      isBelow(module.folder, path) && path !== output && !isBelow(output, path) && existsSync(path);
    return isInput ? [path] : [];
  });
}

function settingsAround(folder: string, top: string): string[] {
  const found: string[] = [];
  for (let at = folder; at === top || isBelow(top, at); at = dirname(at)) {
    found.push(...settings.map((name) => join(at, name)).filter((path) => existsSync(path)));
  }
  return found;
}

function isBelow(folder: string, path: string): boolean {
  const tail = relative(folder, path);
  return tail !== '' && tail !== '..' && !tail.startsWith(`..${sep}`) && resolve(folder, tail) === path;
}
