/**
 * Finds the jar that Spring Boot made, by its content and not by its name: its manifest names a Boot version and a
 * start class. Jars of sources, jars of plain classes, and the jar from before the repackaging have no such manifest.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { parseManifest } from './archive/manifest.ts';
import { ZipError, ZipFile } from './archive/zip.ts';

/** The archives in an output folder: file name → a text that changes when the file is made again. */
export type JarListing = ReadonlyMap<string, string>;

/** Lists the archives of an output folder. */
export async function listJars(folder: string): Promise<JarListing> {
  const names = await readdir(folder).catch((): string[] => []);
  const archives = names.filter(isArchive).sort();
  const states = archives.map(async (name): Promise<[string, string]> => {
    // Uses the inode's own time, because builds with a fixed output timestamp set the file's time.
    const { ino, ctimeNs } = await stat(join(folder, name), { bigint: true });
    return [name, `${ino} ${ctimeNs}`];
  });
  return new Map(await Promise.all(states));
}

/**
 * Looks at every `*.jar` and `*.war` in an output folder. If several are executable, the one that this build made
 * counts. Fails with JAR_NOT_FOUND or JAR_AMBIGUOUS.
 *
 * @param before what the folder contained when the build began.
 */
export async function findBootJar(
  service: string,
  folder: string,
  before: JarListing,
): Promise<Outcome<string>> {
  const now = await listJars(folder);
  const sorted = await sortArchives([...now.keys()].map((name) => join(folder, name)));
  if (sorted.kind !== 'ok') return sorted;
  const { executable, others } = sorted.value;
  const jars = executable.filter((path) => path.endsWith('.jar'));
  const made = jars.filter((path) => now.get(nameOf(path)) !== before.get(nameOf(path)));
  return theJar(service, folder, {
    executable: jars.length > 1 && made.length > 0 ? made : executable,
    others,
  });
}

/**
 * The executable jar among the archives that a build says it made, and those that it wrote without saying so. What lay
 * in the output folder before does not count. Fails with JAR_NOT_FOUND or JAR_AMBIGUOUS.
 *
 * @param before what the folder contained when the build began.
 * @param said absolute paths; what is not an archive does not matter.
 */
export async function findMadeJar(
  service: string,
  folder: string,
  before: JarListing,
  said: readonly string[],
): Promise<Outcome<string>> {
  const written = [...(await listJars(folder))].filter(([name, state]) => before.get(name) !== state);
  const archives: string[] = [];
  for (const path of new Set([...said, ...written.map(([name]) => join(folder, name))])) {
    if (isArchive(path) && (await isFile(path))) archives.push(path);
  }
  const sorted = await sortArchives(archives.sort());
  return sorted.kind === 'ok' ? theJar(service, folder, sorted.value) : sorted;
}

/** Archives by whether they are executable. */
interface SortedArchives {
  readonly executable: readonly string[];
  readonly others: readonly string[];
}

async function sortArchives(paths: readonly string[]): Promise<Outcome<SortedArchives>> {
  const executable: string[] = [];
  const others: string[] = [];
  for (const path of paths) {
    const manifest = await readManifest(path);
    if (manifest.kind !== 'ok') return manifest;
    (isExecutable(manifest.value) ? executable : others).push(path);
  }
  return ok({ executable, others });
}

function theJar(service: string, folder: string, { executable, others }: SortedArchives): Outcome<string> {
  const jars = executable.filter((path) => path.endsWith('.jar'));
  const [only, ...more] = jars;
  if (only !== undefined && more.length === 0) return ok(only);
  if (jars.length > 0) {
    return failed(
      'JAR_AMBIGUOUS',
      `${service}: ${jars.length} executable jars lie in ${folder}: ${jars.map(nameOf).join(', ')}`,
      {
        hint: 'remove those of older versions (mvn clean), or change the build so that it makes only one',
      },
    );
  }
  if (executable.length > 0) {
    return failed(
      'JAR_NOT_FOUND',
      `${service}: the build made ${executable.map(nameOf).join(', ')}, but appdev deploys only jars`,
      {
        hint: 'set <packaging>jar</packaging> in its pom.xml',
      },
    );
  }
  const instead =
    others.length === 0 ? 'no jar at all' : `only ${others.map(nameOf).join(', ')}, which is not executable`;
  return failed('JAR_NOT_FOUND', `${service}: the build made ${instead} in ${folder}`, {
    hint: 'add spring-boot-maven-plugin with its goal repackage to the pom.xml, or name the module of the app in jar.module',
  });
}

/**
 * Checks the content of the jar that a build says it makes. Fails with JAR_NOT_FOUND.
 *
 * @param path where the build says it puts the jar.
 */
export async function checkBootJar(service: string, path: string): Promise<Outcome<string>> {
  if (!(await isFile(path))) {
    return failed('JAR_NOT_FOUND', `${service}: the build succeeded, but ${path} does not exist`, {
      hint: 'check whether the build script disables the task that makes it',
    });
  }
  const manifest = await readManifest(path);
  if (manifest.kind !== 'ok') return manifest;
  if (isExecutable(manifest.value)) return ok(path);
  return failed('JAR_NOT_FOUND', `${service}: ${path} is not an executable jar of Spring Boot`, {
    hint: "let Spring Boot's Gradle plugin make it (task bootJar), or name the project of the app in jar.module",
  });
}

/** True if a file is an executable jar of Spring Boot; false if it cannot be read. */
export async function isBootJar(path: string): Promise<boolean> {
  const manifest = await readManifest(path);
  return manifest.kind === 'ok' && isExecutable(manifest.value);
}

/**
 * Copies a jar to a place where nobody else writes, checks that the copy is complete, and hashes it. Fails with
 * JAR_NOT_FOUND.
 */
export async function stageJar(
  service: string,
  path: string,
  to: string,
): Promise<Outcome<{ readonly sha256: string }>> {
  await copyFile(path, to, constants.COPYFILE_FICLONE);
  try {
    await (await ZipFile.open(to)).close();
  } catch (error) {
    if (error instanceof ZipError) return damaged(service, path, error);
    throw error;
  }
  return ok({ sha256: await sha256Of(to) });
}

/** `sha256` of a file's bytes, hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function readManifest(path: string): Promise<Outcome<ReadonlyMap<string, string>>> {
  let zip: ZipFile | undefined;
  try {
    zip = await ZipFile.open(path);
    return ok(parseManifest((await zip.readText('META-INF/MANIFEST.MF')) ?? ''));
  } catch (error) {
    if (error instanceof ZipError) return damaged(nameOf(path), path, error);
    throw error;
  } finally {
    await zip?.close();
  }
}

function isExecutable(manifest: ReadonlyMap<string, string>): boolean {
  return manifest.has('Spring-Boot-Version') && manifest.has('Start-Class');
}

function isArchive(name: string): boolean {
  return /\.(jar|war)$/.test(name);
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

function damaged(service: string, path: string, error: ZipError): ReturnType<typeof failed> {
  return failed('JAR_NOT_FOUND', `${service}: ${path} is not a complete jar: ${error.message}`, {
    hint: 'something else may be writing it: stop other builds of this project, remove the file and try again',
  });
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
