/**
 * Makes sure that Gradle's jars are made from the sources alone. Gradle removes what its own tasks made earlier and no
 * longer make, even after failed builds. But it keeps and packs what someone else put into the folders of classes and
 * resources, and what a build left there whose daemon was killed. So if those folders are not as our last build left
 * them, appdev removes them and Gradle makes them again.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../../../core/outcome.ts';
import { stringAt } from '../../../support/fields.ts';
import { readState, writeState } from '../../../support/files/state-file.ts';
import { takePicture } from '../file-picture.ts';
import { removeOutput } from '../remove-output.ts';

/** Folders of a project's output that go into its jar. */
const packed = ['classes', 'resources'];

/** What is known about a project's output, kept between sessions. */
export class GradleOutputs {
  readonly #folder: string;

  /** @param folder for the records. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Before a build: removes output that is not as Gradle left it. From now until `end`, nothing is known. Fails with
   * SOURCE_BUILD_FAILED if removing is not permitted.
   *
   * @param outputs absolute folders, one for each project.
   */
  async begin(outputs: readonly string[]): Promise<Outcome<void>> {
    const foreign: string[] = [];
    for (const output of outputs) {
      const file = this.#fileOf(output);
      const known = await readState(file, (value) => stringAt(value, 'picture'));
      await rm(file, { force: true });
      if (known !== pictureOf(output)) foreign.push(...foldersIn(output));
    }
    return await removeOutput(foreign);
  }

  /**
   * Call after a build that ended by itself, successful or not. Not after a cancelled one, because its daemon may have
   * been ended.
   */
  async end(outputs: readonly string[]): Promise<void> {
    for (const output of outputs) await writeState(this.#fileOf(output), { picture: pictureOf(output) });
  }

  #fileOf(output: string): string {
    return join(this.#folder, `output-${hashOf(output)}.json`);
  }
}

function pictureOf(output: string): string {
  return hashOf(JSON.stringify([...takePicture(foldersIn(output))].sort()));
}

function foldersIn(output: string): string[] {
  return packed.map((name) => join(output, name));
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
