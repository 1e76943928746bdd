/**
 * Carries one TCP connection to a port of a pod, over the API server's port-forward channels. Channel 0 carries
 * bytes, channel 1 an error. Each begins with the port's number in two bytes. client-node's PortForward does the
 * same, but it has no back-pressure and does not say how the connection ended.
 */
import type { Socket } from 'node:net';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { Transport } from './transport.ts';
import { channelsPath, closed, drop, frameOf, highWater, type FrameSocket } from './channels.ts';

/** Which port of which pod. */
export interface ConnectTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

const channels = { data: 0, error: 1 } as const;
const portBytes = 2;
/**
 * How long the peer may be silent, in milliseconds, after the local side has sent everything. The channels cannot
 * carry a half-closed connection, so the peer may finish answering until it sends no byte for this long.
 */
const halfOpenMs = 5000;

/**
 * Connects a local socket, made with `allowHalfOpen`, with the pod's port until either side ends. Resolves when both
 * are closed. If nothing listens on the port, `refused` contains the node's words. If the connection to the pod
 * cannot be made (no such pod, no API server), it resolves with that failure. The socket then stays open and paused.
 */
export async function connect(
  transport: Transport,
  target: ConnectTarget,
  socket: Socket,
): Promise<Outcome<{ readonly refused?: string }>> {
  const local = new AbortController();
  const localClosed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const leave = (): void => local.abort();
  socket.once('close', leave);
  if (socket.destroyed) leave();
  socket.pause();

  const seen = { data: 0, error: 0 };
  const problem: Buffer[] = [];
  const withoutPort = (kind: 'data' | 'error', frame: Buffer): Buffer => {
    const skip = Math.max(0, Math.min(frame.length, portBytes - seen[kind]));
    seen[kind] += skip;
    return frame.subarray(skip);
  };
  const remote: { socket?: FrameSocket } = {};
  /** Stops the pod's side until the local side has taken the waiting bytes. */
  const holdRemote = (): void => {
    if (socket.listenerCount('drain') > 0) return;
    remote.socket?.pause();
    socket.once('drain', () => remote.socket?.resume());
  };
  const opened = await transport.socket(
    channelsPath(target, 'portforward', new URLSearchParams({ ports: String(target.port) })),
    (number, frame) => {
      if (number === channels.error) {
        const text = withoutPort('error', frame);
        if (text.length > 0) problem.push(text);
      } else if (number === channels.data) {
        const bytes = withoutPort('data', frame);
        if (bytes.length > 0 && !socket.destroyed && !socket.write(bytes)) holdRemote();
      }
    },
    local.signal,
  );
  // Cancelled: the local side disconnected while the connection was being made.
  if (opened.kind !== 'ok') return opened.kind === 'cancelled' ? ok({}) : opened;

  socket.on('error', () => undefined);
  const channel = opened.value;
  remote.socket = channel;
  socket.on('data', (chunk: Buffer) => {
    if (channel.bufferedAmount > highWater) socket.pause();
    channel.send(frameOf(channels.data, chunk), () => {
      if (channel.bufferedAmount <= highWater) socket.resume();
    });
  });
  socket.once('end', () => socket.setTimeout(halfOpenMs, () => socket.destroy()));
  socket.resume();

  await Promise.race([closed(channel), localClosed]);
  if (problem.length > 0) socket.destroy();
  // The last bytes from the pod are still written.
  else socket.end();
  drop(channel);
  setTimeout(() => socket.destroy(), halfOpenMs).unref();
  await localClosed;
  return ok(problem.length === 0 ? {} : { refused: Buffer.concat(problem).toString('utf8').trim() });
}
