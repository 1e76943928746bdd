/**
 * Signs in with OpenID Connect, by client-node's KubeConfig. It is loaded only if a context signs in like this, because
 * most local clusters use certificates.
 */
import { KubeConfig, type User } from '@kubernetes/client-node';
import { cancelled, ok } from '../../core/outcome.ts';
import { hasAborted, limitedAbort, onAbort } from '../../support/abort.ts';
import { deny, type ProgramOptions, type SignIn } from './sign-in-program.ts';

/**
 * Makes the sign-in of a user, without a cluster. KubeConfig then adds only the sign-in and an agent. It keeps answers
 * until they expire, and its requests cannot be stopped, so they are left alone at the signal or the deadline.
 */
export function byProvider(user: User, { context, deadlineMs }: ProgramOptions): SignIn {
  const config = new KubeConfig();
  const current = { name: 'sign-in', cluster: '', user: user.name };
  config.loadFromOptions({ clusters: [], users: [user], contexts: [current], currentContext: current.name });
  return {
    isOver: () => false,
    forget: () => undefined,
    async add(options, signal) {
      const limit = limitedAbort(signal, deadlineMs);
      try {
        const late = Symbol('late');
        const first = await Promise.race([
          config.applyToHTTPSOptions(options),
          new Promise<symbol>((resolve) => onAbort(limit.signal, () => resolve(late))),
        ]);
        if (first !== late) return ok(undefined);
        return hasAborted(signal)
          ? cancelled(signal)
          : deny(context, `the identity provider did not answer within ${deadlineMs / 1000} seconds`);
      } finally {
        limit.unlink();
      }
    },
  };
}
