/**
 * Private copies of the built jars, so that nobody writes to them while an image is made. Kept until the session ends.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceConfig } from '../../config/model.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { fullTemporary, orDiskFull } from '../../support/files/disk-full.ts';
import { makeLargeTempFolder } from '../../support/files/temp.ts';
import { largeTempRoot } from '../../support/system.ts';
import { stageJar } from './boot-jar.ts';
import type { JarStages } from './stages.ts';
import type { Jar } from '../types.ts';

/** An executable jar, where the build tool put it. */
export interface BuiltJar {
  /** Name of the service. */
  readonly service: string;
  /** Absolute path. */
  readonly path: string;
}

/** How many jars of a service are kept: the newest one, and the one that an image may still be built from. */
const keptJars = 2;

/** The copies of one session. */
export class JarStaging {
  readonly #copies = new Map<string, readonly string[]>();
  #folder: string | undefined;
  #count = 0;

  /** Copies the jar of each service. Fails with JAR_NOT_FOUND if one is not complete. */
  async collect(built: readonly BuiltJar[]): Promise<Outcome<ReadonlyMap<string, Jar>>> {
    const jars = new Map<string, Jar>();
    for (const { service, path: from } of built) {
      this.#count += 1;
      this.#folder ??= makeLargeTempFolder('jars');
      const path = join(this.#folder, `${service}-${this.#count}.jar`);
      const copy = await stageJar(service, from, path);
      if (copy.kind !== 'ok') return copy;
      await this.#keep(service, path);
      jars.set(service, { service, path, built: from, sha256: copy.value.sha256 });
    }
    return ok(jars);
  }

  async #keep(service: string, path: string): Promise<void> {
    const copies = [path, ...(this.#copies.get(service) ?? [])];
    this.#copies.set(service, copies.slice(0, keptJars));
    for (const old of copies.slice(keptJars)) await rm(old, { force: true });
  }
}

/**
 * Runs `make`, which ends in copies of the jars, and ends the build's stages with its outcome and the jars' sizes.
 * Fails with DISK_FULL if there is no room for the copies.
 */
export async function finishWithJars(
  stages: JarStages,
  services: readonly Pick<ServiceConfig, 'name'>[],
  make: () => Promise<Outcome<ReadonlyMap<string, Jar>>>,
): Promise<Outcome<ReadonlyMap<string, Jar>>> {
  const what = `copying the jar of ${services.map(({ name }) => name).join(', ')}`;
  const jars = await orDiskFull(what, [fullTemporary(largeTempRoot())], { exit: 3 }, make);
  return stages.finish(jars, jars.kind === 'ok' ? await jarSizes([...jars.value.values()]) : undefined);
}

/** The sizes of jars, as the detail of the stage `package`. */
async function jarSizes(jars: readonly Jar[]): Promise<string> {
  const texts = jars.map(async ({ path }) => `${((await stat(path)).size / 1e6).toFixed(1)} MB`);
  return (await Promise.all(texts)).join(', ');
}
