/**
 * Keeps the replicas that an autoscaler has set through a `helm upgrade` whose chart says another number. Helm 3 would
 * set the chart's number, Helm 4 would stop at it, and the chart may have no value for it. Helm offers one way in, the
 * post-renderer: a program between rendering and applying. Ours asks this process, which changes the number.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { isScalar, parseAllDocuments } from 'yaml';
import { stringAt } from '../../../support/fields.ts';
import { makeTempFolder } from '../../../support/files/temp.ts';
import { identityOf } from '../../objects/kinds.ts';

/** What a post-renderer adds to a helm command line. */
export interface PostRenderer {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Call it when helm has ended. */
  readonly dispose: () => Promise<void>;
}

/** No post-renderer. */
export const noPostRenderer: PostRenderer = { args: [], env: {}, dispose: () => Promise.resolve() };

const pluginName = 'appdev-replicas';

/**
 * Starts the post-renderer.
 *
 * @param replicas the numbers to use instead of the chart's, by the identity of the workload
 * @param namespace of objects that name none
 * @param major version of Helm: 3 runs a program, 4 runs a plugin
 */
export async function keepReplicas(
  replicas: ReadonlyMap<string, number>,
  namespace: string,
  major: number,
): Promise<PostRenderer> {
  const server = createServer((request, response) => {
    // Otherwise the program would wait some seconds for another request.
    response.setHeader('connection', 'close');
    text(request)
      .then((manifests) => response.end(withReplicas(manifests, replicas, namespace)))
      .catch(() => response.writeHead(500).end());
  });
  const port = await listening(server);
  const folder = makeTempFolder('post-renderer');
  const script = join(folder, 'client.mjs');
  writeFileSync(script, clientOf(port), { mode: 0o600 });
  // Manifests may hold secrets, so they go through no proxy, even if the environment tells Node to use one.
  const env = { NODE_USE_ENV_PROXY: '0' };
  const dispose = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  };
  if (major < 4) {
    const args = [`--post-renderer=${process.execPath}`, `--post-renderer-args=${script}`];
    return { args, env, dispose };
  }
  const plugin = join(folder, pluginName);
  mkdirSync(plugin);
  writeFileSync(join(plugin, 'plugin.yaml'), pluginOf(script));
  return { args: [`--post-renderer=${pluginName}`], env: { ...env, HELM_PLUGINS: folder }, dispose };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Source of the program that Helm runs. It must fail rather than print part of the manifests, because Helm 3 deletes
 * what is missing. HTTP shows whether an answer was cut off.
 */
function clientOf(port: number): string {
  return `import { text } from 'node:stream/consumers';
const body = await text(process.stdin);
const answer = await fetch('http://127.0.0.1:${port}', { method: 'POST', body });
if (!answer.ok) throw new Error('HTTP ' + answer.status);
process.stdout.write(await answer.text());
`;
}

/** The plugin's description. JSON is YAML too, and quotes paths as needed. */
function pluginOf(script: string): string {
  const platformCommand = [{ command: process.execPath, args: [script] }];
  return JSON.stringify({
    ...{
      apiVersion: 'v1',
      name: pluginName,
      version: '1.0.0',
      type: 'postrenderer/v1',
      runtime: 'subprocess',
    },
    runtimeConfig: { platformCommand },
  });
}

/** The manifests with other numbers of replicas; no other byte changes. Pure. */
export function withReplicas(
  manifests: string,
  replicas: ReadonlyMap<string, number>,
  namespace: string,
): string {
  const documents = parseAllDocuments(manifests, { version: '1.1', uniqueKeys: false });
  const edits = ('empty' in documents ? [] : documents).flatMap((document) => {
    const object: unknown = document.toJS();
    const identity = identityOf({
      apiVersion: stringAt(object, 'apiVersion') ?? '',
      kind: stringAt(object, 'kind') ?? '',
      name: stringAt(object, 'metadata', 'name') ?? '',
      namespace: stringAt(object, 'metadata', 'namespace') ?? namespace,
    });
    const count = replicas.get(identity);
    const node = document.getIn(['spec', 'replicas'], true);
    if (count === undefined || !isScalar(node) || !node.range) return [];
    return [{ from: node.range[0], to: node.range[1], count }];
  });
  return edits.reduceRight(
    (done, { from, to, count }) => `${done.slice(0, from)}${count}${done.slice(to)}`,
    manifests,
  );
}
