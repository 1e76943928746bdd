import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allowLine, decide, type GuardedCommand, type GuardRequest } from './guard.ts';
import { chooseContext, readKubeconfig } from './kubeconfig.ts';
import type { ContextFacts } from '../products.ts';

const folder = resolve(import.meta.dirname, '../../../test/support/kubeconfigs');

async function factsOf(name: string): Promise<ContextFacts> {
  const read = await readKubeconfig({
    listed: join(folder, `${name}.yaml`),
    home: '/home/ann',
    cwd: '/',
  });
  if (read.kind !== 'ok') throw new Error(JSON.stringify(read));
  const chosen = chooseContext(read.value);
  if (chosen.kind !== 'ok') throw new Error(JSON.stringify(chosen));
  return chosen.value.facts;
}

async function ask(name: string, request: Partial<GuardRequest> = {}): Promise<ReturnType<typeof decide>> {
  return decide({
    command: 'dev',
    facts: await factsOf(name),
    allow: [],
    explicitContext: false,
    ownAddresses: ['127.0.0.1', '192.168.1.20', '10.0.0.17'],
    localContexts: [],
    ...request,
  });
}

const local: readonly (readonly [string, string])[] = [
  ['kind', 'kind'],
  ['kind-ipv6', 'kind'],
  ['k3d', 'k3d'],
  ['k3d-docker-desktop', 'k3d'],
  ['docker-desktop', 'docker-desktop'],
  ['docker-desktop-name', 'docker-desktop'],
  ['rancher-desktop', 'rancher-desktop'],
  ['colima', 'colima'],
  ['colima-profile', 'colima'],
  ['microk8s', 'microk8s'],
  ['orbstack', 'orbstack'],
  ['minikube', 'minikube'],
  ['minikube-profile', 'minikube'],
  ['minikube-macos', 'minikube'],
  ['sandbox', 'sandbox'],
];

const eks = 'arn:aws:eks:eu-west-1:111122223333:cluster/team-dev';
const strangers = ['kind-elsewhere', 'minikube-elsewhere', 'minikube-unmarked', 'tunnel', 'proxied', 'eks'];
const writers: readonly GuardedCommand[] = ['dev', 'deploy', 'delete'];

describe('guard: known local products', () => {
  it.each(local)('lets dev, deploy and delete write to %s as %s', async (name, product) => {
    for (const command of writers) {
      expect(await ask(name, { command })).toEqual({ kind: 'ok', value: { product } });
    }
  });

  it('knows microk8s by an address of this machine only', async () => {
    expect(await ask('microk8s', { ownAddresses: ['192.168.1.21'] })).toMatchObject({
      kind: 'failed',
      error: { code: 'CONTEXT_REFUSED' },
    });
  });
});

