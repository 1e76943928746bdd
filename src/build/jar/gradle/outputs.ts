/**
 * Sees to it that Gradle's jars are made of the sources alone. Gradle takes away what its own tasks made and no longer make,
 * also after builds that failed. But it leaves what somebody else put into the folders of classes and resources, and what a
 * build left there whose daemon was killed, and packs it. So where those folders are not as the last build of
 * ours left them, they go, and Gradle makes them again.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../../../core/outcome.ts';
import { stringAt } from '../../../support/fields.ts';
import { readState, writeState } from '../../../support/files/state-file.ts';
import { takePicture } from '../file-picture.ts';
import { removeOutput } from '../remove-output.ts';

/** Folders of a project's output that its jar is made of. */
const packed = ['classes', 'resources'];

/** What is known of a project's output, across sessions. */
export class GradleOutputs {
  readonly #folder: string;

  /** @param folder where the records lie. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Before a build: removes what is not as Gradle left it. Nothing is known any more, until `end`.
   *
   * @param outputs absolute folders, one a project. Fails with SOURCE_BUILD_FAILED where removing is not permitted.
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

  /** After a build that came to an end by itself, well or not. One that is cancelled may have lost its daemon. */
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
