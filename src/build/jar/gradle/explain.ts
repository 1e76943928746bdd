/** Why a build by Gradle failed. Looks at the disks and at the sources; the texts are read in failure.ts. */
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NotOk } from '../../../core/outcome.ts';
import { diskFull, fullTemporary, saysDiskFull } from '../../../support/files/disk-full.ts';
import { withoutPasswords } from '../../../support/mask.ts';
import { sourceFiles } from '../source-files.ts';
import { gradleFailure } from './failure.ts';
import type { GradleModel } from './model.ts';
import type { GradleResult } from './run.ts';
import { findSource } from './targets.ts';

/** What failed. */
export interface FailedBuild {
  /** Folder of appdev.yaml; file names are relative to it. */
  readonly projectRoot: string;
  /** Root folder of the build. */
  readonly root: string;
  /** Names of the services, for the message. */
  readonly services: string;
  /** Absent if the build itself could not be asked. */
  readonly model?: GradleModel;
}

/** The failure of an invocation that ended with an exit code other than 0. */
export async function explain(
  { projectRoot, root, services, model }: FailedBuild,
  { exitCode, lines }: GradleResult,
): Promise<NotOk> {
  if (lines.some(saysDiskFull)) {
    const outputs = (model?.projects ?? []).map(({ output }) => output);
    return await diskFull(
      `Gradle built ${services}`,
      [
        ...[root, ...outputs].map((path) => ({ path, free: `free space on the disk of ${path}` })),
        { path: join(homedir(), '.gradle'), free: 'remove old files from ~/.gradle/caches' },
        fullTemporary(tmpdir()),
      ],
      { exit: 3, evidence: lines.filter(saysDiskFull).slice(-3) },
    );
  }
  const files = sourceFiles(projectRoot, root, (name) =>
    model === undefined ? undefined : findSource(model, name),
  );
  return { kind: 'failed', error: gradleFailure(services, exitCode, lines.map(withoutPasswords), files) };
}
