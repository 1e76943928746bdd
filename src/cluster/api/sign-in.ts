/**
 * Signs in with a program of the kubeconfig or with OpenID Connect, by client-node's KubeConfig. It is loaded only if
 * a context signs in like this, because most local clusters use certificates.
 */
import type { RequestOptions } from 'node:https';
import { KubeConfig, type User } from '@kubernetes/client-node';

/**
 * Adds what a program or an identity provider hands out to the options. Throws what went wrong, in the words of that
 * program or provider.
 */
export type SignIn = (options: RequestOptions) => Promise<void>;

/**
 * Makes the sign-in of a user, without a cluster. KubeConfig then adds only the sign-in and an agent. Answers are
 * kept until they expire.
 */
export function signInOf(user: User): SignIn {
  const config = new KubeConfig();
  const context = { name: 'sign-in', cluster: '', user: user.name };
  config.loadFromOptions({ clusters: [], users: [user], contexts: [context], currentContext: context.name });
  return async (options) => await config.applyToHTTPSOptions(options);
}
