/** Private copies of the jars that Maven made: nobody writes to them while an image is built. Kept for the session. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Outcome } from '../outcome.ts';
import { makeLargeTempFolder } from '../support/temp.ts';
import { findBootJar, listJars, stageJar, type JarListing } from './boot-jar.ts';
import type { Located } from './maven-project.ts';
import { outputFolderOf } from './reactor.ts';
import type { Jar } from './types.ts';

/** Jars of a service that are kept: the newest one, and the one that an image may still be built from. */
const keptJars = 2;

/** What lies in the services' output folders, by service. */
export async function listOutputs(located: readonly Located[]): Promise<ReadonlyMap<string, JarListing>> {
  const listings = located.map(async ({ service, reactor, module }): Promise<[string, JarListing]> => [
    service.name,
    await listJars(outputFolderOf(module, reactor)),
  ]);
  return new Map(await Promise.all(listings));
}

/** The copies of one session. */
export class JarStaging {
  readonly #copies = new Map<string, readonly string[]>();
  #folder: string | undefined;
  #count = 0;

  /**
   * Finds and copies the jar of each service. Fails with JAR_NOT_FOUND or JAR_AMBIGUOUS.
   *
   * @param before what lay in the output folder of each service when the build began.
   */
  async collect(
    located: readonly Located[],
    before: ReadonlyMap<string, JarListing>,
  ): Promise<Outcome<ReadonlyMap<string, Jar>>> {
    const jars = new Map<string, Jar>();
    for (const { service, reactor, module } of located) {
      const built = await findBootJar(
        service.name,
        outputFolderOf(module, reactor),
        before.get(service.name) ?? new Map(),
      );
      if (built.kind !== 'ok') return built;
      this.#count += 1;
      this.#folder ??= makeLargeTempFolder('jars');
      const path = join(this.#folder, `${service.name}-${this.#count}.jar`);
      const copy = await stageJar(service.name, built.value, path);
      if (copy.kind !== 'ok') return copy;
      await this.#keep(service.name, path);
      jars.set(service.name, { service: service.name, path, built: built.value, sha256: copy.value.sha256 });
    }
    return ok(jars);
  }

  async #keep(service: string, path: string): Promise<void> {
    const copies = [path, ...(this.#copies.get(service) ?? [])];
    this.#copies.set(service, copies.slice(0, keptJars));
    for (const old of copies.slice(keptJars)) await rm(old, { force: true });
  }
}
