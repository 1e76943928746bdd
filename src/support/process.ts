/**
 * Child processes; the only importer of execa. Every child leads a process group of its own, and "cancelled" resolves
 * only after the whole group is dead: SIGTERM, then SIGKILL when the grace period is over. No shell is ever involved.
 */

/** A program with its arguments. Values never pass through a shell. */
export interface Command {
  /** Program name, looked up on PATH, or a path. */
  readonly tool: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to (or, with `undefined`, removed from) this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Called for each line of output as it comes, without its line end. */
  readonly onLine?: (stream: 'stdout' | 'stderr', line: string) => void;
  /** Milliseconds between SIGTERM and SIGKILL; default 5000. */
  readonly graceMs?: number;
}

/** How a child ended. `missing`: there is no such program. Output is cut to its last 8 MiB a stream. */
export type Finished =
  | {
      readonly kind: 'exited';
      readonly exitCode: number;
      readonly stdout: string;
      readonly stderr: string;
      /** Both streams, interleaved by line as they arrived. */
      readonly lines: readonly string[];
      readonly ms: number;
    }
  | { readonly kind: 'cancelled'; readonly ms: number }
  | { readonly kind: 'missing'; readonly tool: string };

/** Runs a command to its end. Never rejects for what the child does. */
export type RunProcess = (command: Command, options: RunOptions) => Promise<Finished>;
