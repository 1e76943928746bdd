/**
 * Sends data to the standard input of a running container, over the API server's channel protocol. Reads nothing: what
 * the container writes is its log, which can be read again after a broken connection.
 */
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { hasAborted, onAbort } from '../../support/abort.ts';
import { stringAt } from '../../support/fields.ts';
import { unreachable } from './failures.ts';
import type { Transport } from './transport.ts';
import {
  channels,
  channelsPath,
  closed,
  drop,
  frameOf,
  highWater,
  isOpen,
  statusOf,
  type ContainerTarget,
  type FrameSocket,
} from './channels.ts';

/**
 * Largest frame that is sent, in bytes. API servers, and proxies in front of them, take frames of a few megabytes at
 * most.
 */
const frameBytes = 64 * 1024;

/**
 * Sends all of `source`, then ends the container's input. Resolves when everything was handed over, or when the
 * container stopped reading because it ended. The pod's status says how it ended. Fails with CLUSTER_UNREACHABLE if
 * the connection broke in the middle. Throws what `source` throws.
 */
export async function attach(
  transport: Transport,
  target: ContainerTarget,
  source: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const { namespace, pod, container } = target;
  const query = new URLSearchParams({ container, stdin: 'true', stdout: 'false', stderr: 'false' });
  let status: unknown;
  const opened = await transport.socket(
    channelsPath(target, 'attach', query),
    (channel, data) => {
      if (channel === channels.status) status = statusOf(data);
    },
    signal,
  );
  if (opened.kind !== 'ok') return opened;
  const socket = opened.value;
  const stopped = new Promise<void>((resolve) => {
    onAbort(signal, resolve);
  });
  const ended = Promise.race([closed(socket), stopped]);
  try {
    const sent = await sendAll(socket, source, ended, signal);
    if (sent) {
      // Version 4 cannot say that no more is coming, except by closing. `stdinOnce` then ends the input.
      if (socket.protocol.startsWith('v5.'))
        socket.send(frameOf(channels.close, Buffer.from([channels.stdin])));
      else socket.close();
      await ended;
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
 * Sends chunk by chunk. Each one waits until most of the previous one is on its way. False if the connection ended
 * before.
 */
async function sendAll(
  socket: FrameSocket,
  source: AsyncIterable<Buffer>,
  ended: Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const goesOn = (): boolean => isOpen(socket) && !hasAborted(signal);
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length; from += frameBytes) {
      if (!goesOn()) return false;
      const frame = frameOf(channels.stdin, chunk.subarray(from, from + frameBytes));
      const gone = new Promise<void>((resolve) => socket.send(frame, () => resolve()));
      if (socket.bufferedAmount > highWater) await Promise.race([gone, ended]);
    }
  }
  return goesOn();
}
