/**
 * One invocation of Gradle. Starts it again with the network if something is missing offline. If it is cancelled, waits
 * until its daemon no longer works on the project.
 */
import { cancelled, failed, ok, type Outcome } from '../../../core/outcome.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { gradleArguments, mindsNetwork, type GradleRequest } from './command.ts';
import type { GradleDaemons } from './daemons.ts';
import { isOfflineFailure } from './failure.ts';
import type { GradleTool } from './tool.ts';

/** What an invocation needs. */
export interface GradleRun {
  readonly run: RunProcess;
  readonly gradle: GradleTool;
  /** Root folder of the build, where Gradle is started. */
  readonly root: string;
  readonly daemons: GradleDaemons;
  /** Added to Gradle's environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly request: Omit<GradleRequest, 'offline' | 'daemon'>;
  /** Everything was in the cache at the last build, so use only the local cache. */
  readonly tryOffline: boolean;
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
  /** Called with a message for the user. */
  readonly note: (line: string) => void;
}

/**
 * How it ended. `lines`: output of the last attempt. `online`: it resolved its dependencies with the network allowed.
 */
export interface GradleResult {
  readonly exitCode: number;
  readonly lines: readonly string[];
  readonly online: boolean;
}

/**
 * Runs Gradle. Fails with TOOL_MISSING. If it is cancelled, nothing of the build is still running when this resolves.
 */
export async function runGradle(build: GradleRun, signal: AbortSignal): Promise<Outcome<GradleResult>> {
  const { gradle, root, daemons, env, request } = build;
  let offline = build.tryOffline && !mindsNetwork(request.args);
  for (;;) {
    const args = gradleArguments({ ...request, offline, daemon: daemons.arguments() });
    const before = daemons.state();
    const finished = await build.run(
      { tool: gradle.tool, args: [...gradle.args, ...args], cwd: root, env },
      { signal, onLine: build.onLine },
    );
    if (finished.kind === 'missing') {
      return failed('TOOL_MISSING', `${gradle.tool} no longer exists`, {
        hint: 'install Gradle, or restore the wrapper',
      });
    }
    if (finished.kind === 'cancelled') {
      const stopped = cancelled(signal);
      // At the end of the session there is no next build to keep a daemon warm for.
      if (stopped.kind === 'cancelled' && stopped.reason === 'shutdown') await daemons.stop();
      else await daemons.settle(gradle, root, env, before);
      return stopped;
    }
    daemons.adopt();
    const { exitCode, lines } = finished;
    if (exitCode === 0 || !offline || !isOfflineFailure(lines)) {
      return ok({ exitCode, lines, online: !offline });
    }
    offline = false;
    build.note('something is not in the local cache: building again with the network');
  }
}
