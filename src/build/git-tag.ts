/** The part `{gitCommit}` of a tag: which name of the commit, and what marks uncommitted changes. */
import type { GitTagConfig } from '../config/model.ts';
import type { Git } from './git-state.ts';

/** Asks git for the name of a folder's commit; git's own words where it has none. */
export async function gitTag(
  git: Git,
  folder: string,
  { variant, prefix, ignoreChanges }: GitTagConfig,
  signal: AbortSignal,
): Promise<{ readonly text: string } | { readonly error: string }> {
  const name = await nameOf(git, folder, variant, signal);
  if ('error' in name) return name;
  if (ignoreChanges) return { text: `${prefix}${name.text}` };
  const state = await git.state(folder, signal);
  return { text: `${prefix}${name.text}${state?.dirty === true ? '-dirty' : ''}` };
}

async function nameOf(
  git: Git,
  folder: string,
  variant: GitTagConfig['variant'],
  signal: AbortSignal,
): Promise<{ readonly text: string } | { readonly error: string }> {
  switch (variant) {
    case 'tag':
      // The tag on the commit; else the last one before it, the distance, and the commit.
      return await git.ask(folder, ['describe', '--tags', '--always', 'HEAD'], signal);
    case 'commit':
      return await git.ask(folder, ['rev-parse', '--verify', 'HEAD'], signal);
    case 'abbrevCommit':
      return await git.ask(folder, ['rev-parse', '--verify', '--short', 'HEAD'], signal);
    case 'tree':
      return await git.ask(folder, ['rev-parse', '--verify', 'HEAD:./'], signal);
    case 'abbrevTree':
      return await git.ask(folder, ['rev-parse', '--verify', '--short', 'HEAD:./'], signal);
    case 'branch': {
      const branch = await git.ask(folder, ['symbolic-ref', '--quiet', '--short', 'HEAD'], signal);
      // CI checks out a commit, not a branch.
      return 'text' in branch ? branch : await nameOf(git, folder, 'abbrevCommit', signal);
    }
  }
}
