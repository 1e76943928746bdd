/**
 * Tells that `dev` has built newer images than the ones of artifacts.json. `dev` does not write that file: it builds
 * without regard to what may be handed on. But whoever has worked with it all day expects `deploy` to know its images.
 */
import { stat } from 'node:fs/promises';
import type { Artifact } from '../../core/events.ts';
import { createRecords, recordsFile } from '../../loop/work/records.ts';
import type { Session } from '../session.ts';
import { artifactsPath } from './artifacts.ts';

/** Emits a notice that names the services, if there are any. `artifacts` are those of the file. */
export async function tellOfNewerBuilds(
  session: Session,
  artifacts: ReadonlyMap<string, Artifact>,
): Promise<void> {
  // A file that was named is meant as it is.
  if (session.invocation.flags.artifacts !== undefined) return;
  const written = await timeOf(artifactsPath(session));
  if (written === undefined) return;
  const records = createRecords(session.stateFolder);
  const newer: string[] = [];
  for (const { name } of session.services) {
    const artifact = artifacts.get(name);
    const recorded = await timeOf(recordsFile(session.stateFolder, name));
    if (artifact === undefined || recorded === undefined || recorded <= written) continue;
    const newest = await records.newest(name);
    if (newest !== undefined && newest.digest !== artifact.digest) newer.push(name);
  }
  if (newer.length === 0) return;
  session.emit({
    type: 'notice',
    level: 'warning',
    message: `dev has built newer images of ${newer.join(', ')} than those of artifacts.json, which are used here`,
    hint: `to use the current files: appdev build ${newer.join(' ')}`,
  });
}

/** When a file was written, in milliseconds since 1970. Undefined if it is not there. */
async function timeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mtimeMs;
}
