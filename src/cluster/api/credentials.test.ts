import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Outcome } from '../../core/outcome.ts';
import { isGroupAlive } from '../../support/process/proc.ts';
import { loadCredentials, type Proof } from './credentials.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'appdev-credentials-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const never = new AbortController().signal;

async function load(
  user: object,
  cluster: object = {},
  deadlineMs?: number,
): ReturnType<typeof loadCredentials> {
  const kubeconfig = join(folder, 'kubeconfig');
  const server = 'https://127.0.0.1:6443';
  await writeFile(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server, ...cluster } }],
      users: [{ name: 'u', user }],
    }),
  );
  const identity = { context: 'c', server, product: 'named', namespace: 'default', kubeconfig };
  return await loadCredentials(identity, deadlineMs);
}

/** A sign-in program that notes each of its runs, and what it wrote. */
async function program(body: string): Promise<{ exec: object; runs: () => Promise<string[]> }> {
  const [script, seen] = [join(folder, 'login.mjs'), join(folder, 'seen')];
  await writeFile(seen, '');
  await writeFile(
    script,
    `import { appendFileSync, readFileSync } from 'node:fs';
     const note = (text) => appendFileSync(process.env.SEEN, text + '\\n');
     const runs = () => readFileSync(process.env.SEEN, 'utf8').split('\\n').length - 1;
     const answer = (status) => console.log(JSON.stringify({ kind: 'ExecCredential', status }));
     ${body}`,
  );
  const env = [{ name: 'SEEN', value: seen }];
  const exec = { command: process.execPath, args: [script], env };
  return { exec, runs: async () => (await readFile(seen, 'utf8')).split('\n').slice(0, -1) };
}

