/** A proxy before a real server that answers some requests with a fault: real servers will not fail on demand. */
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A fault, for the first `times` requests that fit. */
export interface Fault {
  readonly method: string;
  readonly path: RegExp;
  times: number;
  /** Status to answer with, or `reset` to break the connection off. */
  readonly answer: number | 'reset';
}

/** A fault for one request, by its number. */
export interface NthFault {
  /** From 1, counted from when it was set; it has happened when this is 0 or less. */
  left: number;
  /** `hang-up`: the connection ends in the middle of a body, of the request if that has one, else of the answer; of a HEAD at once. */
  readonly answer: number | 'reset' | 'hang-up';
}

/** A running proxy. */
export interface FaultProxy {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** Faults that are still to come; tests set them. */
  faults: Fault[];
  /** A fault for the nth request; tests set it. */
  nth: NthFault | undefined;
  /** `METHOD path` of every request so far. */
  readonly requests: string[];
  stop(): Promise<void>;
}

/** How the proxy proves to the server who it is, and the server to it, in PEM: the server speaks HTTPS. */
export interface ProxyIdentity {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Starts one before the server at `target`, `host:port`. It speaks plain HTTP itself. */
export async function startFaultProxy(target: string, identity?: ProxyIdentity): Promise<FaultProxy> {
  const requests: string[] = [];
  const request = identity === undefined ? httpRequest : httpsRequest;
  const server = createServer((incoming, answer) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const fault = proxy.faults.find((one) => one.times > 0 && fits(one, incoming));
    if (fault !== undefined) {
      fault.times -= 1;
      incoming.resume();
      if (fault.answer === 'reset') incoming.socket.resetAndDestroy();
      else answer.writeHead(fault.answer, { connection: 'close' }).end();
      return;
    }
    const { nth } = proxy;
    if (nth !== undefined) nth.left -= 1;
    const hit = nth?.left === 0 ? nth.answer : undefined;
    if (typeof hit === 'number') {
      incoming.resume();
      answer.writeHead(hit, { connection: 'close' }).end();
      return;
    }
    if (hit === 'reset' || (hit === 'hang-up' && incoming.method === 'HEAD')) {
      incoming.socket.resetAndDestroy();
      return;
    }
    if (hit === 'hang-up' && ['PATCH', 'PUT', 'POST'].includes(incoming.method ?? '')) {
      incoming.once('data', () => incoming.socket.destroy());
      incoming.once('end', () => incoming.socket.destroy());
      return;
    }
    const [host, port] = target.split(':');
    const outgoing = request(
      {
        host,
        port,
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, host: incoming.headers.host },
        ...identity,
      },
      (response) => {
        if (hit === 'hang-up') {
          // One byte of what was promised.
          const { 'transfer-encoding': _chunked, ...headers } = response.headers;
          answer.writeHead(response.statusCode ?? 502, { ...headers, 'content-length': '1000' });
          answer.write('{', () => incoming.socket.destroy());
          return;
        }
        answer.writeHead(response.statusCode ?? 502, response.headers);
        // The head of a watch is an answer before anything happens.
        answer.flushHeaders();
        response.pipe(answer);
      },
    );
    outgoing.on('error', () => answer.destroy());
    answer.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: FaultProxy = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults: [],
    nth: undefined,
    requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

function fits(fault: Fault, incoming: IncomingMessage): boolean {
  return fault.method === incoming.method && fault.path.test(incoming.url ?? '');
}
