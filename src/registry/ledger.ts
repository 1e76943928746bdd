/**
 * Remembers which images this project pushed, newest first, in `.appdev/pushed.json`. It is the only proof that an
 * image in a registry is ours to remove, and the only order there is: the registry keeps no push times, and
 * reproducible images all carry the same date. If the file is lost, images stay; none is removed.
 *
 * It is not one file with the records of loop/work/records.ts: a record goes when ten newer ones have come, but an image
 * stays in here until the registry has lost it.
 */
import { join } from 'node:path';
import type { Artifact } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import { listAt, numberAt, stringsAt } from '../support/fields.ts';
import { readState, writeState } from '../support/files/state-file.ts';

const keys = ['service', 'repository', 'pullRepository', 'tag', 'digest'] as const;

/** One pushed image. */
export type PushedImage = Pick<Artifact, (typeof keys)[number]>;

/** The project's pushed images. */
export interface PushLedger {
  /** Puts an artifact first. Call it for each one that is about to be deployed, whether it was built now or earlier. */
  add(artifact: Artifact): Promise<Outcome<void>>;
  /** All images, the last added first. */
  list(): Promise<readonly PushedImage[]>;
  /** Removes images that are no longer in the registry. */
  forget(images: readonly PushedImage[]): Promise<Outcome<void>>;
}

/** Maximum number of entries. Only reached if a registry does not delete. */
const maxEntries = 1000;

/** The ledger of the project with this state folder (`<project>/.appdev`). */
export function createPushLedger(stateFolder: string): PushLedger {
  const path = join(stateFolder, 'pushed.json');
  // Services finish their pushes at the same time, but only one change of the file may happen at a time.
  let last: Promise<unknown> = Promise.resolve();

  const list = async (): Promise<readonly PushedImage[]> => (await readState(path, entriesOf)) ?? [];

  async function change(
    edit: (entries: readonly PushedImage[]) => readonly PushedImage[],
  ): Promise<Outcome<void>> {
    const work = last.then(
      async () => await writeState(path, { version: 1, images: edit(await list()).slice(0, maxEntries) }),
    );
    last = work;
    return await work;
  }

  return {
    list,
    add: async ({ service, repository, pullRepository, tag, digest }) => {
      const entry: PushedImage = { service, repository, pullRepository, tag, digest };
      return await change((entries) => [entry, ...entries.filter((other) => !isSame(other, entry))]);
    },
    forget: async (images) =>
      await change((entries) => entries.filter((entry) => !images.some((image) => isSame(image, entry)))),
  };
}

function isSame(one: PushedImage, other: PushedImage): boolean {
  return (
    one.service === other.service &&
    one.repository === other.repository &&
    one.tag === other.tag &&
    one.digest === other.digest
  );
}

function entriesOf(value: unknown): readonly PushedImage[] | undefined {
  if (numberAt(value, 'version') !== 1) return undefined;
  return listAt(value, 'images').flatMap((entry) => stringsAt(entry, keys) ?? []);
}
