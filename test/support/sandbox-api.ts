/**
 * What tests ask the sandbox's API server again and again while they wait, over one connection of this process: a kubectl
 * takes a tenth of a second of CPU each time and stops everything else here meanwhile.
 */
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { parse } from 'yaml';
import type { ProxyIdentity } from './fault-proxy.ts';

/** A kubeconfig of one cluster and one user, as far as the tests need it. */
export interface Kubeconfig {
  readonly clusters: [{ cluster: { server: string; 'certificate-authority-data'?: string } }];
  readonly users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
}

/** As much of a Kubernetes object as the tests look at. */
export interface KubeItem {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels?: Record<string, string>;
  };
  readonly [field: string]: unknown;
}

/** The kubeconfig of the sandbox. */
export function sandboxKubeconfig(): Kubeconfig {
  const path = process.env['KUBECONFIG'];
  if (path === undefined) throw new Error('KUBECONFIG is not set: is the environment the sandbox’s?');
  return parse(readFileSync(path, 'utf8')) as Kubeconfig;
}

/** How the user of a kubeconfig and its cluster prove to each other who they are. */
export function identityIn({ clusters, users }: Kubeconfig): ProxyIdentity {
  const [{ cluster }] = clusters;
  const [{ user }] = users;
  const pem = (data: string | undefined): Buffer => Buffer.from(data ?? '', 'base64');
  return {
    ca: pem(cluster['certificate-authority-data']),
    cert: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  };
}

let connection: { readonly server: string; readonly agent: Agent } | undefined;

function connect(): NonNullable<typeof connection> {
  const config = sandboxKubeconfig();
  const agent = new Agent({ ...identityIn(config), keepAlive: true, maxSockets: 4 });
  return { server: config.clusters[0].cluster.server, agent };
}

/**
 * The object or the list at a path of the API; `undefined` if there is none. Fails after 5 s without an answer.
 *
 * @param path for example `/api/v1/namespaces/shop`.
 */
export async function apiGet(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  connection ??= connect();
  const { server, agent } = connection;
  const { status, text } = await new Promise<{ status: number; text: string }>((done, fail) => {
    const request = get(`${server}${path}`, { agent, timeout: 5000 }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      answer.on('end', () => done({ status: answer.statusCode ?? 0, text: body }));
      answer.on('error', fail);
    });
    request.on('timeout', () => request.destroy(new Error('the API server did not answer within 5 s')));
    request.on('error', fail);
  });
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`GET ${path}: HTTP ${status}: ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}

/** The pods of a namespace that a label selector fits. */
export async function podsOf(namespace: string, selector: string): Promise<readonly KubeItem[]> {
  const list = await apiGet(
    `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`,
  );
  return (list?.['items'] ?? []) as readonly KubeItem[];
}

/** Whether a namespace is there, one that is being emptied included. */
export async function hasNamespace(namespace: string): Promise<boolean> {
  return (await apiGet(`/api/v1/namespaces/${namespace}`)) !== undefined;
}

/** Whether a namespace is gone, or someone has deleted it and Kubernetes, which takes 5 s at least, empties it still. */
export async function isLeaving(namespace: string): Promise<boolean> {
  const found = await apiGet(`/api/v1/namespaces/${namespace}`);
  const { deletionTimestamp } = (found?.['metadata'] ?? {}) as { readonly deletionTimestamp?: string };
  return found === undefined || deletionTimestamp !== undefined;
}
