/**
 * Remembers the images that appdev built: which digest an image got when it was pushed, so that an image which comes out
 * the same again is not pushed again, and in which order they were used, so that the older ones can be pruned (the images
 * themselves carry no time). A lost file costs a push.
 */
import { join } from 'node:path';
import { listAt, stringAt } from '../support/fields.ts';
import { readState, writeState } from '../support/state-file.ts';

/** An image that was built, and pushed where `digest` is not empty. */
export interface ImageRecord {
  readonly imageId: string;
  readonly project: string;
  readonly service: string;
  /** As pushed, without tag. */
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  /** Name of the image below the last layer; empty for images of a Containerfile. */
  readonly lower: string;
}

/** Far more than is kept of all services together. */
const maxRecords = 500;

/** The records of this user on this machine, newest use first. */
export class ImageRecords {
  readonly #path: string;
  #last: Promise<unknown> = Promise.resolve();

  /** @param folder where the file lies. */
  constructor(folder: string) {
    this.#path = join(folder, 'images.json');
  }

  /** What is known of an image in a repository. */
  async find(imageId: string, repository: string): Promise<ImageRecord | undefined> {
    return (await this.list()).find(
      (record) => record.imageId === imageId && record.repository === repository,
    );
  }

  /** All of them. */
  async list(): Promise<readonly ImageRecord[]> {
    return (await readState(this.#path, (value) => listAt(value, 'images').flatMap(parseRecord))) ?? [];
  }

  /** Puts an image first. */
  async add(record: ImageRecord): Promise<void> {
    await this.#change((records) => [record, ...records.filter((other) => !isSame(other, record))]);
  }

  /** Forgets images that are not in the storage any more. */
  async forget(imageIds: ReadonlySet<string>): Promise<void> {
    await this.#change((records) => records.filter(({ imageId }) => !imageIds.has(imageId)));
  }

  /** One change at a time within this process; between processes, the last one counts. */
  async #change(edit: (records: readonly ImageRecord[]) => readonly ImageRecord[]): Promise<void> {
    const work = this.#last.then(
      async () => await writeState(this.#path, { images: edit(await this.list()).slice(0, maxRecords) }),
    );
    this.#last = work;
    await work;
  }
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
