/**
 * Signs in by a program of the kubeconfig or by OpenID Connect, with client-node's KubeConfig. Loaded only where a context
 * does so: most local clusters have certificates.
 */
import type { RequestOptions } from 'node:https';
import { KubeConfig, type User } from '@kubernetes/client-node';

/** Adds what a program or an identity provider hands out to the options. Throws what went wrong, in that one's words. */
export type SignIn = (options: RequestOptions) => Promise<void>;

/** For a user alone, without a cluster: KubeConfig then adds the sign-in and an agent. Answers are kept until they expire. */
export function signInOf(user: User): SignIn {
  const config = new KubeConfig();
  const context = { name: 'sign-in', cluster: '', user: user.name };
  config.loadFromOptions({ clusters: [], users: [user], contexts: [context], currentContext: context.name });
  return async (options) => await config.applyToHTTPSOptions(options);
}
