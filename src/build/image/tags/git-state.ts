/**
 * What git says about the sources of an image: commit, branch, and whether the work tree differs from the commit. Runs
 * git and changes nothing, not even git's own index: a lock of ours would make the user's commit fail.
 */
import { complaintLines, complaintText } from '../../../support/process/complaint.ts';
import type { RunProcess } from '../../../support/process/process.ts';

/** What git says about one folder in a work tree. */
export interface GitState {
  /** Full hash of HEAD. */
  readonly commit: string;
  /** Absent on a detached HEAD, which CI checks out. */
  readonly branch?: string;
  /** True if the folder has uncommitted changes, including files that git does not track. */
  readonly dirty: boolean;
}

/** Asks git about folders, once for each answer. */
export interface Git {
  /**
   * Undefined if there is no git, no repository or no commit yet, or if git cannot compare the work tree with the
   * commit.
   */
  state(folder: string, signal: AbortSignal): Promise<GitState | undefined>;
  /** The output of a git command in a folder, without its line end. If it fails, git's own words are in `error`. */
  ask(
    folder: string,
    args: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly text: string } | { readonly error: string }>;
}

/** Returns the asker. It keeps the answer about each folder. */
export function createGit(run: RunProcess): Git {
  const known = new Map<string, Promise<GitState | undefined>>();

  const ask: Git['ask'] = async (folder, args, signal) => {
    const env = { GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C', GIT_DIR: undefined, GIT_WORK_TREE: undefined };
    const done = await run({ tool: 'git', args, cwd: folder, env, unmarked: true }, { signal });
    if (done.kind === 'missing') return { error: 'git is not on the PATH' };
    if (done.kind === 'cancelled') return { error: 'interrupted' };
    if (done.exitCode === 0) return { text: done.stdout.trimEnd() };
    const said = complaintText(complaintLines(done.stderr.split('\n')));
    return { error: said ?? `git ended with ${done.exitCode}` };
  };

  const look = async (folder: string, signal: AbortSignal): Promise<GitState | undefined> => {
    const [commit, branch, status] = await Promise.all([
      ask(folder, ['rev-parse', '--verify', 'HEAD'], signal),
      ask(folder, ['symbolic-ref', '--quiet', '--short', 'HEAD'], signal),
      // Counts whatever the user's git would show, because a new file gets into the image too.
      ask(folder, ['status', '--porcelain', '--untracked-files=normal', '--', '.'], signal),
    ]);
    if ('error' in commit || 'error' in status) return undefined;
    return {
      commit: commit.text,
      ...('error' in branch ? {} : { branch: branch.text }),
      dirty: status.text !== '',
    };
  };

  return {
    ask,
    async state(folder, signal) {
      const found = known.get(folder) ?? look(folder, signal);
      known.set(folder, found);
      return await found;
    },
  };
}
