/**
 * Trust in a private certificate authority for one registry, besides the usual ones: a fetch for our own requests, and
 * a folder for tools that take one. Skips no check, and changes nothing for other hosts except certificates that this
 * authority signed. (Node 20's built-in fetch accepts an authority only through NODE_EXTRA_CA_CERTS at its start.)
 */
import { copyFileSync, readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { makeTempFolder } from '../../support/files/temp.ts';

/** What is needed to reach a registry whose certificate a private authority signed. */
export interface Trust {
  readonly fetch: typeof fetch;
  /** Folder with the authority as `ca.crt`, for `--cert-dir` of Buildah, podman and skopeo. */
  readonly certDir: string;
  /** The authority itself, as PEM text, for what does not run on this machine. */
  readonly authority: string;
}

/**
 * Trusts the authority in a PEM file. Fails with REGISTRY_UNREACHABLE if the file contains no certificate.
 *
 * @param host of the registry, for messages
 * @param more path of a file with further authorities that the user's Node trusts; empty if there is none
 */
export function trust(file: string, host: string, more: string): Outcome<Trust> {
  const authority = readText(file);
  if (authority?.includes('-----BEGIN CERTIFICATE-----') !== true) {
    return failed(
      'REGISTRY_UNREACHABLE',
      `the certificate authority of ${host} is not usable: ${file} ${authority === undefined ? 'cannot be read' : 'contains no PEM certificate'}`,
      { hint: 'set registry.ca in appdev.yaml, or APPDEV_REGISTRY_CA, to a PEM file' },
    );
  }
  const certDir = makeTempFolder('certificates');
  copyFileSync(file, join(certDir, 'ca.crt'));
  // Node uses its own authorities only if none is named, so they are added here.
  const extra = readText(more);
  const ca = [...rootCertificates, ...(extra === undefined ? [] : [extra]), authority];
  return ok({ certDir, authority, fetch: fetchBy(new Agent({ ca, keepAlive: false })) });
}

/** A fetch for the plain requests that go to registries: text in, the whole text out, no redirect followed. */
function fetchBy(agent: Agent): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const { method = 'GET', body, signal } = init ?? {};
    const headers = Object.fromEntries(new Headers(init?.headers));
    return await new Promise<Response>((resolve, reject) => {
      const options = { method, headers, ...(signal == null ? {} : { signal }) };
      const answered = (incoming: IncomingMessage): void => {
        readAnswer(incoming).then(resolve, reject);
      };
      const outgoing =
        url.protocol === 'https:'
          ? httpsRequest(url, { ...options, agent }, answered)
          : httpRequest(url, options, answered);
      outgoing.on('error', reject);
      outgoing.end(typeof body === 'string' ? body : undefined);
    });
  };
}

async function readAnswer(incoming: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const status = incoming.statusCode ?? 0;
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one);
  }
  // An answer with one of these statuses must not have a body; the class insists on that.
  const bare = [101, 204, 205, 304].includes(status);
  return new Response(bare ? null : Buffer.concat(chunks).toString('utf8'), { status, headers });
}

function readText(file: string): string | undefined {
  if (file === '') return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
