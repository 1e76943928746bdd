/**
 * Keeps a service's ports reachable on this machine: the same local port for the whole session, whichever pod is the
 * newest that serves. kubectl and client-node forward to one pod and stop when it goes.
 */
import type { Socket } from 'node:net';
import type { PortForwardConfig } from '../../config/model.ts';
import type { Emit } from '../../core/events.ts';
import { systemClock } from '../../support/clock.ts';
import { listen, retryPortMs } from './listener.ts';
import { declaredPorts, newestServing } from '../logs/pods.ts';

import type { Cluster, KubeObject } from '../types.ts';

/** What to forward: the pods by their labels, and the ports. */
export interface ForwardRequest {
  readonly service: string;
  readonly namespace: string;
  /** Label selector of the workload's pods. */
  readonly selector: string;
  readonly ports: readonly PortForwardConfig[];
}

/** Times, in milliseconds. */
export interface ForwardTiming {
  /** How long a new connection waits for a pod that serves. */
  readonly waitMs: number;
  /**
   * Time between two attempts to reach a pod for a connection, and between two looks at connections to an older pod.
   */
  readonly tickMs: number;
  /** A connection to an older pod is closed if its last request was answered this long ago. */
  readonly quietMs: number;
  readonly retryPortMs: number;
}

/** The times outside tests. */
export const forwardTiming: ForwardTiming = { waitMs: 10_000, tickMs: 100, quietMs: 250, retryPortMs };

/** A port of a pod that did not answer a connection. */
interface Breakage {
  readonly pod: string;
  readonly reason: string;
  readonly hint: string;
}

interface Connection {
  readonly socket: Socket;
  /** The pod it leads to; empty while it waits for one. */
  pod: string;
  /** Bytes written to the local side when it last sent something. More bytes now mean that it was answered. */
  writtenAtRequest: number;
  /** Bytes written at the last look, and since when that number is the same. */
  written: number;
  since: number;
}

/**
 * Forwards until the signal aborts, and resolves when every listener and connection is closed. Emits `forward.opened`
 * when a port is open and a pod serves. Emits `forward.lost` when that ends, when the port is taken, and when a
 * connection shows that nothing in the pod answers.
 */
