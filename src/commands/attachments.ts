/**
 * What accompanies a deployed service in `dev`: its pods' state, its application logs and its forwarded ports. Each is
 * attached once the service's workloads are known, and again when they change; all end with the session.
 */
import { forwardService } from '../cluster/forward.ts';
import { followPodLogs } from '../cluster/pod-logs.ts';
import type { ServiceConfig } from '../config/model.ts';
import { workloadsIn } from '../deploy/objects.ts';
import { placed } from '../deploy/release.ts';
import type { Deployer, LiveDeployer, Rendered } from '../deploy/types.ts';
import type { Emit } from '../events.ts';
import type { OpenTarget } from './cluster.ts';
import { selectorsOf } from './selectors.ts';

/** Follows services as they are deployed. */
export interface Attachments {
  /** The deployer to deploy with: it tells this object what is applied. */
  readonly deployer: Deployer;
  /** Stops following; resolves when every stream and listener is closed. */
  stop(): Promise<void>;
}

/** Only lines from now on: what a pod said before this session is in `appdev logs`. */
const backlog = { tailLines: 0 };

/** Makes it for one session. */
export function createAttachments({ cluster, deployer }: OpenTarget, emit: Emit): Attachments {
  const attached = new Map<string, { readonly key: string; readonly stop: AbortController }>();
  const running = new Set<Promise<void>>();

  const follow = (service: ServiceConfig, rendered: Rendered): void => {
    const workloads = placed(workloadsIn(rendered.objects), rendered.namespace);
    const selectors = selectorsOf(workloads);
    const { forward } = service.dev;
    const key = JSON.stringify([
      rendered.namespace,
      selectors,
      workloads.map(({ metadata }) => metadata.name),
      forward,
    ]);
    const before = attached.get(service.name);
    if (before?.key === key) return;
    before?.stop.abort();
    const stop = new AbortController();
    attached.set(service.name, { key, stop });
    const { name } = service;
    deployer.followPods(
      service,
      rendered.objects,
      (pods) => emit({ type: 'pod.changed', service: name, pods }),
      stop.signal,
    );
    const request = { service: service.name, namespace: rendered.namespace };
    for (const selector of selectors) {
      track(followPodLogs(cluster, { ...request, selector, ...backlog }, emit, stop.signal));
    }
    const [first] = selectors;
    if (first !== undefined && forward.length > 0) {
      track(forwardService(cluster, { ...request, selector: first, ports: forward }, emit, stop.signal));
    }
  };

  const track = (task: Promise<void>): void => {
    const tracked = task.finally(() => running.delete(tracked));
    running.add(tracked);
  };

  return {
    deployer: observing(deployer, follow),
    async stop() {
      for (const { stop } of attached.values()) stop.abort();
      await Promise.all(running);
    },
  };
}

/** The same deployer, telling what it is about to apply. */
function observing(
  deployer: LiveDeployer,
  onApply: (service: ServiceConfig, rendered: Rendered) => void,
): Deployer {
  return {
    ...deployer,
    async apply(service, rendered, context) {
      // Before the apply: the first lines of a new pod, and of one that crashes, must not be missed.
      onApply(service, rendered);
      return await deployer.apply(service, rendered, context);
    },
  };
}
