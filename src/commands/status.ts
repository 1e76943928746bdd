/** `appdev status`: shows what is deployed and whether it is ready. */
import { exitCodes } from '../core/errors.ts';
import { ok, type Outcome } from '../core/outcome.ts';
import type { ServiceStatus } from '../deploy/types.ts';
import { count } from '../core/words.ts';
import { openTarget } from '../app/compose/cluster.ts';
import type { Invocation } from '../app/invocation.ts';
import { wantsJson, withData } from '../app/data-session.ts';

/** Runs `appdev status`. The exit code is 8 if a deployed service is not ready. */
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
        ? `${JSON.stringify({ v: 1, context, services: shown })}\n`
        : table(context, shown),
    );
    const sick = found.some(({ deployed, workloads }) => deployed && workloads.some(({ ready }) => !ready));
    return ok(sick ? exitCodes.ROLLOUT_FAILED : 0);
  });
}

function table(context: string, found: readonly ServiceStatus[]): string {
  const lines = [`context ${context}`];
  const width = Math.max(...found.map(({ service }) => service.length));
  for (const { service, namespace, deployed, detail, workloads } of found) {
    lines.push(
      `${service.padEnd(width)}  ${deployed ? `${detail} in ${namespace}` : `${detail} (${namespace})`}`,
    );
    for (const { name, namespace: home = namespace, ready, reason, pods, images } of workloads) {
      const state = ready ? 'ready' : `not ready: ${reason}`;
      const restarts = pods.restarts === 0 ? '' : `, ${count(pods.restarts, 'restart')}`;
      lines.push(
        `${' '.repeat(width)}  ${name}${home === namespace ? '' : ` in ${home}`}  ${pods.ready}/${pods.desired}${restarts}  ${state}`,
      );
      lines.push(...images.map((image) => `${' '.repeat(width)}    ${image}`));
    }
  }
  return `${lines.join('\n')}\n`;
}
