/**
 * Remembers, across sessions, which artifact a service's inputs were built into, so that a second start with nothing
 * changed builds nothing. One small file a service under `.appdev/artifacts`. A record is a hint: whoever uses it asks the
 * registry first, and a file that cannot be read or written only costs a build.
 */
import { join } from 'node:path';
import * as z from 'zod';
import type { Artifact } from '../events.ts';
import type { Outcome } from '../outcome.ts';
import type { RecordKey, Records } from './types.ts';

/** Reads and writes state files whole: a reader sees the old or the new content, never half of one. */
export interface StateFiles {
  /** The parsed content, or `undefined` when there is none that can be read. */
  read(path: string): Promise<unknown>;
  write(path: string, value: unknown): Promise<Outcome<void>>;
}

/** Going back to what was built a few saves ago needs no build. More is what the registry prunes anyway. */
const kept = 10;

const artifactShape = z.object({
  service: z.string(),
  repository: z.string(),
  tag: z.string(),
  digest: z.string(),
  pullRepository: z.string(),
  inputHash: z.string(),
});
const fileShape = z.object({
  version: z.literal(1),
  artifacts: z.array(
    z.object({ inputHash: z.string(), tests: z.string(), target: z.string(), artifact: artifactShape }),
  ),
});
type Entry = RecordKey & { readonly artifact: Artifact };

/** The records of the project whose state folder (`<project>/.appdev`) is given. */
export function createRecords(folder: string, files: StateFiles): Records {
  const known = new Map<string, readonly Entry[]>();
  const path = (service: string): string => join(folder, 'artifacts', `${service}.json`);

  async function entriesOf(service: string): Promise<readonly Entry[]> {
    const loaded = known.get(service);
    if (loaded !== undefined) return loaded;
    // Of another version, or damaged by a crash or a hand: as good as none.
    const parsed = fileShape.safeParse(await files.read(path(service)));
    const entries = parsed.success ? parsed.data.artifacts : [];
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
    async add(service, { inputHash, tests, target }, artifact) {
      const others = (await entriesOf(service)).filter(
        (entry) => entry.inputHash !== inputHash || entry.target !== target,
      );
      const entries = [{ inputHash, tests, target, artifact }, ...others].slice(0, kept);
      known.set(service, entries);
      await files.write(path(service), { version: 1, artifacts: entries });
    },
  };
}
