/**
 * What of a module's `target` goes before Maven builds it, so that the jar is that of a clean build, whatever happened
 * before. Maven does not see to that: it never takes away copies of resources that are gone, it knows the class files of its
 * last good compilation only, and it takes what is newer than its source for up to date, whoever wrote it.
 *
 * As little goes as will do: what generators made may take a minute to make again (a front end).
 */
import { lstatSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from '../../../core/outcome.ts';
import { changesBetween, namesIn, takePicture, type FilePicture } from '../file-picture.ts';
import { removeOutput } from '../remove-output.ts';

/**
 * - `nothing`: the output is as a successful build left it, and so are the inputs.
 * - `copies`: what was copied of the resources.
 * - `class-files`: every class file, and what annotation processors made.
 * - `classes`: the whole of `target/classes`, and what annotation processors made.
 * - `all`: the whole of `target`, as with `mvn clean`.
 *
 * The jars go with each but `nothing`: the jar plugin takes one that is newer than all that it is to hold for up to date.
 */
export type Clearing = 'nothing' | 'copies' | 'class-files' | 'classes' | 'all';

/** What a module's goals make beside class files and copies of resources; see goals.ts. */
export type Makes = 'nothing else' | 'generated' | 'unknown';

/** How the last build of a module in this session ended. */
export interface LastBuild {
  /** Text that differs when the compiler's settings may. */
  readonly settings: string;
  /** Its inputs before that build. */
  readonly inputs: FilePicture;
  /** Its output after that build; absent when that failed, or was cancelled or disturbed. */
  readonly output?: FilePicture;
  /** Absolute paths of the copies of resources. */
  readonly copies: ReadonlySet<string>;
  readonly makes: Makes;
  /** It ended while something was being generated. */
  readonly isHalfGenerated: boolean;
}

/** Decides what has to go. Pure. */
export function clearingFor(
  last: LastBuild | undefined,
  now: Required<Pick<LastBuild, 'settings' | 'inputs' | 'output'>>,
): Clearing {
  if (last?.settings !== now.settings) return 'all';
  const isWhole = last.output !== undefined;
  const edited = changesBetween(last.inputs, now.inputs);
  const touched = last.output === undefined ? [] : changesBetween(last.output, now.output);
  if (isWhole && edited.length === 0 && touched.length === 0) return 'nothing';
  if (last.makes === 'unknown') return 'all';
  if (last.makes === 'generated') {
    // Generators keep notes of what they made elsewhere in `target`: both go, or neither.
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

/** Annotation processors read what lies in META-INF: Spring Boot's additional metadata, for one. */
function isPlainResource(path: string): boolean {
  return /\/src\/main\/resources\/(?!META-INF\/).*(?<!\.java)$/.test(path.replaceAll('\\', '/'));
}

/** Where a module's output is. */
export interface OutputPlace {
  /** Its `target`. */
  readonly output: string;
  /** This build makes test classes, too: those of before go first. */
  readonly withTests: boolean;
}

/** Removes it. Fails with SOURCE_BUILD_FAILED where that is not permitted. */
export async function clear(
  { output, withTests }: OutputPlace,
  clearing: Clearing,
  copies: ReadonlySet<string>,
): Promise<Outcome<void>> {
  const paths = {
    nothing: () => [],
    copies: () => [...copies],
    'class-files': () => [...classFilesIn(output), ...ofProcessors.map((name) => join(output, name))],
    classes: () => ['classes', ...ofProcessors].map((name) => join(output, name)),
    all: () => namesIn(output).map((name) => join(output, name)),
  }[clearing]();
  if (clearing !== 'nothing') paths.push(...archivesIn(output));
  if (withTests) paths.push(...ofTests.map((name) => join(output, name)));
  const removed = await removeOutput(paths);
  removeEmpty(join(output, 'classes'));
  return removed;
}

/** Removes the empty folders below a folder: the jar would list them. */
function removeEmpty(folder: string): void {
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) continue;
    removeEmpty(path);
    try {
      rmdirSync(path);
    } catch {
      // Something is in it.
    }
  }
}

/** In `target`: what annotation processors made, and the compiler plugin's list of class files, which are gone. */
const ofProcessors = [
  join('generated-sources', 'annotations'),
  join('maven-status', 'maven-compiler-plugin', 'compile'),
];
const ofTests = [
  'test-classes',
  join('generated-test-sources', 'test-annotations'),
  join('maven-status', 'maven-compiler-plugin', 'testCompile'),
];

/** Absolute paths of the archives in an output folder, with those that were repackaged as they had been before. */
export function archivesIn(output: string): string[] {
  return namesIn(output)
    .filter(isArchive)
    .map((name) => join(output, name));
}

function isArchive(name: string): boolean {
  return /\.(jar|war)(\.original)?$/.test(name);
}

function classFilesIn(output: string): string[] {
  return [...takePicture([join(output, 'classes')]).keys()].filter((path) => path.endsWith('.class'));
}
