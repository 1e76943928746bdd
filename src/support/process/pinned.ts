/** Children that can reach no other cluster than the session's: every child of a session with a cluster starts here. */
import { runProcess, type RunProcess } from './process.ts';

/**
 * `run` with the session's pinned kubeconfig as KUBECONFIG, so that what a build tool's plugin or an image command asks
 * of a cluster goes to the session's own, wherever the user's current context points by then. A command whose `env`
 * says something else about KUBECONFIG (none at all, for rendering; `image.command.env`) is left its word.
 */
export function pinnedProcess(kubeconfig: string, run: RunProcess = runProcess): RunProcess {
  return async (command, options) =>
    await run({ ...command, env: { KUBECONFIG: kubeconfig, ...command.env } }, options);
}
