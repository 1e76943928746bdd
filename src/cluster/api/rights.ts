/** Asks the API server whether its user may do something, without doing it (SelfSubjectAccessReview). */
import { ok, type Outcome } from '../../core/outcome.ts';
import { fieldAt } from '../../support/fields.ts';
import { rejected } from './failures.ts';
import type { Transport } from './transport.ts';

/** One right, in the terms of RBAC. The core group is empty. */
export interface Access {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly group?: string;
  readonly namespace: string;
}

/**
 * True if it is allowed. Quotas and admission (Pod Security) are not rights: they can still refuse the object itself.
 */
export async function mayI(
  transport: Transport,
  access: Access,
  signal: AbortSignal,
): Promise<Outcome<boolean>> {
  const answer = await transport.call(
    {
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: access },
      },
    },
    signal,
  );
  if (answer.kind !== 'ok') return answer;
  const allowed = fieldAt(answer.value.body, 'status', 'allowed');
  if (typeof allowed === 'boolean') return ok(allowed);
  return rejected(answer.value, `ask what it may do in ${access.namespace}`, transport.identity);
}
