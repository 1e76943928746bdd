/**
 * Finds the jar that Spring Boot made, by what is in it and not by its name: its manifest names a Boot version and a class
 * to start. Jars of sources, of plain classes and what was there before the repackaging do not.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { failed, ok, type Outcome } from '../outcome.ts';
import { parseManifest } from './manifest.ts';
import { ZipError, ZipFile } from './zip.ts';

/** Looks at every `*.jar` and `*.war` of an output folder. */
export async function findBootJar(
  service: string,
  folder: string,
  /** Milliseconds since the epoch: what was made before then may be left over from an older version. */
  startedMs: number,
): Promise<Outcome<string>> {
  const names = await readdir(folder).catch((): string[] => []);
  const found: string[] = [];
  const others: string[] = [];
  for (const name of names.filter((candidate) => /\.(jar|war)$/.test(candidate)).sort()) {
    const path = join(folder, name);
    const manifest = await readManifest(path);
    if (manifest.kind !== 'ok') return manifest;
    const isBoot = manifest.value.has('Spring-Boot-Version') && manifest.value.has('Start-Class');
    (isBoot ? found : others).push(path);
  }
  const jars = found.filter((path) => path.endsWith('.jar'));
  const [only, ...more] = jars.length > 1 ? await madeSince(jars, startedMs) : jars;
  if (only !== undefined && more.length === 0) return ok(only);
  if (jars.length > 0) {
    return failed(
      'JAR_AMBIGUOUS',
      `${service}: ${jars.length} executable jars lie in ${folder}: ${jars.map(nameOf).join(', ')}`,
      {
        hint: 'remove those of older versions (mvn clean), or let the build make one only',
      },
    );
  }
  if (found.length > 0) {
    return failed(
      'JAR_NOT_FOUND',
      `${service}: the build made ${found.map(nameOf).join(', ')}, and appdev deploys jars`,
      {
        hint: 'set <packaging>jar</packaging> in its pom.xml',
      },
    );
  }
  const made =
    others.length === 0 ? 'no jar at all' : `only ${others.map(nameOf).join(', ')}, which is not executable`;
  return failed('JAR_NOT_FOUND', `${service}: the build made ${made} in ${folder}`, {
    hint: 'add spring-boot-maven-plugin with its goal repackage to the pom.xml, or name the module of the app in jar.module',
  });
}

/** Copies a jar to where nobody else writes, checks that it is whole, and hashes the copy. Fails with JAR_NOT_FOUND. */
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

function damaged(service: string, path: string, error: ZipError): ReturnType<typeof failed> {
  return failed('JAR_NOT_FOUND', `${service}: ${path} is not a whole jar: ${error.message}`, {
    hint: 'something else may be writing it: stop other builds of this project, remove the file and try again',
  });
}

/** The clock by which file systems stamp lags behind, by a tick of the kernel or by rounding. */
const clockLagMs = 100;

/** By the time of the inode, because builds with a fixed output timestamp set the file's own time. */
async function madeSince(paths: readonly string[], startedMs: number): Promise<string[]> {
  const stats = await Promise.all(paths.map(async (path) => await stat(path)));
  const made = paths.filter((_, index) => (stats[index]?.ctimeMs ?? 0) >= startedMs - clockLagMs);
  return made.length === 0 ? [...paths] : made;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
