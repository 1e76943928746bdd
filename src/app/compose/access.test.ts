import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

function open(...[variables, flags, more]: [Variables, Flags?, { ca?: string }?]) {
  const registry = { push: 'r.example.com/shop', ...more };
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
  it("is the environment's pair for the host of registry.push, and for no other", async () => {
    const access = open(ann);
    expect(await userAt(access, 'r.example.com/shop/orders')).toBe('ann');
    expect(await userAt(access, 'other.example.com/shop/orders')).toBeUndefined();
    const nowhere = openAccess({ invocation: invocation(ann) }, undefined, runProcess);
    if (nowhere.kind !== 'ok') throw new Error(JSON.stringify(nowhere));
    expect(await userAt(nowhere.value, 'r.example.com/shop/orders')).toBeUndefined();
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
    const registry = { push: 'r.example.com', ca: join(folder, 'none.pem') };
    expect(openAccess({ invocation: invocation({}) }, registry, runProcess)).toMatchObject({
      kind: 'failed',
      error: { code: 'REGISTRY_UNREACHABLE' },
    });
  });
});
