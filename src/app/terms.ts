/** What a command line wants of its deploys. Pure. */
import type { DeployTerms } from '../deploy/types.ts';
import type { Invocation } from './invocation.ts';

/** The terms. `dev` takes away what it brought, and so does `run --cleanup`; all else is deployed to stay. */
export function termsOf({
  command,
  positionals,
  strings,
  booleans,
}: Pick<Invocation, 'command' | 'positionals' | 'strings' | 'booleans'>): DeployTerms {
  const cleanup = booleans['cleanup'] ?? command === 'dev';
  const rendered = strings['rendered'] === undefined ? [] : ['--rendered', strings['rendered']];
  const line = ['appdev', command, ...positionals, ...rendered, '--delete-volumes'].join(' ');
  return {
    deleteVolumes: booleans['delete-volumes'] ?? false,
    allowVolumes: command === 'dev' ? `end this session, then ${line}` : line,
    lifetime: cleanup ? 'session' : 'kept',
  };
}
