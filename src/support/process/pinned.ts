/** Starts children that can reach only the session's cluster. A session with a cluster starts every child this way. */
import { runProcess, type RunProcess } from './process.ts';

/**
 * Wraps `run` so that children get the session's own kubeconfig as KUBECONFIG. A plugin of a build tool or an image
 * command then talks to the session's cluster, even if the user switches the current context. A command that sets or
 * removes KUBECONFIG in its own `env` keeps that (rendering, `image.command.env`).
 *
 * @param kubeconfig absolute path of the session's kubeconfig
 */
export function pinnedProcess(kubeconfig: string, run: RunProcess = runProcess): RunProcess {
  return async (command, options) =>
    await run({ ...command, env: { KUBECONFIG: kubeconfig, ...command.env } }, options);
}
