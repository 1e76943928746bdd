/** Removes services from the cluster, for `appdev delete` and at the end of `dev` and `run --cleanup`. */
import { removeNamespace } from '../../cluster/hold/namespace.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { inRemovalOrder } from '../../loop/decide/order.ts';
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { limitedAbort } from '../../support/abort.ts';
import { namespacesOf, type OpenTarget } from '../compose/cluster.ts';
import { quietContext } from '../compose/once.ts';
import type { Session } from '../session.ts';

/**
 * Removes the services in reverse order of `needs`, then each empty namespace that appdev created. If one service
 * cannot be removed, the others are still removed. The outcome is the first failure.
 */
export async function removeServices(
  session: Session,
  { cluster, deployer }: OpenTarget,
  services: readonly ServiceConfig[],
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const { emit, project, invocation } = session;
  const order = inRemovalOrder(services);
  const deleteVolumes = invocation.flags.deleteVolumes ?? false;
  emit({ type: 'cleanup.started', services: [...new Set(order.map(({ name }) => name))] });
  let removed = 0;
  const kept: string[] = [];
  const left = new Set(order.map(({ name }) => name));
  let problem: NotOk | undefined;
  for (const service of order) {
    const outcome = await deployer.way.remove(service, { deleteVolumes }, quietContext(signal));
    if (outcome.kind === 'ok') {
      removed += outcome.value.removed;
      kept.push(...outcome.value.kept);
      left.delete(service.name);
      continue;
    }
    problem ??= outcome;
    if (outcome.kind === 'cancelled') break;
    if (problem !== outcome) {
      const { message, hint } = outcome.error;
      const { name } = service;
      emit({
        type: 'notice',
        level: 'warning',
        service: name,
        message,
        ...(hint === undefined ? {} : { hint }),
      });
    }
  }
  if (kept.length > 0) {
    const hint = kept.some((name) => name.startsWith('PersistentVolumeClaim/'))
      ? { hint: 'to remove volume claims too: appdev delete --delete-volumes' }
      : {};
    emit({ type: 'notice', level: 'info', message: `kept on purpose: ${kept.join(', ')}`, ...hint });
  }
  for (const namespace of problem === undefined ? namespacesOf(services, cluster) : []) {
    const outcome = await removeNamespace(cluster, { namespace, project: project.config.name }, signal);
    if (outcome.kind !== 'ok') problem ??= outcome;
    else if (outcome.value.kind === 'removed') removed += 1;
  }
  emit({ type: 'cleanup.finished', removed, kept: kept.length, failed: [...left] });
  return problem ?? ok(undefined);
}

/** Seconds that removing the services may take at the end of a session. */
export const removalSeconds = 120;

/**
 * Removes the services at the end of a session, within `removalSeconds` or until `stop` aborts. It does not use the
 * session's own signal, which has usually fired by then.
 */
export async function removeAtEnd(
  session: Session,
  target: OpenTarget,
  services: readonly ServiceConfig[],
  stop: AbortSignal,
): Promise<Outcome<void>> {
  const limit = limitedAbort(stop, removalSeconds * 1000);
  const removed = await removeServices(session, target, services, limit.signal);
  limit.unlink();
  if (removed.kind !== 'cancelled' || !limit.expired()) return removed;
  return failed('DEPLOY_FAILED', `the services could not be removed within ${removalSeconds} s`, {
    hint: 'to try again: appdev delete',
  });
}
