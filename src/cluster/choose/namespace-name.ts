/** What may be the name of a namespace. Pure. */
import { failed, ok, type Outcome } from '../../core/outcome.ts';

/** A namespace's name by RFC 1123, as the API server accepts it. */
const pattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Fails with USAGE if no namespace can have this name. */
export function checkNamespaceName(name: string): Outcome<void> {
  if (pattern.test(name)) return ok(undefined);
  return failed('USAGE', `${JSON.stringify(name)} cannot be the name of a namespace`, {
    hint: 'use lower-case letters, digits and hyphens, at most 63, e.g. -n shop-dev',
  });
}
