/** The shipped commands while the current context is a cluster that is not this machine's: nothing goes there. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDesk, kubeconfigText, type Desk } from '../support/desk.ts';

let desk: Desk;
let server: Server;
let connections: number;
let requests: string[];
beforeEach(async () => {
  connections = 0;
  requests = [];
  server = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    response.setHeader('content-type', 'application/json').end('{"gitVersion":"v1.34.4"}');
  });
  server.on('connection', () => (connections += 1));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  desk = createDesk();
  for (const program of ['buildah', 'helm', 'mvn', 'kubectl', 'kustomize', 'git'])
    desk.standIn(program, `#!/bin/sh\necho "${program} $*" >> '${started()}'\nexit 1\n`);
  desk.write('pom.xml', '<project/>\n');
  desk.write('chart/Chart.yaml', 'apiVersion: v2\nname: web\nversion: 1.0.0\n');
  desk.write(
    'appdev.yaml',
    `apiVersion: appdev/v1
name: shop
registry: {push: '127.0.0.1:${port()}', insecure: true}
services:
  web: {jar: {}, image: {}, deploy: {helm: {chart: chart}}}
`,
  );
});
afterEach(async () => {
  desk.dispose();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

function port(): number {
  return (server.address() as AddressInfo).port;
}

/** Where the stand-ins write down that they ran. */
function started(): string {
  return join(desk.notes, 'started');
}

/** A stranger at the listener's own address, and a name of kind's where kind does not run. */
const contexts = [
  ['team', () => `http://127.0.0.1:${port()}`],
  ['kind-x', () => `http://198.18.255.254:${port()}`],
] as const;

describe.each(contexts)('context %s', (context, address) => {
  it.each([
    ['dev', `allow: [${context}]`],
    [`deploy --images web=example.com/web@sha256:${'0'.repeat(64)}`, `allow: [${context}]`],
    ['delete', `allow: [${context}]`],
    ['run', `appdev run --kube-context ${context}`],
    ['build', `appdev build --kube-context ${context}`],
  ])(
    '%s ends with exit code 9 and what to write, and has contacted and started nothing',
    async (command, hint) => {
      writeFileSync(desk.kubeconfig, kubeconfigText({ [context]: address() }));
      const { code, stdout, stderr } = await desk.appdev(command.split(' '));
      expect([code, connections, existsSync(started())], `${stdout}${stderr}`).toEqual([9, 0, false]);
      expect(`${stdout}${stderr}`).toContain(hint);
    },
  );
});

it('names the local contexts of the kubeconfig before the line that would allow this one', async () => {
  const contexts = { team: `http://127.0.0.1:${port()}`, 'kind-own': 'https://127.0.0.1:9' };
  writeFileSync(desk.kubeconfig, kubeconfigText(contexts));
  const { code, stdout, stderr } = await desk.appdev(['dev']);
  expect([code, connections]).toEqual([9, 0]);
  expect(`${stdout}${stderr}`).toMatch(
    /try: switch to a local cluster: appdev dev --kube-context kind-own, .*; if you mean team, .* allow: \[team\]/,
  );
});

it.each(['delete', 'delete --ignore-lock', `verify --images web=example.com/web@sha256:${'0'.repeat(64)}`])(
  '%s says at once that the API server is away, and claims no success',
  async (command) => {
    const { port: closed } = server.address() as AddressInfo;
    await new Promise((done) => server.close(done));
    writeFileSync(desk.kubeconfig, kubeconfigText({ 'kind-x': `http://127.0.0.1:${closed}` }));
    const { code, stdout, stderr } = await desk.appdev(command.split(' '));
    const output = `${stdout}${stderr}`;
    expect(code, output).toBe(7);
    expect(output).toContain('CLUSTER_UNREACHABLE');
    expect(output).toContain('refuses connections: nothing listens there');
    expect(output).not.toMatch(/✓|removed [1-9]/);
    await once(server.listen(0, '127.0.0.1'), 'listening');
  },
);

it('doctor asks a stranger its version, and pushes nothing', async () => {
  writeFileSync(desk.kubeconfig, kubeconfigText({ team: `http://127.0.0.1:${port()}` }));
  const { stdout } = await desk.appdev(['doctor']);
  expect(stdout).toContain(
    'not tried, because nothing names this cluster; to try it: appdev doctor --kube-context team',
  );
  expect(requests).toEqual(['GET /version']);
});

/** What the demo takes for a local cluster that it may use. */
async function demoCluster(): Promise<string> {
  const script = resolve(import.meta.dirname, '../../scripts/local-cluster.js');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `console.log((await (await import('${script}')).localCluster()) ?? 'none')`,
    ],
    { env: { ...process.env, KUBECONFIG: desk.kubeconfig } },
  );
  return stdout.trim();
}

it('the demo asks no cluster that is only called like a local one', async () => {
  writeFileSync(desk.kubeconfig, kubeconfigText({ 'kind-x': `http://127.0.0.1:${port()}` }));
  expect(await demoCluster()).toBe('kind-x');
  expect(requests).toEqual(['GET /readyz?timeout=3s']);

  // Through a proxy, as through a tunnel, the address says nothing: here it is the listener that would be asked.
  const config = kubeconfigText({ 'kind-x': 'http://127.0.0.1:9' });
  const proxied = config.replace('"server":', `"proxy-url":"http://127.0.0.1:${port()}","server":`);
  writeFileSync(desk.kubeconfig, proxied);
  expect(await demoCluster()).toBe('none');
  expect(requests).toHaveLength(1);
});
