/** `appdev status`: shows what is deployed and whether it is ready. */
import { exitCodes } from '../core/errors.ts';
import { ok, type Outcome } from '../core/outcome.ts';
import type { ServiceStatus, WorkloadStatus } from '../deploy/types.ts';
import { count } from '../core/words.ts';
import { openTarget } from '../app/compose/cluster.ts';
import type { Invocation } from '../app/invocation.ts';
import { wantsJson, withData } from '../app/data-session.ts';
import { cleanText, showUnsafe } from '../ui/text/sanitize.ts';

/** Runs `appdev status`. The exit code is 8 if a service is not deployed, or not ready. */
export async function status(invocation: Invocation): Promise<Outcome<number>> {
  return await withData(invocation, async (session) => {
    const target = await openTarget(session, 'status');
    if (target.kind !== 'ok') return target;
    const { cluster, deployer } = target.value;
    const found: ServiceStatus[] = [];
    for (const service of session.services) {
      const one = await deployer.observer.status(service, session.signals.shutdown);
      if (one.kind !== 'ok') return one;
      found.push(one.value);
    }
    const { context } = cluster.identity;
    const shown = session.mask(found);
    process.stdout.write(
      wantsJson(invocation)
        ? showUnsafe(`${JSON.stringify({ v: 1, context, services: shown })}\n`)
        : statusText(context, shown),
    );
    return ok(found.every(isHealthy) ? 0 : exitCodes.ROLLOUT_FAILED);
  });
}

/** True if a service is deployed and nothing of it is missing. Decides the exit code. */
export function isHealthy({ deployed, workloads }: ServiceStatus): boolean {
  return deployed && workloads.every(({ ready }) => ready);
}

/** The state of a workload in words. Nothing serves if it was deployed without pods, so that is not called ready. */
function stateOf({ ready, reason, pods }: WorkloadStatus): string {
  if (!ready) return `not ready: ${reason}`;
  return pods.desired === 0 ? 'no pods wanted' : 'ready';
}

/** The text of `appdev status`. */
export function statusText(context: string, found: readonly ServiceStatus[]): string {
  const lines = [`context ${context}`];
  const width = Math.max(...found.map(({ service }) => service.length));
  for (const { service, namespace, deployed, detail, workloads } of found) {
    lines.push(
      `${service.padEnd(width)}  ${deployed ? `${detail} in ${namespace}` : `${detail} (${namespace})`}`,
    );
    for (const workload of workloads) {
      const { name, namespace: home = namespace, pods, images } = workload;
      const restarts = pods.restarts === 0 ? '' : `, ${count(pods.restarts, 'restart')}`;
      lines.push(
        `${' '.repeat(width)}  ${name}${home === namespace ? '' : ` in ${home}`}  ${pods.ready}/${pods.desired}${restarts}  ${stateOf(workload)}`,
      );
      lines.push(...images.map((image) => `${' '.repeat(width)}    ${image}`));
    }
  }
  return cleanText(`${lines.join('\n')}\n`);
}
