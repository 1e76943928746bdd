/** Tells what the pods of services do, on one cluster. Changes nothing. */
import type { Cluster } from '../../cluster/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { workloadsIn } from '../objects/kinds.ts';
import { followPods, hooksLeft, lookAt } from '../rollout/pods.ts';
import { sumOf } from '../rollout/pod-summary.ts';
import { placed } from '../record/release.ts';
import { awaitRollout } from '../rollout/rollout.ts';
import { inStage } from './stage.ts';
import type { Observer, Rendered, Way } from '../types.ts';
import { verifyDeployed } from '../rollout/verify.ts';

/** Makes the observer. `way` tells what is deployed. `namespaceFor` gives the namespace that a service goes to. */
export function createObserver(
  cluster: Cluster,
  way: Pick<Way, 'deployed'>,
  namespaceFor: (service: ServiceConfig) => string,
): Observer {
  /**
   * What the cluster was told of a service. For a chart that is in the release's record, because what a chart renders to
   * need not be the same twice. Without a release, it is what was rendered.
   */
  async function told(
    service: ServiceConfig,
    rendered: Rendered,
    signal: AbortSignal,
  ): Promise<Outcome<Rendered>> {
    const isRelease = service.deploy.kind === 'helm' && rendered.file === undefined;
    if (!isRelease || rendered.recorded === true) return ok(rendered);
    const found = await way.deployed(service, signal);
    // Whoever watches waits until the cluster is back, and says so.
    if (found.kind === 'failed' && found.error.code === 'CLUSTER_UNREACHABLE') return ok(rendered);
    if (found.kind !== 'ok') return found;
    const { objects } = found.value;
    return ok(objects.length === 0 ? rendered : { ...rendered, objects, recorded: true });
  }

  return {
    async awaitReady(service, rendered, context) {
      const { deadlineMs, restartsAllowed } = service.deploy;
      const current = await told(service, rendered, context.signal);
      if (current.kind !== 'ok') return current;
      const workloads = placed(workloadsIn(current.value.objects), rendered.namespace);
      const request = { service: service.name, workloads, deadlineMs, policy: { restartsAllowed } };
      const awaited = await inStage(
        'rollout',
        context,
        async () => await awaitRollout(request, cluster, context),
        (verdicts) => {
          const { ready, desired } = sumOf(verdicts.map(({ pods }) => pods));
          return { detail: `${ready}/${desired} ready` };
        },
      );
      return awaited.kind === 'ok' ? ok(undefined) : awaited;
    },
    async verify(service, rendered, context) {
      return await inStage('verify', context, async () => {
        const current = await told(service, rendered, context.signal);
        return current.kind === 'ok'
          ? await verifyDeployed(rendered, current.value, cluster, context.signal)
          : current;
      });
    },
    async status(service, signal) {
      const found = await way.deployed(service, signal);
      if (found.kind !== 'ok') return found;
      const { objects, deployed, detail } = found.value;
      const own = workloadsIn(objects);
      const hooks = await hooksLeft(objects, cluster, signal);
      if (hooks.kind !== 'ok') return hooks;
      const workloads = await lookAt([...own, ...hooks.value], cluster, signal);
      if (workloads.kind !== 'ok') return workloads;
      const pods = sumOf(workloads.value.slice(0, own.length).map((workload) => workload.pods));
      const namespace = namespaceFor(service);
      return ok({ service: service.name, namespace, deployed, detail, workloads: workloads.value, pods });
    },
    followPods(service, objects, onSummary, signal) {
      followPods(placed(workloadsIn(objects), namespaceFor(service)), cluster, onSummary, signal);
    },
  };
}
