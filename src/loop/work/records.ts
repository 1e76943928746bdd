/**
 * Remembers across sessions which artifact a service's inputs were built into. So a second start with nothing changed
 * builds nothing. There is one small file a service under `.appdev/artifacts`. A record is a hint: whoever uses it
 * asks the registry first. A file that cannot be read or written only costs a build. What was pushed is recorded by
 * registry/ledger.ts, which says why it is another file.
 */
import { join } from 'node:path';
import type { Artifact } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import { fieldAt, listAt, numberAt, stringsAt } from '../../support/fields.ts';
import { readState, writeState } from '../../support/files/state-file.ts';
import type { RecordKey, Records } from './types.ts';

/** Reads and writes whole state files. A reader sees the old or the new content, never half of one. */
export interface StateFiles {
  /** The parsed content; `undefined` if none can be read. */
  read(path: string): Promise<unknown>;
  write(path: string, value: unknown): Promise<Outcome<void>>;
}

/**
 * Records that are kept of a service. Going back to what was built a few saves ago then needs no build. The registry
 * prunes older images anyway.
 */
const kept = 10;
/** Version of the format. Files of version 1 may name images with classes whose sources were gone. */
const version = 2;
const onDisk: StateFiles = { read: (path) => readState(path, (value) => value), write: writeState };

type Entry = RecordKey & { readonly artifact: Artifact };

/** The file with the records of a service. `folder` is the project's state folder. */
export function recordsFile(folder: string, service: string): string {
  return join(folder, 'artifacts', `${service}.json`);
}

/** The records of a project. `folder` is its state folder (`<project>/.appdev`). */
export function createRecords(folder: string, files: StateFiles = onDisk): Records {
  const known = new Map<string, readonly Entry[]>();
  const path = (service: string): string => recordsFile(folder, service);

  async function entriesOf(service: string): Promise<readonly Entry[]> {
    const loaded = known.get(service);
    if (loaded !== undefined) return loaded;
    // A file of another version, or a damaged one, counts as none.
    const entries = parse(await files.read(path(service)));
    known.set(service, entries);
    return entries;
  }

  return {
    async find(service, key) {
      const entries = await entriesOf(service);
      return entries.find(
        (entry) =>
          entry.inputHash === key.inputHash &&
          entry.target === key.target &&
          (key.tests === '' || entry.tests === key.tests),
      )?.artifact;
    },
    async newest(service) {
      return (await entriesOf(service))[0]?.artifact;
    },
    async add(service, { inputHash, tests, target }, artifact) {
      const others = (await entriesOf(service)).filter(
        (entry) => entry.inputHash !== inputHash || entry.target !== target,
      );
      const entries = [{ inputHash, tests, target, artifact }, ...others].slice(0, kept);
      known.set(service, entries);
      await files.write(path(service), { version, artifacts: entries });
    },
  };
}

function parse(content: unknown): readonly Entry[] {
  const entries = listAt(content, 'artifacts');
  return numberAt(content, 'version') === version && entries.every(isEntry) ? entries : [];
}

function isEntry(value: unknown): value is Entry {
  return (
    stringsAt(value, ['inputHash', 'tests', 'target']) !== undefined &&
    stringsAt(fieldAt(value, 'artifact'), artifactKeys) !== undefined
  );
}

const artifactKeys = [
  'service',
  'repository',
  'tag',
  'digest',
  'pullRepository',
  'inputHash',
] as const satisfies readonly (keyof Artifact)[];
