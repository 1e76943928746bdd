/** A rollout that waits for a port of its own older pods. Pure. */
import type { KubeObject } from '../../../cluster/types.ts';
import { fieldAt, stringAt } from '../../../support/fields.ts';
import { settleMs, type Cause } from './cause.ts';

/**
 * Ends the wait of a new pod for a hostPort that an older pod of the same Deployment has. The older one goes only after
 * the new one is ready, so this never comes true.
 *
 * @param older living pods of older revisions
 */
export function withoutHope(
  causes: readonly Cause[],
  deployment: KubeObject,
  older: readonly KubeObject[],
  desired: number,
): readonly Cause[] {
  if (older.length === 0 || removesOlderFirst(deployment, desired)) return causes;
  return causes.map((cause) =>
    cause.kind === 'unschedulable' && /free ports/.test(cause.message)
      ? {
          ...cause,
          hint: 'the old version of this pod has the hostPort and stays until the new one is ready: set strategy.type to Recreate, or remove hostPort and use a Service',
          endsAfterMs: settleMs,
        }
      : cause,
  );
}

/** True if the Deployment may remove a pod of an older revision before a new one is ready. */
function removesOlderFirst(deployment: KubeObject, desired: number): boolean {
  const strategy = fieldAt(deployment, 'spec', 'strategy');
  if (stringAt(strategy, 'type') === 'Recreate') return true;
  // The API server writes the default, 25%, into every Deployment. A share is rounded down.
  const most = fieldAt(strategy, 'rollingUpdate', 'maxUnavailable') ?? '25%';
  const share = typeof most === 'string' ? Math.floor((desired * Number.parseInt(most, 10)) / 100) : most;
  return typeof share === 'number' && share > 0;
}
