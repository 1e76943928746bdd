/**
 * Sends data to the standard input of a running container, over the API server's channel protocol. Reads nothing: what
 * the container writes is its log, which can be read again after a broken connection.
 */
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { hasAborted, onAbort } from '../../support/abort.ts';
import { stringAt } from '../../support/fields.ts';
import { unreachable } from './failures.ts';
import type { Transport } from './transport.ts';
import { openState, type FrameSocket } from './websocket.ts';

/** Which container to attach to. */
export interface AttachTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/**
 * Channel 0 carries the input, 3 the server's Status. 255 closes another channel, only in version 5 of the protocol.
 */
const channels = { stdin: 0, status: 3, close: 255 } as const;
/** If more than this waits to be sent, in bytes, reading from the source stops. */
const highWater = 1024 * 1024;
/** Largest frame, in bytes. API servers and the proxies in between accept frames of at most a few megabytes. */
const frameBytes = 64 * 1024;

/**
 * Sends all of `source`, then ends the container's input. Resolves when everything was handed over, or when the
 * container stopped reading because it ended; the pod's status says what became of it. Fails with CLUSTER_UNREACHABLE
 * if the connection broke in the middle. Throws what `source` throws.
 */
export async function attach(
  transport: Transport,
  target: AttachTarget,
  source: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const { namespace, pod, container } = target;
  const query = new URLSearchParams({ container, stdin: 'true', stdout: 'false', stderr: 'false' });
  let status: unknown;
  const opened = await transport.socket(
    `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/attach?${query.toString()}`,
    (channel, data) => {
      if (channel === channels.status) status = statusOf(data);
    },
    signal,
  );
  if (opened.kind !== 'ok') return opened;
  const socket = opened.value;
  const closed = new Promise<void>((resolve) => {
    socket.onclose = () => resolve();
    if (socket.readyState > openState) resolve();
  });
  const stopped = new Promise<void>((resolve) => {
    onAbort(signal, resolve);
  });
  try {
    const sent = await sendAll(socket, source, Promise.race([closed, stopped]), signal);
    if (sent) {
      // Version 4 has no other way to end the input than to disconnect; `stdinOnce` then ends it.
      if (socket.protocol.startsWith('v5.')) socket.send(Buffer.from([channels.close, channels.stdin]));
      else socket.close();
      await Promise.race([closed, stopped]);
    }
    if (hasAborted(signal)) return cancelled(signal);
    const said = stringAt(status, 'message');
    if (stringAt(status, 'status') === 'Failure' && said !== undefined) {
      return failed('DEPLOY_FAILED', `cannot attach to ${pod}/${container}: ${said}`, {
        hint: `to see what happened: kubectl -n ${namespace} describe pod ${pod}`,
      });
    }
    // The server closes when the container has ended. If that was before everything was sent, the pod's status says
    // why.
    if (sent || status !== undefined) return ok(undefined);
    return unreachable({ code: 'ECONNRESET' }, transport.identity);
  } finally {
    drop(socket);
  }
}

/**
 * Sends chunk by chunk, each one after most of the previous one is on its way. False if the connection ended before.
 */
async function sendAll(
  socket: FrameSocket,
  source: AsyncIterable<Buffer>,
  ended: Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const isOpen = (): boolean => socket.readyState <= openState && !hasAborted(signal);
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length; from += frameBytes) {
      if (!isOpen()) return false;
      const frame = Buffer.concat([Buffer.from([channels.stdin]), chunk.subarray(from, from + frameBytes)]);
      const gone = new Promise<void>((resolve) => socket.send(frame, () => resolve()));
      if (socket.bufferedAmount > highWater) await Promise.race([gone, ended]);
    }
  }
  return isOpen();
}

function statusOf(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString('utf8')) as unknown;
  } catch {
    return { status: 'Failure', message: data.toString('utf8').trim() };
  }
}

function drop(socket: FrameSocket): void {
  if (socket.readyState <= openState) socket.close();
  // A peer that does not answer the close frame would keep the connection open for 30 s.
  setTimeout(() => socket.terminate(), 1000).unref();
}