export async function forwardService(
  cluster: Pick<Cluster, 'follow' | 'connect'>,
  request: ForwardRequest,
  emit: Emit,
  signal: AbortSignal,
  timing: ForwardTiming = forwardTiming,
): Promise<void> {
  const { service, namespace, selector } = request;
  const listening = new Set<PortForwardConfig>();
  const open = new Set<PortForwardConfig>();
  const broken = new Map<PortForwardConfig, Breakage>();
  const connections = new Set<Connection>();
  let target: KubeObject | undefined;
  let trouble: string | undefined = 'no pod serves yet';
  let looking: NodeJS.Timeout | undefined;

  /** Reports what changed, once for each change. */
  function announce(): void {
    for (const port of request.ports) {
      const { localPort, remotePort } = port;
      const breakage = broken.get(port);
      // The next pod may listen on it.
      const isBroken = breakage !== undefined && breakage.pod === target?.metadata.name;
      const usable = listening.has(port) && trouble === undefined && !isBroken;
      if (usable && !open.has(port)) {
        open.add(port);
        emit({ type: 'forward.opened', service, localPort, remotePort });
      } else if (!usable && open.has(port)) {
        open.delete(port);
        const hint = trouble === undefined && isBroken ? { hint: breakage.hint } : {};
        const reason = trouble ?? breakage?.reason ?? 'the port was closed';
        emit({ type: 'forward.lost', service, localPort, reason, ...hint });
      }
    }
  }

  cluster.follow(
    { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: selector },
    {
      onSnapshot: (pods) => {
        target = newestServing(pods);
        trouble = target === undefined ? 'no pod serves' : undefined;
        announce();
        closeStale();
      },
      onLost: (reason) => {
        trouble = reason;
        announce();
      },
      // The snapshot that follows says whether a pod serves.
    },
    signal,
  );

  /** A port that did not answer before does so now. A connection may last for hours after its first answer. */
  function noteAnswer(port: PortForwardConfig, { bytesWritten }: Socket): void {
    if (bytesWritten > 0 && broken.delete(port)) announce();
  }

  /** Connects a connection with the newest serving pod. Tries again while no pod serves or the pod is just stopping. */
  async function join(port: PortForwardConfig, socket: Socket): Promise<void> {
    const connection: Connection = { socket, pod: '', writtenAtRequest: 0, written: -1, since: 0 };
    // Stays paused: `connect` decides who reads.
    socket.pause();
    socket.on('data', () => {
      connection.writtenAtRequest = socket.bytesWritten;
    });
    connections.add(connection);
    const until = performance.now() + timing.waitMs;
    while (!socket.destroyed && !signal.aborted && performance.now() < until) {
      const pod = target;
      if (pod !== undefined) {
        connection.pod = pod.metadata.name;
        const reached = { namespace, pod: connection.pod, port: port.remotePort };
        const watching = broken.has(port)
          ? setInterval(() => noteAnswer(port, socket), timing.tickMs)
          : undefined;
        const ended = await cluster.connect(reached, socket);
        clearInterval(watching);
        if (ended.kind === 'ok') {
          if (ended.value.refused === undefined) noteAnswer(port, socket);
          else broken.set(port, breakageOf(service, port, pod, ended.value.refused));
          announce();
          break;
        }
      }
      await systemClock.sleep(timing.tickMs, signal);
    }
    connections.delete(connection);
    socket.destroy();
  }

  /**
   * Closes connections to an older pod once they are idle. Otherwise a browser would get the old application over its
   * kept connection until the old pod stops. A connection that waits for its answer is left alone. Looks again while
   * there are such connections.
   */
  function closeStale(): void {
    clearTimeout(looking);
    const stale = [...connections].filter(
      ({ pod }) => pod !== '' && target !== undefined && pod !== target.metadata.name,
    );
    for (const connection of stale) {
      const { socket } = connection;
      if (socket.bytesWritten !== connection.written) {
        connection.written = socket.bytesWritten;
        connection.since = performance.now();
      }
      const answered = socket.bytesWritten > connection.writtenAtRequest;
      if (answered && performance.now() - connection.since >= timing.quietMs) socket.destroy();
    }
    if (stale.length > 0 && !signal.aborted) looking = setTimeout(closeStale, timing.tickMs);
  }

  await Promise.all(
    request.ports.map(
      async (port) =>
        await listen(
          port.localPort,
          {
            onListening: () => {
              listening.add(port);
              announce();
            },
            onRefused: (reason, retried) =>
              emit({
                type: 'forward.lost',
                service,
                localPort: port.localPort,
                reason,
                hint: retried
                  ? `stop that process, or change dev.forward of ${service}; appdev keeps trying`
                  : `change dev.forward of ${service} to a port above 1023`,
              }),
            onConnection: (socket) => void join(port, socket),
          },
          signal,
          timing.retryPortMs,
        ),
    ),
  );
}

/** What the node's words about a refused connection mean, and which port to write instead. */
function breakageOf(
  service: string,
  { localPort, remotePort }: PortForwardConfig,
  pod: KubeObject,
  words: string,
): Breakage {
  const { name } = pod.metadata;
  const declared = declaredPorts(pod);
  const known = declared.length === 0 ? 'the port that its container listens on' : declared.join(' or ');
  return {
    pod: name,
    reason: words.includes('connection refused')
      ? `nothing in Pod/${name} listens on port ${remotePort}`
      : `cannot reach port ${remotePort} of Pod/${name}: ${words}`,
    hint: `dev.forward of ${service} says ${localPort}:${remotePort}; the second number should be ${known}`,
  };
}
