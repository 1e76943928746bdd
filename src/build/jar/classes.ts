/** Reads the output folders of a compilation. Call it before anyone else may build there. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { codeOf } from '../../support/fields.ts';
import type { Classes, ClassFolder } from '../types.ts';
import { takePicture } from './file-picture.ts';

/** Where a build tool puts the code of one service. The folders are absolute, in class path order, and may not exist. */
export interface ClassPlaces {
  /** Name of the service. */
  readonly service: string;
  readonly own: readonly string[];
  readonly upstream: readonly string[];
}

/**
 * The classes of each service. Fails with SOURCE_BUILD_FAILED if a service has none of its own, or with SOURCE_CHANGED
 * if someone removes a file that is being read.
 */
export async function readClasses(
  places: readonly ClassPlaces[],
): Promise<Outcome<ReadonlyMap<string, Classes>>> {
  const read = new Map<string, Classes>();
  for (const { service, own, upstream } of places) {
    try {
      const classes = { service, own: await foldersOf(own), upstream: await foldersOf(upstream) };
      if (classes.own.every(({ files }) => files.size === 0)) return noClasses(service, own);
      read.set(service, classes);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      return failed(
        'SOURCE_CHANGED',
        `${service}: another program removed classes after they were compiled`,
        {
          hint: 'make your IDE build into another folder, or turn off its automatic build for this project',
          exit: 3,
        },
      );
    }
  }
  return ok(read);
}

function noClasses(service: string, own: readonly string[]): Outcome<never> {
  return failed('SOURCE_BUILD_FAILED', `${service}: the build left no classes in ${own.join(' or ')}`, {
    hint: 'remove the setting by which the build writes its classes elsewhere (outputDirectory of a pom.xml)',
  });
}

async function foldersOf(paths: readonly string[]): Promise<readonly ClassFolder[]> {
  const folders: ClassFolder[] = [];
  for (const path of paths) {
    if (existsSync(path)) folders.push({ path, files: await filesIn(path) });
  }
  return folders;
}

async function filesIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const path of [...takePicture([folder]).keys()].sort()) {
    const name = relative(folder, path).split(sep).join('/');
    files.set(
      name,
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  }
  return files;
}
