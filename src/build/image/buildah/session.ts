/** Buildah as this session uses it: looked at once, then run with the flags that the machine asks for. */
import { dirname } from 'node:path';
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { FullFolder } from '../../../support/files/disk-full.ts';
import type { RunOptions, RunProcess } from '../../../support/process/process.ts';
import { sessionId } from '../../../support/process/mark.ts';
import { makeLargeTempFolder } from '../../../support/files/temp.ts';
import { runBuildah, type BuildahRequest, type BuildahRun } from './tool.ts';
import { probeBuildah, type BuildahStorage } from './storage.ts';

/** A Buildah that works. */
export interface Buildah {
  readonly storage: BuildahStorage;
  /** Runs a subcommand. A non-zero exit code is an `ok`. */
  run(request: BuildahRequest, options: RunOptions): Promise<Outcome<BuildahRun>>;
  /** Where it writes, for the case that a disk is full. */
  folders(): readonly FullFolder[];
}

/** Host name that marks working containers as this session's; see leftovers.ts. */
export const sessionHostPrefix = 'appdev-session-';

/**
 * What every build is given. `--timestamp 0` and no label with Buildah's own version make the image a function of its
 * content; `--force-rm` takes the working container away after a failure too. The host entry is no part of the image: it is
 * the one setting that Buildah keeps with a working container and that means nothing else.
 */
export function buildFlags(storage: BuildahStorage): string[] {
  return [
    '--isolation',
    storage.isolation,
    '--timestamp',
    '0',
    '--identity-label=false',
    '--format',
    'oci',
    '--force-rm',
    '--add-host',
    `${sessionHostPrefix}${sessionId}:127.0.0.1`,
  ];
}

/** Looks at Buildah and returns it. Fails as `probeBuildah` does. */
export async function openBuildah(run: RunProcess, signal: AbortSignal): Promise<Outcome<Buildah>> {
  const probed = await probeBuildah(run, signal);
  if (probed.kind !== 'ok') return probed;
  const storage = probed.value;
  // Buildah's own temporary files go when the session goes, also those of a buildah that was killed.
  const temporary = makeLargeTempFolder('buildah');
  return ok({
    storage,
    run: async (request, options) =>
      await runBuildah(
        run,
        {
          ...request,
          args: [...storage.globalFlags, ...request.args],
          env: { TMPDIR: temporary, ...request.env },
        },
        options,
      ),
    folders: () => [
      { path: storage.root, free: 'remove images that nothing uses: buildah rmi --prune' },
      { path: temporary, free: `remove what is not needed on the disk of ${dirname(dirname(temporary))}` },
    ],
  });
}
