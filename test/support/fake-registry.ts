/**
 * A fake registry for faults that a real one does not produce on demand: statuses in a row, a reset connection, silence,
 * tokens that expire, foreign realms, redirects. It answers as scripted and records what it was asked.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** One request that arrived. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** Answers a request: with a status, headers and a body, by a reset connection, or never. */
export type FakeAnswer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | 'reset'
  | 'silence';

export interface FakeRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** `http://127.0.0.1:port`, or https. */
  readonly url: string;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

/** Starts one. `respond` decides; `count` says how many requests came before. */
export async function startFakeRegistry(
  respond: (request: SeenRequest, count: number) => FakeAnswer,
  tls?: { readonly cert: string; readonly key: string },
): Promise<FakeRegistry> {
  const seen: SeenRequest[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://fake');
      const one: SeenRequest = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        authorization: request.headers.authorization,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      const answer = respond(one, seen.length);
      seen.push(one);
      if (answer === 'silence') return;
      if (answer === 'reset') {
        request.socket.resetAndDestroy();
        return;
      }
      response.writeHead(answer.status, answer.headers ?? {});
      response.end(request.method === 'HEAD' ? undefined : (answer.body ?? ''));
    });
  };
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  return {
    host,
    url: `${tls === undefined ? 'http' : 'https'}://${host}`,
    seen,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
