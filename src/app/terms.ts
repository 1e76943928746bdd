/** Reads from the command line how services are to be deployed. Pure. */
import type { DeployTerms } from '../deploy/types.ts';
import type { Invocation } from './invocation.ts';

/**
 * The terms of a deploy. `dev` and `run --cleanup` remove at the end what they deployed; all others leave it running.
 * `user` is whoever runs the command, `user@host`.
 */
export function termsOf(
  { command, positionals, flags }: Pick<Invocation, 'command' | 'positionals' | 'flags'>,
  user: string,
): DeployTerms {
  const cleanup = flags.cleanup ?? command === 'dev';
  const rendered = flags.rendered === undefined ? [] : ['--rendered', flags.rendered];
  const line = ['appdev', command, ...positionals, ...rendered, '--delete-volumes'].join(' ');
  return {
    deleteVolumes: flags.deleteVolumes ?? false,
    allowVolumes: command === 'dev' ? `end this session, then ${line}` : line,
    lifetime: cleanup ? 'session' : 'kept',
    maker: { command, user },
  };
}