describe('guard: everything else', () => {
  it.each(strangers)('refuses %s for every command that writes', async (name) => {
    for (const command of writers) {
      for (const explicitContext of [false, true]) {
        expect(await ask(name, { command, explicitContext })).toMatchObject({
          kind: 'failed',
          error: { code: 'CONTEXT_REFUSED' },
        });
      }
    }
  });

  it('says which half does not fit, and the line that allows it', async () => {
    expect(await ask('kind-elsewhere', { allow: ['team-dev'] })).toEqual({
      kind: 'failed',
      error: {
        code: 'CONTEXT_REFUSED',
        message:
          'dev does not write to context kind-x (https://10.0.0.5:6443): it is called like kind, but 10.0.0.5 is not where kind runs',
        hint: 'to use another cluster: appdev dev --kube-context NAME; if you mean kind-x, put this line under "cluster:" in appdev.yaml: allow: [team-dev, kind-x]',
      },
    });
  });

  const permit = 'if you mean kind-x, put this line under "cluster:" in appdev.yaml: allow: [kind-x]';
  it.each<readonly [string, Partial<GuardRequest>, string]>([
    [
      'the current one, with a local one beside it',
      { localContexts: ['kind-shop'] },
      `switch to a local cluster: appdev dev --kube-context kind-shop, or kubectl config use-context kind-shop; ${permit}`,
    ],
    [
      'the current one, with two beside it',
      { localContexts: ['kind-shop', 'my colima'] },
      `switch to a local cluster: appdev dev --kube-context kind-shop, or kubectl config use-context kind-shop (or my colima); ${permit}`,
    ],
    ['named on purpose', { explicitContext: true }, permit],
    [
      'named on purpose, with a local one beside it',
      { explicitContext: true, localContexts: ['kind-shop'] },
      `${permit}; local contexts: kind-shop`,
    ],
  ])('advises what is likely first: %s', async (_, request, hint) => {
    expect(await ask('kind-elsewhere', request)).toMatchObject({ error: { hint } });
  });

  it('advises run to switch, too', async () => {
    expect(await ask('eks', { command: 'run', localContexts: ['kind-shop'] })).toMatchObject({
      error: {
        hint: expect.stringMatching(
          /^switch to a local cluster: appdev run --kube-context kind-shop, .*; if you mean arn\S+, name it: appdev run --kube-context arn/,
        ) as string,
      },
    });
  });

  it('says that only the cluster entry is called otherwise', async () => {
    const facts = {
      context: 'kind-dev',
      cluster: 'prod',
      server: 'https://203.0.113.5:6443',
      certificateFiles: [],
    };
    expect(await ask('kind', { facts })).toMatchObject({
      error: {
        message:
          'dev does not write to context kind-dev (https://203.0.113.5:6443): it is called like kind, but its cluster entry is called prod, not kind-dev, and 203.0.113.5 is not where kind runs',
      },
    });
  });

  it.each(strangers)('lets cluster.allow vouch for %s', async (name) => {
    const facts = await factsOf(name);
    for (const command of writers) {
      expect(await ask(name, { command, allow: [facts.context] })).toEqual({
        kind: 'ok',
        value: { product: 'named' },
      });
    }
    expect(await ask(name, { allow: [`${facts.context}x`, facts.context.slice(1)] })).toMatchObject({
      kind: 'failed',
    });
  });

  it.each(['run', 'build', 'diff'] as const)('asks %s to name the context', async (command) => {
    expect(await ask('eks', { command })).toEqual({
      kind: 'failed',
      error: {
        code: 'CONTEXT_NOT_NAMED',
        message: expect.stringContaining('is only the current context') as string,
        hint: `to use another cluster: appdev ${command} --kube-context NAME; if you mean ${eks}, name it: appdev ${command} --kube-context ${eks}`,
      },
    });
    expect(await ask('eks', { command, explicitContext: true })).toEqual({
      kind: 'ok',
      value: { product: 'named' },
    });
    expect(await ask('kind', { command })).toEqual({ kind: 'ok', value: { product: 'kind' } });
  });

  it.each(['verify', 'status', 'logs', 'doctor'] as const)('lets %s read anywhere', async (command) => {
    expect(await ask('eks', { command })).toEqual({ kind: 'ok', value: { product: 'unknown' } });
  });
});

describe('guard: names that only look local', () => {
  const facts = { cluster: 'kind-x', context: 'kind-x', certificateFiles: [] };
  const refuse = (server: string): ReturnType<typeof decide> =>
    decide({
      command: 'dev',
      facts: { ...facts, server },
      allow: [],
      explicitContext: false,
      ownAddresses: ['10.0.0.17'],
      localContexts: [],
    });

  it.each([
    'https://127.0.0.1.example.com:6443',
    'https://localhost.example.com',
    'https://127.0.0.1@prod.example.com:6443',
    'https://10.0.0.17:6443',
    'https://128.0.0.1:6443',
    'https://[2001:db8::1]:6443',
    'https://0.0.0.1:6443',
    'not a url',
  ])('refuses %s', (server) => {
    expect(refuse(server)).toMatchObject({ kind: 'failed', error: { code: 'CONTEXT_REFUSED' } });
  });

  it.each([
    'https://localhost:6443',
    'https://127.8.9.10:6443',
    'https://127.1:6443',
    'https://kind.localhost:6443',
    'https://0.0.0.0:6443',
    'https://[::]:6443',
  ])('accepts this machine written as %s', (server) => {
    expect(refuse(server)).toMatchObject({ kind: 'ok' });
  });

  it('refuses a context that was renamed to look local', () => {
    const renamed = { ...facts, cluster: 'prod', server: 'https://127.0.0.1:6443' };
    const request = {
      command: 'dev',
      facts: renamed,
      allow: [],
      explicitContext: false,
      ownAddresses: [],
      localContexts: [],
    } as const;
    expect(decide(request)).toMatchObject({ kind: 'failed' });
  });
});

describe('allowLine', () => {
  it('quotes what YAML would read otherwise', () => {
    expect(allowLine(['team-dev', 'arn:aws:eks:x', 'true', '12', 'a b', 'user@host'])).toBe(
      'allow: [team-dev, "arn:aws:eks:x", "true", "12", "a b", user@host]',
    );
  });
});