async function proofOf(user: object, cluster: object = {}): Promise<Outcome<Proof>> {
  const loaded = await load(user, cluster);
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded));
  return await loaded.value.proof(never);
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
    expect(await loaded.value.proof(never)).toMatchObject({
      value: { headers: { Authorization: 'Bearer one' } },
    });
    await writeFile(tokenFile, 'two\n');
    const kept = await loaded.value.proof(never);
    expect(kept).toMatchObject({ value: { headers: { Authorization: 'Bearer one' } } });
    if (kept.kind === 'ok') loaded.value.forget(kept.value);
    expect(await loaded.value.proof(never)).toMatchObject({
      value: { headers: { Authorization: 'Bearer two' } },
    });
  });

  it('tells a sign-in program what it is to answer, and asks it once for all who wait', async () => {
    const { exec, runs } = await program(`
      note(process.env.KUBERNETES_EXEC_INFO);
      answer({ token: 'from the program', expirationTimestamp: '2999-01-01T00:00:00Z' });`);
    const apiVersion = 'client.authentication.k8s.io/v1beta1';
    const config = { name: 'client.authentication.k8s.io/exec', extension: { tenant: 'shop' } };
    const loaded = await load(
      { exec: { ...exec, apiVersion, provideClusterInfo: true } },
      { extensions: [config] },
    );
    if (loaded.kind !== 'ok') throw new Error('not loaded');
    const credentials = loaded.value;
    const proof = async () => await credentials.proof(never);
    for (const one of [...(await Promise.all([proof(), proof()])), await proof()]) {
      expect(one).toMatchObject({ value: { headers: { Authorization: 'Bearer from the program' } } });
    }
    const seen = await runs();
    expect(seen).toHaveLength(1);
    expect(JSON.parse(seen[0] ?? '')).toEqual({
      apiVersion,
      kind: 'ExecCredential',
      spec: {
        interactive: false,
        cluster: { server: 'https://127.0.0.1:6443', config: { tenant: 'shop' } },
      },
    });
  });

  it('asks a sign-in program again when its answer was refused, and only for the newest answer', async () => {
    const { exec, runs } = await program(`
      note('asked');
      answer({ token: String(runs()), expirationTimestamp: '2999-01-01T00:00:00Z' });`);
    const loaded = await load({ exec });
    if (loaded.kind !== 'ok') throw new Error('not loaded');
    const first = await loaded.value.proof(never);
    if (first.kind !== 'ok') throw new Error('not signed in');
    loaded.value.forget(first.value);
    expect(await loaded.value.proof(never)).toMatchObject({
      value: { headers: { Authorization: 'Bearer 2' } },
    });
    // The refusal of another request that was sent with the old answer.
    loaded.value.forget(first.value);
    expect(await loaded.value.proof(never)).toMatchObject({
      value: { headers: { Authorization: 'Bearer 2' } },
    });
    expect(await runs()).toHaveLength(2);
  });

  it('asks a sign-in program again when its answer has ended', async () => {
    const { exec } = await program(`
      note('asked');
      answer({ token: String(runs()), expirationTimestamp: '2001-01-01T00:00:00Z' });`);
    const loaded = await load({ exec });
    if (loaded.kind !== 'ok') throw new Error('not loaded');
    await loaded.value.proof(never);
    expect(await loaded.value.proof(never)).toMatchObject({
      value: { headers: { Authorization: 'Bearer 2' } },
    });
  });

  it('ends a sign-in program that waits, with its children, at the deadline', async () => {
    const exec = { command: 'sh', args: ['-c', 'echo $$ > "$SEEN"; sleep 600 & wait'] };
    const seen = join(folder, 'child');
    const loaded = await load({ exec: { ...exec, env: [{ name: 'SEEN', value: seen }] } }, {}, 1500);
    if (loaded.kind !== 'ok') throw new Error('not loaded');
    expect(await loaded.value.proof(never)).toMatchObject({
      error: {
        code: 'CLUSTER_DENIED',
        message: 'cannot sign in to context c: sh did not end within 1.5 seconds',
      },
    });
    expect(isGroupAlive(Number(await readFile(seen, 'utf8')))).toBe(false);
  });

  it('ends a sign-in program when the last one who waits for it gives up', async () => {
    const { exec, runs } = await program(`note(String(process.pid)); setInterval(() => undefined, 1000);`);
    const loaded = await load({ exec });
    if (loaded.kind !== 'ok') throw new Error('not loaded');
    const [one, two] = [new AbortController(), new AbortController()];
    const waiting = [loaded.value.proof(one.signal), loaded.value.proof(two.signal)];
    const pid = await vi.waitFor(async () => {
      const [first] = await runs();
      if (first === undefined) throw new Error('not yet');
      return Number(first);
    });
    one.abort('user');
    expect(await waiting[0]).toEqual({ kind: 'cancelled', reason: 'user' });
    expect(process.kill(pid, 0)).toBe(true);
    two.abort('user');
    expect(await waiting[1]).toEqual({ kind: 'cancelled', reason: 'user' });
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('gives a sign-in program no secret of appdev, and not the folder of the project', async () => {
    process.env['APPDEV_REGISTRY_PASSWORD'] = 'correct-horse';
    try {
      const { exec, runs } = await program(`
        note(JSON.stringify([Object.values(process.env).includes('correct-horse'), process.cwd()]));
        answer({ token: 't' });`);
      expect(await proofOf({ exec })).toMatchObject({ kind: 'ok' });
      expect(JSON.parse((await runs())[0] ?? '')).toEqual([false, homedir()]);
    } finally {
      delete process.env['APPDEV_REGISTRY_PASSWORD'];
    }
  });

  it.each(['not JSON', '{}', '{"status":{"token":""}}'])(
    'says that a program handed out nothing, without quoting it: %s',
    async (text) => {
      const exec = { command: process.execPath, args: ['-e', `console.log(${JSON.stringify(text)})`] };
      expect(await proofOf({ exec })).toMatchObject({
        error: {
          message: `cannot sign in to context c: ${process.execPath} handed out neither a token nor a certificate`,
        },
      });
    },
  );

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
      error: { code: 'CLUSTER_DENIED', message: expect.stringContaining('missing is not there') as string },
    });
    expect(
      await proofOf({ exec: { command: 'no-such-login', installHint: 'get it from us' } }),
    ).toMatchObject({
      error: {
        message: expect.stringContaining('no-such-login is not there') as string,
        hint: 'get it from us',
      },
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
