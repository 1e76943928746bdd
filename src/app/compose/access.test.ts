import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Registry } from '../../registry/types.ts';
import type { RegistryAccess } from '../../registry/login/access.ts';
import { makeCertificate } from '../../../test/support/certificate.ts';
import { openAccess } from './access.ts';
import type { Flags } from '../flags.ts';
import type { Invocation } from '../invocation.ts';
import { readEnvironment } from '../environment.ts';
import type { Variables } from '../../config/text/variables.ts';
import { runProcess } from '../../support/process/process.ts';

const signal = new AbortController().signal;
const ann = { APPDEV_REGISTRY_USER: 'ann', APPDEV_REGISTRY_PASSWORD: 'env' };
const named = { ...ann, APPDEV_REGISTRY_HOST: 'r.example.com' };
let folder: string;
let ca: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-access-'));
  ({ ca } = makeCertificate(folder));
  const auth = Buffer.from('ben:file').toString('base64');
  writeFileSync(join(folder, 'auth.json'), JSON.stringify({ auths: { 'r.example.com': { auth } } }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function invocation(variables: Variables, flags: Flags = {}): Invocation {
  const environment = readEnvironment({ HOME: folder, ...variables });
  return { command: 'deploy', positionals: [], flags, cwd: folder, environment };
}

function open(...[variables, flags, more]: [Variables, Flags?, Partial<Registry>?]) {
  const registry = { push: 'r.example.com/shop', insecure: false, ...more };
  const opened = openAccess({ invocation: invocation(variables, flags) }, registry, runProcess);
  if (opened.kind !== 'ok') throw new Error(JSON.stringify(opened));
  return opened.value;
}

async function userAt(access: RegistryAccess, repository: string): Promise<string | undefined> {
  const found = await access.asking.credentials(repository, signal);
  if (found.kind !== 'ok') throw new Error(JSON.stringify(found));
  return found.value?.kind === 'password' ? found.value.username : undefined;
}

describe("the session's way into registries", () => {
  it("is the environment's pair for the host that the environment names, and for no other", async () => {
    const access = open(named);
    expect(await userAt(access, 'r.example.com/shop/orders')).toBe('ann');
    expect(await userAt(access, 'other.example.com/shop/orders')).toBeUndefined();
    const elsewhere = open(named, {}, { push: 'other.example.com/shop' });
    expect(await userAt(elsewhere, 'other.example.com/shop/orders')).toBeUndefined();
    const nowhere = openAccess({ invocation: invocation(ann) }, undefined, runProcess);
    if (nowhere.kind !== 'ok') throw new Error(JSON.stringify(nowhere));
    expect(await userAt(nowhere.value, 'r.example.com/shop/orders')).toBeUndefined();
  });

  it('is not the pair for a registry that only appdev.yaml or the cluster names', async () => {
    for (const source of ['appdev.yaml', 'KEP-1755'] as const) {
      const found = await open(ann, {}, { source }).asking.credentials('r.example.com/shop/orders', signal);
      expect(found).toMatchObject({
        error: {
          code: 'REGISTRY_DENIED',
          hint: expect.stringContaining('APPDEV_REGISTRY_HOST=r.example.com;') as string,
        },
      });
    }
  });

  it.each<[string, Partial<Registry>, string, string[]?]>([
    ['the registry', { insecure: true }, 'r.example.com'],
    [
      'the one that images are copied to',
      { pull: 'r.example.com/prod', copy: { insecure: true } },
      'r.example.com',
    ],
    ['a base of Kaniko', {}, 'r.example.com', ['r.example.com']],
    ['its name in pods', { insecure: true, inCluster: 'in.pods/shop' }, 'in.pods'],
  ])('is not the pair by plain HTTP: %s', async (_name, more, shownTo, plain) => {
    const registry = { push: 'r.example.com/shop', insecure: false, ...more };
    const variables = { ...named, APPDEV_REGISTRY_HOST: 'r.example.com,in.pods' };
    const opened = openAccess({ invocation: invocation(variables) }, registry, runProcess, plain);
    if (opened.kind !== 'ok') throw new Error(JSON.stringify(opened));
    const found = await opened.value.asking.credentials('r.example.com/shop/orders', signal, shownTo);
    expect(found).toMatchObject({
      error: {
        message: expect.stringContaining(`is not sent to ${shownTo}, which may be asked without`) as string,
      },
    });
  });

  it('is what --authfile names before it, read from where the command is started', async () => {
    expect(await userAt(open(ann, { authfile: 'auth.json' }), 'r.example.com/shop/orders')).toBe('ben');
  });

  it.each([
    ['registry.ca', (): RegistryAccess => open({}, {}, { ca })],
    ['APPDEV_REGISTRY_CA', (): RegistryAccess => open({ APPDEV_REGISTRY_CA: 'ca.pem' })],
  ])('trusts the authority of %s, for our questions and for tools', (_name, opened) => {
    const { asking, certDir = '' } = opened();
    expect(asking.fetch).toBeDefined();
    expect(readFileSync(join(certDir, 'ca.crt'), 'utf8')).toBe(readFileSync(ca, 'utf8'));
  });

  it('trusts none that is not named, and says so of one that is not there', () => {
    expect([open({}).asking.fetch, open({}).certDir]).toEqual([undefined, undefined]);
    const registry = { push: 'r.example.com', insecure: false, ca: join(folder, 'none.pem') };
    expect(openAccess({ invocation: invocation({}) }, registry, runProcess)).toMatchObject({
      kind: 'failed',
      error: { code: 'REGISTRY_UNREACHABLE' },
    });
  });
});
