/** What appdev reads from a pod: whether it serves, which is the newest, and what its containers are and did. Pure. */
import { fieldAt, listAt, numberAt, stringAt } from '../../support/fields.ts';
import type { KubeObject } from '../types.ts';

/** True for a pod that its readiness probe calls ready and that nobody has told to stop. */
export function isServing(pod: KubeObject): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  const conditions = listAt(pod, 'status', 'conditions');
  return conditions.some((item) => stringAt(item, 'type') === 'Ready' && stringAt(item, 'status') === 'True');
}

/**
 * The serving pod that was created last. If several were created in one second, the last by name, so the choice is
 * stable.
 */
export function newestServing(pods: readonly KubeObject[]): KubeObject | undefined {
  const age = (pod: KubeObject): string => `${pod.metadata.creationTimestamp ?? ''} ${pod.metadata.name}`;
  return pods
    .filter(isServing)
    .reduce<KubeObject | undefined>(
      (best, pod) => (best === undefined || age(pod) > age(best) ? pod : best),
      undefined,
    );
}

/** Ports that the containers of a pod declare, with their names if they have one: `8080 (http)`. */
export function declaredPorts(pod: KubeObject): string[] {
  return listAt(pod, 'spec', 'containers').flatMap((container) =>
    listAt(container, 'ports').flatMap((port) => {
      const number = numberAt(port, 'containerPort');
      const name = stringAt(port, 'name');
      return number === undefined ? [] : [name === undefined ? String(number) : `${number} (${name})`];
    }),
  );
}

/** One run of a container, as far as its log needs it. */
export interface ContainerRun {
  readonly container: string;
  /** Changes with each restart. Absent if the container has never run. */
  readonly id?: string;
  /** True if this run has ended, so its log will not grow. */
  readonly ended: boolean;
  /** Id of the previous run, whose log the node still has. */
  readonly previousId?: string;
}

/**
 * The runs of a pod's containers, init containers first. Ephemeral containers are left out: they are someone's
 * debugging, not the app.
 */
export function containerRuns(pod: KubeObject): ContainerRun[] {
  const statuses = [
    ...listAt(pod, 'status', 'initContainerStatuses'),
    ...listAt(pod, 'status', 'containerStatuses'),
  ];
  return statuses.map((status) => {
    const ended = stringAt(status, 'state', 'terminated', 'containerID');
    const running =
      fieldAt(status, 'state', 'running') === undefined ? undefined : stringAt(status, 'containerID');
    const before = stringAt(status, 'lastState', 'terminated', 'containerID');
    // While a container waits for its restart (CrashLoopBackOff), the log that can be read is that of its last run.
    const id = running ?? ended ?? before;
    const previousId = id === before ? undefined : before;
    return {
      container: stringAt(status, 'name') ?? '',
      ended: running === undefined,
      ...(id === undefined ? {} : { id }),
      ...(previousId === undefined ? {} : { previousId }),
    };
  });
}
