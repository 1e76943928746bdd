/** A TCP proxy in front of a real server, on an address of one's choice, that can be cut and joined again. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** The proxy. */
export interface CutProxy {
  readonly port: number;
  /** Ends every connection, and refuses new ones. */
  cut(): Promise<void>;
  /** Takes connections again. */
  join(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy on `host` to `target` on the same host. */
export async function createCutProxy(host: string, target: number): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target, host);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  let port = 0;
  const join = async (): Promise<void> => {
    await new Promise<void>((done) => server.listen(port, host, done));
    port = (server.address() as AddressInfo).port;
  };
  const cut = async (): Promise<void> => {
    const closed = new Promise((done) => server.close(done));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await join();
  return {
    port,
    cut,
    join,
    async close() {
      if (server.listening) await cut();
    },
  };
}
