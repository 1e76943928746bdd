/**
 * Decides what to remove from a module's `target` before Maven builds it, so that the jar is that of a clean build
 * whatever happened before. Maven does not do this itself: it never removes copies of resources that are gone, it knows
 * only the class files of its last successful compilation, and it considers anything up to date that is newer than its
 * source, whoever wrote it.
 *
 * A compilation leaves the jars alone. The next build for a jar then removes them.
 *
 * Removes as little as possible, because what generators made may take a minute to make again (a front end).
 */
import { lstatSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from '../../../core/outcome.ts';
import { changesBetween, namesIn, takePicture, type FilePicture } from '../file-picture.ts';
import { removeOutput } from '../remove-output.ts';

/**
 * - `nothing`: the output and the inputs are as a successful build left them.
 * - `jars`: only the jars, because the last build did not make them.
 * - `copies`: the copies of resources.
 * - `class-files`: every class file, and what annotation processors made.
 * - `classes`: all of `target/classes`, and what annotation processors made.
 * - `all`: all of `target`, as with `mvn clean`.
 *
 * Except for `nothing`, each of them includes the jars if this build makes them: the jar plugin considers a jar up to
 * date that is newer than all of its contents.
 */
export type Clearing = 'nothing' | 'jars' | 'copies' | 'class-files' | 'classes' | 'all';

/** What a module's goals make besides class files and copies of resources; see goals.ts. */
export type Makes = 'nothing else' | 'generated' | 'unknown';

/** How the last build of a module in this session ended. */
export interface LastBuild {
  /** Text that differs if the compiler's settings may differ. */
  readonly settings: string;
  /** Its inputs before that build. */
  readonly inputs: FilePicture;
  /** Its output after that build. Absent if the build failed, was cancelled, or was disturbed. */
  readonly output?: FilePicture;
  /** Absolute paths of the copies of resources. */
  readonly copies: ReadonlySet<string>;
  readonly makes: Makes;
  /** True if the build ended while something was being generated. */
  readonly isHalfGenerated: boolean;
  /** True if that build was for jars, so that those in `output` are made of the classes in `output`. */
  readonly isPacked: boolean;
}

/** Decides what must be removed. Pure. */
export function clearingFor(
  last: LastBuild | undefined,
  now: Required<Pick<LastBuild, 'settings' | 'inputs' | 'output'>>,
): Clearing {
  if (last?.settings !== now.settings) return 'all';
  const isWhole = last.output !== undefined;
  const edited = changesBetween(last.inputs, now.inputs);
  const touched = last.output === undefined ? [] : changesBetween(last.output, now.output);
  if (isWhole && edited.length === 0 && touched.length === 0) return last.isPacked ? 'nothing' : 'jars';
  if (last.makes === 'unknown') return 'all';
  if (last.makes === 'generated') {
    // Generators keep notes in `target` about what they made elsewhere: remove both, or neither.
    const isKept = !last.isHalfGenerated && edited.every(isJava) && touched.every(isMadeOfJava);
    return isKept ? 'class-files' : 'all';
  }
  const isCopied = edited.every(isPlainResource) && touched.every((path) => last.copies.has(path));
  return isWhole && isCopied ? 'copies' : 'classes';
}

function isJava(path: string): boolean {
  return path.endsWith('.java');
}

function isMadeOfJava(path: string): boolean {
  return path.endsWith('.class') || isArchive(path);
}

/**
 * True for a resource that annotation processors do not read. They read META-INF, for example Spring Boot's additional
 * metadata.
 */
function isPlainResource(path: string): boolean {
  return !path.endsWith('.java') && /\/src\/main\/resources\/(?!META-INF\/)/.test(path.replaceAll('\\', '/'));
}

/** Where a module's output is. */
export interface OutputPlace {
  /** Its `target`. */
  readonly output: string;
  /** The folder of its classes and copies of resources; usually `target/classes`. */
  readonly classes: string;
  /** True if this build also makes test classes. Then the earlier ones are removed first. */
  readonly withTests: boolean;
  /** True if this build makes jars. Otherwise it leaves those that are there alone. */
  readonly withJars: boolean;
}

/** Removes it. Fails with SOURCE_BUILD_FAILED if that is not permitted. */
export async function clear(
  { output, classes, withTests, withJars }: OutputPlace,
  clearing: Clearing,
  copies: ReadonlySet<string>,
): Promise<Outcome<void>> {
  const paths = {
    nothing: () => [],
    jars: () => [],
    copies: () => [...copies],
    'class-files': () => [...classFilesIn(classes), ...ofProcessors.map((name) => join(output, name))],
    classes: () => [classes, ...ofProcessors.map((name) => join(output, name))],
    all: () => [
      classes,
      ...namesIn(output)
        .filter((name) => !isArchive(name))
        .map((name) => join(output, name)),
    ],
  }[clearing]();
  if (clearing !== 'nothing' && withJars) paths.push(...archivesIn(output));
  if (withTests) paths.push(...ofTests.map((name) => join(output, name)));
  const removed = await removeOutput(paths);
  removeEmpty(classes);
  return removed;
}

/** Removes the empty folders below a folder, because the jar would list them. */
function removeEmpty(folder: string): void {
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) continue;
    removeEmpty(path);
    try {
      rmdirSync(path);
    } catch {
      // It is not empty.
    }
  }
}

/**
 * Folders in `target`: what annotation processors made, and the compiler plugin's list of class files, which are gone.
 */
const ofProcessors = [
  join('generated-sources', 'annotations'),
  join('maven-status', 'maven-compiler-plugin', 'compile'),
];
const ofTests = [
  'test-classes',
  join('generated-test-sources', 'test-annotations'),
  join('maven-status', 'maven-compiler-plugin', 'testCompile'),
];

/** Absolute paths of the archives in an output folder. Includes the originals of repackaged ones. */
export function archivesIn(output: string): string[] {
  return namesIn(output)
    .filter(isArchive)
    .map((name) => join(output, name));
}

function isArchive(name: string): boolean {
  return /\.(jar|war)(\.original)?$/.test(name);
}

function classFilesIn(classes: string): string[] {
  return [...takePicture([classes]).keys()].filter((path) => path.endsWith('.class'));
}
