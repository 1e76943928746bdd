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
  const archives = names.filter((name) => /\.(jar|war)$/.test(name)).sort();
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
  const found: string[] = [];
  const others: string[] = [];
  for (const name of now.keys()) {
    const path = join(folder, name);
    const manifest = await readManifest(path);
    if (manifest.kind !== 'ok') return manifest;
    (isExecutable(manifest.value) ? found : others).push(path);
  }
  const jars = found.filter((path) => path.endsWith('.jar'));
  const made = jars.filter((path) => now.get(nameOf(path)) !== before.get(nameOf(path)));
  const [only, ...more] = jars.length > 1 && made.length > 0 ? made : jars;
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
  if (found.length > 0) {
    return failed(
      'JAR_NOT_FOUND',
      `${service}: the build made ${found.map(nameOf).join(', ')}, but appdev deploys only jars`,
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
