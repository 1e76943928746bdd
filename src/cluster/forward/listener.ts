/**
 * Listens on one local port for as long as the session lasts. If the port is taken, the user gets a notice, the session
 * continues, and the listener tries again until the port is free. The caller handles the connections.
 */
import { createServer, type Socket } from 'node:net';
import { onAbort } from '../../support/abort.ts';
import { systemClock } from '../../support/clock.ts';
import { portOwner } from './port-owner.ts';

/** Callbacks for the owner of a listener. */
export interface ListenerHandlers {
  readonly onListening: () => void;
  /** Called once for each new reason. `retried`: true if the listener tries again. */
  readonly onRefused: (reason: string, retried: boolean) => void;
  /** A connection, paused and with `allowHalfOpen`. */
  readonly onConnection: (socket: Socket) => void;
}

/** Wait before a taken port is tried again, in milliseconds. */
export const retryPortMs = 2000;

/** Listens on 127.0.0.1 until the signal aborts. Resolves when the port is free again and no connection is left. */
export async function listen(
  port: number,
  handlers: ListenerHandlers,
  signal: AbortSignal,
  retryMs: number = retryPortMs,
): Promise<void> {
  let told = '';
  while (!signal.aborted) {
    const refused = await listenOnce(port, handlers, signal);
    if (refused === undefined) return;
    const retried = refused === 'EADDRINUSE';
    const owner = retried ? await portOwner(port) : undefined;
    const reason = describe(refused, port, owner);
    if (reason !== told) handlers.onRefused(reason, retried);
    told = reason;
    if (!retried) return;
    await systemClock.sleep(retryMs, signal);
  }
}

function describe(code: string, port: number, owner: string | undefined): string {
  if (code === 'EADDRINUSE') return `port ${port} is in use by ${owner ?? 'another process'}`;
  if (code === 'EACCES') return `this user is not allowed to listen on port ${port}`;
  return `cannot listen on port ${port} (${code})`;
}

/** Listens until the signal. Returns the error code if listening could not begin. */
async function listenOnce(
  port: number,
  handlers: ListenerHandlers,
  signal: AbortSignal,
): Promise<string | undefined> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A reset by the peer is not our error; 'close' follows.
    socket.on('error', () => undefined);
    handlers.onConnection(socket);
  });
  let stopWaiting = (): void => undefined;
  return await new Promise((resolve) => {
    const stop = (): void => {
      server.close(() => resolve(undefined));
      for (const socket of sockets) socket.destroy();
    };
    server.once('error', (error) => {
      stopWaiting();
      resolve('code' in error ? String(error.code) : error.message);
    });
    server.listen({ port, host: '127.0.0.1' }, () => {
      if (signal.aborted) {
        stop();
        return;
      }
      stopWaiting = onAbort(signal, stop);
      handlers.onListening();
    });
  });
}
