/** Buildah as this session uses it: examined once, then run with the flags that the machine needs. */
import { dirname } from 'node:path';
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { FullFolder } from '../../../support/files/disk-full.ts';
import type { RunOptions, RunProcess } from '../../../support/process/process.ts';
import { sessionId } from '../../../support/process/mark.ts';
import { makeLargeTempFolder } from '../../../support/files/temp.ts';
import { runBuildah, type BuildahRequest, type BuildahRun } from './tool.ts';
import { probeBuildah, type BuildahEnvironment, type BuildahStorage } from './storage.ts';

/** A Buildah that works. */
export interface Buildah {
  readonly storage: BuildahStorage;
  /** Path of the user's registries.conf; undefined: it is at one of its usual places. */
  readonly registriesConf: string | undefined;
  /** Runs a subcommand. A non-zero exit code is an `ok` too. */
  run(request: BuildahRequest, options: RunOptions): Promise<Outcome<BuildahRun>>;
  /** The folders it writes to, for messages about a full disk. */
  folders(): readonly FullFolder[];
}

/** Host name that marks working containers as this session's; see leftovers.ts. */
export const sessionHostPrefix = 'appdev-session-';

/**
 * Flags for every build. `--timestamp 0`, and no label with Buildah's version, make the image depend only on its
 * content. `--force-rm` removes the working container after a failure too. The host entry is not part of the image: it
 * is the one harmless setting that Buildah keeps with a working container, so it carries our mark.
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

/** Examines Buildah and returns it. Fails as `probeBuildah` does. */
export async function openBuildah(
  run: RunProcess,
  environment: BuildahEnvironment,
  signal: AbortSignal,
): Promise<Outcome<Buildah>> {
  const probed = await probeBuildah(run, environment, signal);
  if (probed.kind !== 'ok') return probed;
  const storage = probed.value;
  // Buildah's own temporary files go with the session, including those of a buildah that was killed.
  const temporary = makeLargeTempFolder('buildah');
  return ok({
    storage,
    registriesConf: environment.registriesConf,
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
      { path: temporary, free: `free space on the disk of ${dirname(dirname(temporary))}` },
    ],
  });
}
