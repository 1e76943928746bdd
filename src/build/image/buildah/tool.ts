/** The `buildah` program and how to start it. Does not know what its subcommands do. */
import { cancelled, failed, ok, type NotOk, type Outcome } from '../../../core/outcome.ts';
import type { Finished, RunOptions, RunProcess } from '../../../support/process/process.ts';

/** A finished run of buildah, with any exit code. */
export type BuildahRun = Extract<Finished, { kind: 'exited' }>;

/** One run. */
export interface BuildahRequest {
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts buildah. Fails with TOOL_MISSING. A non-zero exit code is an `ok` here. */
export async function runBuildah(
  run: RunProcess,
  { args, cwd = '/', env = {} }: BuildahRequest,
  options: RunOptions,
): Promise<Outcome<BuildahRun>> {
  const finished = await run({ tool: 'buildah', args, cwd, env }, options);
  if (finished.kind === 'cancelled') return cancelled(options.signal);
  if (finished.kind === 'missing') return buildahMissing(process.platform);
  return ok(finished);
}

/** The failure TOOL_MISSING if there is no Buildah, with advice for the platform. Buildah exists only for Linux. */
export function buildahMissing(platform: NodeJS.Platform): NotOk {
  if (platform === 'linux') {
    return failed('TOOL_MISSING', 'buildah is not on the PATH', {
      hint: 'install it: apt-get install buildah, dnf install buildah, or the equivalent on your distribution',
    });
  }
  const system = platform === 'darwin' ? 'macOS' : platform === 'win32' ? 'Windows' : platform;
  return failed('TOOL_MISSING', `there is no Buildah for ${system}`, {
    hint: 'set image.builder: kaniko in appdev.yaml, which builds in a pod of the cluster; or run appdev in a Linux VM (on Windows: WSL 2)',
  });
}
