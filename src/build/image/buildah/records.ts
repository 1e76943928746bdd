/**
 * Remembers the images that appdev built. First, their digest after the push, so that an image which comes out the same
 * again is not pushed again. Second, the order in which they were used, so that older ones can be pruned; the images
 * themselves carry no time. A lost file costs one push.
 *
 * These are images in Buildah's storage, which all projects of a user share. What a project's inputs were built into and
 * what it pushed is recorded in its own folder (loop/work/records.ts, registry/ledger.ts), and goes with it.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { linkedAbort } from '../../../support/abort.ts';
import { listAt, stringAt } from '../../../support/fields.ts';
import { userTempFolder } from '../../../support/folders.ts';
import { waitForLock, type Lock, type LockHolder } from '../../../support/files/lockfile.ts';
import { readState, writeState } from '../../../support/files/state-file.ts';
import { whereIs } from '../../../support/process/mark.ts';

/** A built image. If `digest` is not empty, it was also pushed. */
export interface ImageRecord {
  readonly imageId: string;
  readonly project: string;
  readonly service: string;
  /** The name it was pushed to, without tag. */
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  /** Name of the image below the last layer; empty for images from a Containerfile. */
  readonly lower: string;
}

/** Maximum number of records. Far more than all services together keep. */
const maxRecords = 500;

/** The records of this user on this machine, latest use first. Sessions share them. */
export interface ImageRecords {
  /** The record of an image in a repository; undefined if there is none. */
  find(imageId: string, repository: string): Promise<ImageRecord | undefined>;
  /** All records. */
  list(): Promise<readonly ImageRecord[]>;
  /** Puts an image first. If that cannot be written, it costs one push. */
  add(record: ImageRecord, signal: AbortSignal): Promise<void>;
  /**
   * Removes images from the storage and forgets them. `remove` receives all records and returns the ids of the removed
   * images. Nobody can record an image in the meantime, so one that another session has just built never counts as old.
   */
  remove(
    signal: AbortSignal,
    remove: (records: readonly ImageRecord[]) => Promise<Outcome<ReadonlySet<string>>>,
  ): Promise<Outcome<number>>;
}

/** How long to wait for a session of another container or machine, which may be gone, in milliseconds. */
const elsewhereMs = 30_000;

/**
 * The records that are kept in a folder.
 *
 * @param patienceMs how long to wait for a holder of the lock of whom nobody here can tell whether it still runs
 */
export function createImageRecords(folder: string, patienceMs = elsewhereMs): ImageRecords {
  const path = join(folder, 'images.json');
  // Not beside the file: in a home on NFS, or in a volume that outlives its container, a host that is gone might still
  // hold the lock.
  const name = `images-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`;
  const lockPath = join(userTempFolder(), 'locks', name);
  let last: Promise<unknown> = Promise.resolve();

  const list = async (): Promise<readonly ImageRecord[]> =>
    (await readState(path, (value) => listAt(value, 'images').flatMap(parseRecord))) ?? [];

  async function write(
    edit: (records: readonly ImageRecord[]) => readonly ImageRecord[],
  ): Promise<Outcome<void>> {
    return await writeState(path, { images: edit(await list()).slice(0, maxRecords) });
  }

  async function lockWithin(signal: AbortSignal): Promise<Outcome<Lock>> {
    const link = linkedAbort(signal, 'deadline');
    const stuck: LockHolder[] = [];
    let timer: NodeJS.Timeout | undefined;
    const lock = await waitForLock(lockPath, 'recording images', link.signal, (by) => {
      if (whereIs(by.place) === 'here') return;
      stuck.push(by);
      timer = setTimeout(link.abort, patienceMs);
    });
    clearTimeout(timer);
    link.unlink();
    const [by] = stuck;
    if (lock.kind !== 'cancelled' || by === undefined || signal.aborted) return lock;
    const who = `process ${by.pid} on ${by.host}, in another container or on another machine`;
    return failed('INTERNAL', `the records of images are locked by ${who}`, {
      hint: `if it no longer runs there: rm -r ${lockPath}`,
    });
  }

  /** Runs work alone: a queue orders callers in this process, a lock orders processes. */
  async function alone<T>(signal: AbortSignal, work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    const turn = last.then(async () => {
      const lock = await lockWithin(signal);
      if (lock.kind !== 'ok') return lock;
      try {
        return await work();
      } finally {
        await lock.value.release();
      }
    });
    last = turn.catch(() => undefined);
    return await turn;
  }

  return {
    list,
    find: async (imageId, repository) =>
      (await list()).find((record) => record.imageId === imageId && record.repository === repository),
    async add(record, signal) {
      await alone(
        signal,
        async () => await write((records) => [record, ...records.filter((other) => !isSame(other, record))]),
      );
    },
    remove: async (signal, remove) =>
      await alone(signal, async () => {
        const gone = await remove(await list());
        if (gone.kind !== 'ok') return gone;
        if (gone.value.size > 0)
          await write((records) => records.filter(({ imageId }) => !gone.value.has(imageId)));
        return ok(gone.value.size);
      }),
  };
}

function isSame(one: ImageRecord, other: ImageRecord): boolean {
  return one.imageId === other.imageId && one.repository === other.repository;
}

function parseRecord(value: unknown): ImageRecord[] {
  const text = (name: string): string => stringAt(value, name) ?? '';
  const imageId = text('imageId');
  if (imageId === '') return [];
  return [
    {
      imageId,
      project: text('project'),
      service: text('service'),
      repository: text('repository'),
      tag: text('tag'),
      digest: text('digest'),
      lower: text('lower'),
    },
  ];
}
