/** Says once which folders outside the project a build reads: an edit there starts a build, too. */
import { statSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { namesOf } from '../../core/words.ts';
import type { JarBuilder, JarInputs } from '../types.ts';
import { isBelow } from './inputs.ts';

/**
 * The builder, which also tells about folders outside the project.
 *
 * @param root absolute folder of appdev.yaml
 * @param tell called with a message for the user
 */
export function tellOutside(builder: JarBuilder, root: string, tell: (message: string) => void): JarBuilder {
  const told = new Set<string>();
  return {
    ...builder,
    async inputsOf(service) {
      const inputs = await builder.inputsOf(service);
      if (inputs.kind !== 'ok') return inputs;
      const folders = foldersOutside(root, inputs.value).filter((folder) => !told.has(folder));
      for (const folder of folders) told.add(folder);
      const shown = namesOf(folders.map((folder) => relative(root, folder)));
      if (folders.length > 0) tell(`${service.name} is also built from ${shown}: changes there count too`);
      return inputs;
    },
  };
}

/** The folders with sources that exist outside of `root`, without the build tool's settings. */
function foldersOutside(root: string, { paths }: JarInputs): string[] {
  return paths.filter(
    (path) =>
      !isBelow(root, path) &&
      !isBelow(path, root) &&
      !basename(path).startsWith('.') &&
      statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
  );
}
