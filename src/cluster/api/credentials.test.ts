import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../../core/outcome.ts';
import { loadCredentials, type Proof } from './credentials.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'appdev-credentials-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function load(user: object, cluster: object = {}): ReturnType<typeof loadCredentials> {
  const kubeconfig = join(folder, 'kubeconfig');
  const server = 'https://127.0.0.1:6443';
  await writeFile(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server, ...cluster } }],
      users: [{ name: 'u', user }],
    }),
  );
  return await loadCredentials({ context: 'c', server, product: 'named', namespace: 'default', kubeconfig });
}

async function proofOf(user: object, cluster: object = {}): Promise<Outcome<Proof>> {
  const loaded = await load(user, cluster);
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded));
  return await loaded.value.proof();
}

describe('credentials', () => {
  it('reads certificates from data or files, data first', async () => {
    await writeFile(join(folder, 'client.key'), 'key of the file');
    const proof = await proofOf(
      {
        'client-certificate-data': Buffer.from('certificate').toString('base64'),
        'client-certificate': '/nowhere',
        'client-key': join(folder, 'client.key'),
      },
      {
        'certificate-authority-data': Buffer.from('authority').toString('base64'),
        'tls-server-name': 'kubernetes',
        'insecure-skip-tls-verify': true,
      },
    );
    expect(proof).toMatchObject({
      kind: 'ok',
      value: {
        tls: {
          ca: 'authority',
          cert: 'certificate',
          key: 'key of the file',
          servername: 'kubernetes',
          rejectUnauthorized: false,
        },
        headers: {},
      },
    });
  });

  it.each([
    ['a token', { token: 't' }, { Authorization: 'Bearer t' }],
    ['a password', { username: 'ann', password: 'p' }, { Authorization: 'Basic YW5uOnA=' }],
    ['impersonation', { token: 't', as: 'ben' }, { Authorization: 'Bearer t', 'Impersonate-User': 'ben' }],
  ])('signs with %s', async (_case, user, headers) => {
    expect(await proofOf(user)).toMatchObject({ value: { headers } });
  });

  it('reads a token file again when it is told to forget', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'one\n');
    const loaded = await load({ tokenFile });
    if (loaded.kind !== 'ok') throw new Error('not loaded');
    expect(await loaded.value.proof()).toMatchObject({ value: { headers: { Authorization: 'Bearer one' } } });
    await writeFile(tokenFile, 'two\n');
    expect(await loaded.value.proof()).toMatchObject({ value: { headers: { Authorization: 'Bearer one' } } });
    loaded.value.forget();
    expect(await loaded.value.proof()).toMatchObject({ value: { headers: { Authorization: 'Bearer two' } } });
  });

  it('runs a sign-in program, tells it what it is to answer, and asks it once while its answer holds', async () => {
    const script = join(folder, 'login.mjs');
    await writeFile(
      script,
      `import { appendFileSync } from 'node:fs';
       appendFileSync(process.env.SEEN, process.env.KUBERNETES_EXEC_INFO + '\\n');
       const status = { token: 'from the program', expirationTimestamp: '2999-01-01T00:00:00Z' };
       console.log(JSON.stringify({ kind: 'ExecCredential', status }));`,
    );
    const seen = join(folder, 'seen');
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      command: process.execPath,
      args: [script],
      env: [{ name: 'SEEN', value: seen }],
    };
    const loaded = await load({ exec });
    if (loaded.kind !== 'ok') throw new Error('not loaded');
    await loaded.value.proof();
    loaded.value.forget();
    expect(await loaded.value.proof()).toMatchObject({
      value: { headers: { Authorization: 'Bearer from the program' } },
    });
    const runs = (await readFile(seen, 'utf8')).trim().split('\n');
    expect(runs).toHaveLength(1);
    expect(JSON.parse(runs[0] ?? '')).toEqual({
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      kind: 'ExecCredential',
      spec: { interactive: false },
    });
  });

  it('takes the certificate that a sign-in program hands out', async () => {
    const status = { clientCertificateData: 'certificate', clientKeyData: 'key' };
    const args = ['-e', `console.log(${JSON.stringify(JSON.stringify({ status }))})`];
    const authority = { 'certificate-authority-data': Buffer.from('authority').toString('base64') };
    expect(await proofOf({ exec: { command: process.execPath, args } }, authority)).toEqual({
      kind: 'ok',
      value: {
        tls: { ca: 'authority', cert: 'certificate', key: 'key' },
        headers: {},
        fingerprint: expect.any(String) as string,
      },
    });
  });

  it('signs with the token of an identity provider', async () => {
    const part = (fields: object): string => Buffer.from(JSON.stringify(fields)).toString('base64url');
    const token = `${part({ alg: 'none' })}.${part({ exp: 4_000_000_000 })}.signature`;
    expect(await proofOf({ 'auth-provider': { name: 'oidc', config: { 'id-token': token } } })).toMatchObject(
      {
        value: { headers: { Authorization: `Bearer ${token}` } },
      },
    );
  });

  it('says which context cannot sign in, and why', async () => {
    const args = ['-e', 'console.error("session expired, run login"); process.exit(1)'];
    expect(await proofOf({ exec: { command: process.execPath, args } })).toEqual({
      kind: 'failed',
      error: {
        code: 'CLUSTER_DENIED',
        message: 'cannot sign in to context c: session expired, run login',
        hint: 'test it with kubectl --context c get namespaces, which signs in the same way',
      },
    });
  });

  it('says so when the sign-in program is not there', async () => {
    expect(await proofOf({ exec: { command: join(folder, 'missing') } })).toMatchObject({
      error: { code: 'CLUSTER_DENIED', message: expect.stringContaining('ENOENT') as string },
    });
  });

  it.each([
    ['a proxy', {}, { 'proxy-url': 'http://proxy.example.com' }, 'goes through a proxy'],
    [
      'a removed auth provider',
      { 'auth-provider': { name: 'gcp', config: {} } },
      {},
      'the auth provider gcp',
    ],
  ])('refuses %s plainly', async (_case, user, cluster, message) => {
    expect(await load(user, cluster)).toMatchObject({
      error: { code: 'KUBECONFIG_INVALID', message: expect.stringContaining(message) as string },
    });
  });
});
