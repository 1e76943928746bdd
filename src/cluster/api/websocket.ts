/**
 * Opens a WebSocket to the API server with client-node's handler, and says why if the server refuses it. exec.ts and
 * connect.ts know what the frames mean.
 */
import type { RequestOptions } from 'node:https';
import { PassThrough } from 'node:stream';
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import type { Proof } from './credentials.ts';
import { rejected, unreachable } from './failures.ts';
import type { ClusterIdentity } from '../types.ts';

/** A socket that carries frames, each with its channel's number in the first byte. The parts of `ws` that are used. */
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
  onclose: (() => void) | null;
}

/** `readyState` of an open socket (`WebSocket.OPEN`). Higher values mean closing and closed. */
export const openState = 1;

/** Called with every frame: its channel and its bytes. */
export type OnFrame = (channel: number, data: Buffer) => void;

/** Opens a socket. `onFrame` may be called before this resolves. An abort ends the opening, not the open socket. */
export async function openSocket(
  identity: ClusterIdentity,
  proof: Proof,
  path: string,
  onFrame: OnFrame,
  signal: AbortSignal,
): Promise<Outcome<FrameSocket>> {
  const { WebSocketHandler } = await import('@kubernetes/client-node/dist/web-socket-handler.js');
  // The handler asks its configuration for only two things.
  const configuration = {
    getCurrentCluster: () => ({ server: identity.server.replace(/\/$/, '') }),
    applyToHTTPSOptions: (settings: RequestOptions): Promise<void> => {
      Object.assign(settings, proof.tls, { headers: { ...proof.headers }, signal });
      return Promise.resolve();
    },
  };
  // Without streams of its own, the handler would end this process's stdout at a CLOSE frame of the server.
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const handler = new WebSocketHandler(
    configuration as unknown as ConstructorParameters<typeof WebSocketHandler>[0],
    undefined,
    streams,
  );
  try {
    const socket: unknown = await handler.connect(path, null, (channel, data) => {
      onFrame(channel, data);
      return true;
    });
    return ok(socket as FrameSocket);
  } catch (error) {
    if (signal.aborted) return cancelled(signal);
    // `ws` rejects with an event, and gives the status of a refused upgrade only in its message.
    const event = error as { readonly message?: string; readonly error?: unknown };
    const status = /Unexpected server response: (\d+)/.exec(event.message ?? '')?.[1];
    return status === undefined
      ? unreachable(event.error ?? error, identity)
      : refused(Number(status), path, identity);
  }
}

function refused(status: number, path: string, identity: ClusterIdentity): Outcome<never> {
  const [, namespace = '', pod = '', verb = ''] =
    /namespaces\/([^/]+)\/pods\/([^/]+)\/([a-z]+)/.exec(path) ?? [];
  const what = `${verb} in Pod/${pod} of ${namespace}`;
  if (status === 404) {
    return failed('DEPLOY_FAILED', `cannot ${what}: there is no such pod`, {
      hint: 'it was probably just replaced',
    });
  }
  return rejected({ status, body: 'the server refused the connection without saying why' }, what, identity);
}
