/** The part `{gitCommit}` of a tag: which name the commit gets, and how uncommitted changes are marked. */
import type { GitTagConfig } from '../../../config/model.ts';
import { dirtyMark } from '../../../config/schema/tags.ts';
import type { Git } from './git-state.ts';

/**
 * Asks git for the name of a folder's commit. Fails with git's own words if there is none. It also fails if git cannot
 * tell whether the folder differs from the commit: the commit alone would claim that it does not.
 */
export async function gitTag(
  git: Git,
  folder: string,
  { variant, prefix, ignoreChanges }: GitTagConfig,
  signal: AbortSignal,
): Promise<{ readonly text: string } | { readonly error: string; readonly hint?: string }> {
  const name = await nameOf(git, folder, variant, signal);
  if ('error' in name) return name;
  if (ignoreChanges) return { text: `${prefix}${name.text}` };
  const state = await git.state(folder, signal);
  if (state === undefined)
    return {
      error: 'git does not tell whether there are uncommitted changes',
      hint: `git -C ${folder} status`,
    };
  return { text: `${prefix}${name.text}${state.dirty ? dirtyMark : ''}` };
}

async function nameOf(
  git: Git,
  folder: string,
  variant: GitTagConfig['variant'],
  signal: AbortSignal,
): Promise<{ readonly text: string } | { readonly error: string }> {
  switch (variant) {
    case 'tag':
      // The tag on the commit; or else the last tag before it, the distance, and the commit.
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
