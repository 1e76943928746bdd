/** The error for a namespace that is not there. Pure. */
import { appdevError, type AppdevError } from '../../core/errors.ts';

/**
 * Says what to type. appdev creates the namespace that a service is configured for, and no other.
 *
 * @param missing the namespace that is not there
 * @param home the namespace of the service
 */
export function namespaceMissing(missing: string, home: string, context: string): AppdevError {
  const create = `kubectl --context ${context} create namespace ${missing}`;
  if (missing === home) {
    return appdevError('NAMESPACE_MISSING', `there is no namespace ${missing} in ${context}`, {
      hint: `${create}, or set \`cluster.createNamespace: true\``,
    });
  }
  return appdevError(
    'NAMESPACE_MISSING',
    `there is no namespace ${missing} in ${context}; the manifests name it themselves, while the service goes to ${home}`,
    {
      hint: `set \`deploy.namespace: ${missing}\`, so that appdev creates it; or ${create}; or take the namespace out of the manifests`,
    },
  );
}
