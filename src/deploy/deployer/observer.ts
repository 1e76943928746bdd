/** Tells what the pods of services do, on one cluster. Changes nothing. */
import type { Cluster } from '../../cluster/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { ok } from '../../core/outcome.ts';
import { workloadsIn } from '../objects/kinds.ts';
import { followPods, lookAt } from '../rollout/pods.ts';
import { sumOf } from '../rollout/pod-summary.ts';
import { placed } from '../record/release.ts';
import { awaitRollout } from '../rollout/rollout.ts';
import { inStage } from './stage.ts';
import type { Observer, Way } from '../types.ts';
import { verifyDeployed } from '../rollout/verify.ts';

/** Makes the observer. `way` tells what is deployed. `namespaceFor` gives the namespace that a service goes to. */
export function createObserver(
  cluster: Cluster,
  way: Pick<Way, 'deployed'>,
  namespaceFor: (service: ServiceConfig) => string,
): Observer {
  return {
    async awaitReady(service, rendered, context) {
      const { deadlineMs, restartsAllowed } = service.deploy;
      const workloads = placed(workloadsIn(rendered.objects), rendered.namespace);
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
    async verify(_service, rendered, context) {
      return await inStage(
        'verify',
        context,
        async () => await verifyDeployed(rendered, cluster, context.signal),
      );
    },
    async status(service, signal) {
      const found = await way.deployed(service, signal);
      if (found.kind !== 'ok') return found;
      const { objects, deployed, detail } = found.value;
      const workloads = await lookAt(workloadsIn(objects), cluster, signal);
      if (workloads.kind !== 'ok') return workloads;
      const pods = sumOf(workloads.value.map((workload) => workload.pods));
      const namespace = namespaceFor(service);
      return ok({ service: service.name, namespace, deployed, detail, workloads: workloads.value, pods });
    },
    followPods(service, objects, onSummary, signal) {
      followPods(placed(workloadsIn(objects), namespaceFor(service)), cluster, onSummary, signal);
    },
  };
}
