/**
 * The channels of a pod over a WebSocket to the API server. Each frame carries its channel's number in the first byte
 * (v5.channel.k8s.io, or v4 on older servers). exec.ts, attach.ts and connect.ts know what the channels mean.
 *
 * Written over `ws`, because client-node's Exec, Attach and PortForward (1.4) do not do the job:
 * - A CLOSE frame of the server ends this process's own stdout. A frame of an unknown channel throws, and nobody can
 *   catch it.
 * - They cannot be cancelled while they connect, and they hide what the server says when it refuses.
 * - They send and write without waiting for a slow side, and do not tell how a connection ended.
 */
import type { IncomingMessage } from 'node:http';
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { hasAborted, onAbort } from '../../support/abort.ts';
import type { Proof } from './credentials.ts';
import { rejected, unreachable } from './failures.ts';
import type { ClusterIdentity } from '../types.ts';

/** Which container of which pod. */
export interface ContainerTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** An open socket. These are the parts of a `ws` WebSocket that are used. */
export interface FrameSocket {
  readonly readyState: number;
  /** The subprotocol that the server chose, such as `v5.channel.k8s.io`. */
  readonly protocol: string;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  send(frame: Buffer, sent?: (error?: Error) => void): void;
  pause(): void;
  resume(): void;
  close(): void;
  terminate(): void;
  once(event: 'close', closed: () => void): unknown;
}

/** Gets every frame: its channel and its bytes. */
export type OnFrame = (channel: number, data: Buffer) => void;

/** Channels of exec and attach. `close` ends another channel, only in version 5 of the protocol. */
export const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 } as const;

/** Reading from the source stops if more bytes than this wait to be sent. */
export const highWater = 1024 * 1024;

const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
/** `WebSocket.OPEN`; higher states are closing and closed. */
const openState = 1;
/**
 * Milliseconds to wait for the other side's close frame. Without a limit, a peer that does not answer keeps the
 * connection open for 30 s.
 */
const closeMs = 1000;

/** The URL path of a pod's channels, with its verb and query. */
export function channelsPath(
  { namespace, pod }: Omit<ContainerTarget, 'container'>,
  verb: 'exec' | 'attach' | 'portforward',
  query: URLSearchParams,
): string {
  const [inNamespace, ofPod] = [encodeURIComponent(namespace), encodeURIComponent(pod)];
  return `/api/v1/namespaces/${inNamespace}/pods/${ofPod}/${verb}?${query.toString()}`;
}

/**
 * Opens a socket. `onFrame` may be called before this resolves. An abort ends the opening, not the open socket.
 *
 * @param onRefused called before this resolves with a failure, with the HTTP status of an answer that opens no socket
 */
export async function openSocket(
  identity: ClusterIdentity,
  proof: Proof,
  path: string,
  onFrame: OnFrame,
  signal: AbortSignal,
  onRefused: (status: number) => void,
): Promise<Outcome<FrameSocket>> {
  const { WebSocket } = await import('ws');
  const address = `${identity.server.replace(/^http/, 'ws').replace(/\/$/, '')}${path}`;
  const socket = new WebSocket(address, protocols, { ...proof.tls, headers: proof.headers });
  socket.on('message', (data: Buffer, isBinary) => {
    const [channel] = data;
    if (isBinary && channel !== undefined) onFrame(channel, data.subarray(1));
  });
  return await new Promise((resolve) => {
    const stopWaiting = onAbort(signal, () => socket.terminate());
    const settle = (outcome: Outcome<FrameSocket>): void => {
      stopWaiting();
      resolve(outcome);
    };
    socket.once('open', () => settle(ok(socket)));
    // This also hears errors of the open socket. They are followed by its close.
    socket.on('error', (error) => {
      settle(hasAborted(signal) ? cancelled(signal) : unreachable(error, identity));
    });
    socket.once('unexpected-response', (_request, response) => {
      onRefused(response.statusCode ?? 0);
      settle(refused(response, path, identity));
      socket.terminate();
    });
  });
}

function refused(response: IncomingMessage, path: string, identity: ClusterIdentity): Outcome<never> {
  const [, namespace = '', pod = '', verb = ''] =
    /namespaces\/([^/]+)\/pods\/([^/]+)\/([a-z]+)/.exec(path) ?? [];
  const what = `${verb} in Pod/${pod} of ${namespace}`;
  if (response.statusCode === 404) {
    return failed('DEPLOY_FAILED', `cannot ${what}: there is no such pod`, {
      hint: 'it was probably just replaced',
    });
  }
  const body = 'the server refused the connection without saying why';
  return rejected({ status: response.statusCode ?? 0, body }, what, identity);
}

/** Whether frames can still be sent. */
export function isOpen(socket: FrameSocket): boolean {
  return socket.readyState <= openState;
}

/** Resolves when either side has closed the socket. */
export async function closed(socket: FrameSocket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('close', resolve);
    if (!isOpen(socket)) resolve();
  });
}

/** Closes the socket. If the other side does not answer soon, it is closed anyway. */
export function drop(socket: FrameSocket): void {
  if (isOpen(socket)) socket.close();
  setTimeout(() => socket.terminate(), closeMs).unref();
}

/** Makes a frame for a channel. */
export function frameOf(channel: number, data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([channel]), data]);
}

/** What the server said on the status channel: its Status object, or an object made from its text. */
export function statusOf(data: Buffer): unknown {
  const text = data.toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { status: 'Failure', message: text.trim() };
  }
}
