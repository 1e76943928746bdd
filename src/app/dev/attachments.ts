/**
 * What follows a deployed service in `dev`: its pods' state, its application logs and its forwarded ports. It
 * attaches to what is deployed at the start and to what is applied, and again if the workloads or `dev.forward`
 * change. All of it ends with the session.
 */
import { forwardService } from '../../cluster/forward/forward.ts';
import { followPodLogs } from '../../cluster/logs/pod-logs.ts';
import type { KubeObject } from '../../cluster/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { workloadsIn } from '../../deploy/objects/kinds.ts';
import { placed } from '../../deploy/record/release.ts';
import type { Emit } from '../../core/events.ts';
import { onAbort } from '../../support/abort.ts';
import { namespaceOf, type OpenTarget } from '../compose/cluster.ts';
import type { ApplyWay } from './footprint.ts';
import { podsIn, podsWithPort } from '../deployed/selectors.ts';

/** Follows services as they are deployed. */
export interface Attachments {
  /** Returns a way that also attaches to what it applies. */
  readonly following: (way: ApplyWay) => ApplyWay;
  /**
   * Attaches to what earlier sessions left deployed. It serves until something newer does, even if nothing builds.
   */
  attachDeployed(services: readonly ServiceConfig[]): void;
  /** Takes in a changed configuration. Other ports are forwarded at once, without a deploy. */
  configured(services: readonly ServiceConfig[]): void;
  /** Stops following. Resolves when every stream and listener is closed. */
  stop(): Promise<void>;
}

/** Where a service runs, and as which workloads. */
interface Placed {
  readonly namespace: string;
  readonly workloads: readonly KubeObject[];
}

/** One thing that is followed. `key` names it as text; `stop` and `done` end it and tell its end. */
interface Attached {
  readonly key: string;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** Only lines from now on. What a pod said before this session is in `appdev logs`. */
const backlog = { tailLines: 0 };

/** Makes the attachments of one session. Events go to `emit`. */
export function createAttachments({ cluster, deployer }: OpenTarget, emit: Emit): Attachments {
  /** What is deployed, by service. */
  const deployed = new Map<string, Placed>();
  /** The ports in the newest configuration. A run may still apply with the one that it began with. */
  const ports = new Map<string, ServiceConfig['dev']['forward']>();
  /** What is followed: by service, and ports by service and local port. */
  const attached = new Map<string, Attached>();
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();

  /**
   * Puts what `key` stands for in the place of what was there before, and starts it when that has ended. A port can
   * only have one listener.
   */
  function replace(place: string, key: string, start: (signal: AbortSignal) => Promise<void>): void {
    const before = attached.get(place);
    if (before?.key === key || stopping.signal.aborted) return;
    before?.stop.abort();
    const stop = new AbortController();
    const done = (before?.done ?? Promise.resolve()).then(async () => {
      if (!stop.signal.aborted) await start(stop.signal);
    });
    attached.set(place, { key, stop, done });
    track(done);
  }

  function track(task: Promise<void>): void {
    const tracked = task.finally(() => running.delete(tracked));
    running.add(tracked);
  }

  function attach(service: ServiceConfig, { namespace, workloads }: Placed): void {
    const { name } = service;
    deployed.set(name, { namespace, workloads });
    const pods = podsIn(workloads, namespace);
    const names = workloads.map(({ metadata }) => metadata.name);
    replace(name, JSON.stringify([pods, names]), async (signal) => {
      deployer.observer.followPods(
        service,
        workloads,
        (summary) => emit({ type: 'pod.changed', service: name, pods: summary }),
        signal,
      );
      const logs = pods.map(
        async (some) => await followPodLogs(cluster, { service: name, ...some, ...backlog }, emit, signal),
      );
      await Promise.all(logs);
    });
    forward(service, { namespace, workloads });
  }

  function forward({ name, dev }: ServiceConfig, { namespace, workloads }: Placed): void {
    const wanted = new Set<string>();
    for (const port of ports.get(name) ?? dev.forward) {
      const pods = podsWithPort(workloads, port.remotePort, namespace);
      const place = `${name}:${port.localPort}`;
      wanted.add(place);
      replace(place, JSON.stringify([pods, port]), async (signal) => {
        if (pods === undefined) await leadNowhere(name, port.localPort, signal);
        else await forwardService(cluster, { service: name, ...pods, ports: [port] }, emit, signal);
        if (stopping.signal.aborted || attached.has(place)) return;
        emit({ type: 'forward.closed', service: name, localPort: port.localPort });
      });
    }
    for (const [place, { stop }] of attached) {
      if (!place.startsWith(`${name}:`) || wanted.has(place)) continue;
      attached.delete(place);
      stop.abort();
    }
  }

  /** A port of a service that has no pods. It is shown as long as appdev.yaml asks for it. */
  async function leadNowhere(service: string, localPort: number, signal: AbortSignal): Promise<void> {
    const reason = `no object of ${service} has pods`;
    emit({ type: 'forward.lost', service, localPort, reason, hint: `remove dev.forward of ${service}` });
    await new Promise<void>((resolve) => {
      onAbort(signal, resolve);
    });
  }

  async function attachFound(service: ServiceConfig): Promise<void> {
    // If it cannot be read now, the first run reads it and says why not.
    const found = await deployer.way.deployed(service, stopping.signal);
    if (found.kind !== 'ok' || deployed.has(service.name)) return;
    const { objects } = found.value;
    if (objects.length === 0) return;
    const namespace = namespaceOf(service, cluster);
    attach(service, { namespace, workloads: placed(workloadsIn(objects), namespace) });
  }

  return {
    following: (way) => ({
      async apply(service, rendered, context) {
        const { namespace, objects } = rendered;
        // Attach before the apply: the first lines of a new pod must not be missed, nor those of one that crashes.
        attach(service, { namespace, workloads: placed(workloadsIn(objects), namespace) });
        return await way.apply(service, rendered, context);
      },
    }),
    attachDeployed(services) {
      for (const service of services) track(attachFound(service));
    },
    configured(services) {
      for (const service of services) {
        ports.set(service.name, service.dev.forward);
        const known = deployed.get(service.name);
        if (known !== undefined) forward(service, known);
      }
    },
    async stop() {
      stopping.abort();
      for (const { stop } of attached.values()) stop.abort();
      await Promise.all(running);
    },
  };
}
