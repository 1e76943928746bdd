/**
 * One invocation of Gradle: starts it as often as it takes (again online when something is missing offline), and when it is
 * cancelled waits until its daemon has let go of the project.
 */
import { cancelled, failed, ok, type Outcome } from '../../../core/outcome.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { gradleArguments, mindsNetwork, type GradleRequest } from './command.ts';
import type { GradleDaemons } from './daemons.ts';
import { isOfflineFailure } from './failure.ts';
import type { GradleTool } from './tool.ts';

/** What an invocation is made from. */
export interface GradleRun {
  readonly run: RunProcess;
  readonly gradle: GradleTool;
  /** Folder of the build's root, where Gradle is started. */
  readonly root: string;
  readonly daemons: GradleDaemons;
  /** Added to Gradle's environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly request: Omit<GradleRequest, 'offline' | 'daemon'>;
  /** Everything was there at the last build: ask the local cache alone. */
  readonly tryOffline: boolean;
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
  /** Called with a word to the user. */
  readonly note: (line: string) => void;
}

/** How it ended. `lines`: the last attempt's output. `online`: it resolved what it needed with the network allowed. */
export interface GradleResult {
  readonly exitCode: number;
  readonly lines: readonly string[];
  readonly online: boolean;
}

/** Runs it. Fails with TOOL_MISSING. Cancelled: nothing of the build goes on when this resolves. */
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
      return failed('TOOL_MISSING', `${gradle.tool} is not there any more`, {
        hint: 'install Gradle, or restore the wrapper',
      });
    }
    if (finished.kind === 'cancelled') {
      const stopped = cancelled(signal);
      // When the session ends there is no next build to keep a daemon warm for.
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
