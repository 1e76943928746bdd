/**
 * What proves to the API server who sends a request: TLS material and headers, from the pinned kubeconfig.
 * client-node handles sign-in programs and OpenID Connect. Its files are imported one by one, because its package
 * root also loads 13 MB of generated models (46 MB of memory, 0.2 s), which appdev does not use.
 */
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { fieldsAt, listAt, stringAt, fieldAt, isFields, type Fields } from '../../support/fields.ts';
import type { SignIn } from './sign-in.ts';
import type { ClusterIdentity } from '../types.ts';

/** Proof of identity for one request. */
export interface Proof {
  /** Options for `tls.connect`. Equal text in `fingerprint` means equal options. */
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
  readonly headers: Readonly<Record<string, string>>;
  readonly fingerprint: string;
}

/** Returns proofs. Reads certificates and tokens again once a minute, and at once after `forget`. */
export interface Credentials {
  proof(): Promise<Outcome<Proof>>;
  /** Call if the API server did not accept the proof. */
  forget(): void;
}

const keepMs = 60_000;

/** Reads the identity's pinned kubeconfig. Contacts nothing yet. */
export async function loadCredentials(identity: ClusterIdentity): Promise<Outcome<Credentials>> {
  const pinned = JSON.parse(await readFile(identity.kubeconfig, 'utf8')) as unknown;
  const cluster = fieldsAt(listAt(pinned, 'clusters')[0], 'cluster');
  const userEntry = listAt(pinned, 'users')[0];
  const user = fieldsAt(userEntry, 'user');
  if (stringAt(cluster, 'proxy-url') !== undefined) {
    return failed(
      'KUBECONFIG_INVALID',
      `context ${identity.context} goes through a proxy (proxy-url), which appdev does not support`,
      {
        hint: 'use a context that reaches the API server directly',
      },
    );
  }
  const signIn = await authenticator(stringAt(userEntry, 'name') ?? '', user, identity);
  if (signIn.kind !== 'ok') return signIn;

  let kept: { readonly until: number; readonly proof: Proof } | undefined;
  return ok({
    async proof() {
      if (kept !== undefined && kept.until > performance.now()) return ok(kept.proof);
      try {
        const proof = await makeProof(cluster, user, signIn.value);
        kept = { until: performance.now() + keepMs, proof };
        return ok(proof);
      } catch (error) {
        const why = error instanceof Error ? error.message.trim() : String(error);
        return failed('CLUSTER_DENIED', `cannot sign in to context ${identity.context}: ${why}`, {
          hint: `test it with kubectl --context ${identity.context} get namespaces, which signs in the same way`,
        });
      }
    },
    forget() {
      kept = undefined;
    },
  });
}

async function makeProof(cluster: Fields, user: Fields, signIn: SignIn | undefined): Promise<Proof> {
  const options: RequestOptions & { headers: Record<string, string> } = { headers: {} };
  const ca = await material(cluster, 'certificate-authority');
  const cert = await material(user, 'client-certificate');
  const key = await material(user, 'client-key');
  if (ca !== undefined) options.ca = ca;
  if (cert !== undefined) options.cert = cert;
  if (key !== undefined) options.key = key;
  const tlsServerName = stringAt(cluster, 'tls-server-name');
  if (tlsServerName !== undefined) options.servername = tlsServerName;
  if (fieldAt(cluster, 'insecure-skip-tls-verify') === true) options.rejectUnauthorized = false;

  const tokenFile = stringAt(user, 'tokenFile');
  const token =
    tokenFile === undefined ? stringAt(user, 'token') : (await readFile(tokenFile, 'utf8')).trim();
  const name = stringAt(user, 'username');
  if (token !== undefined) {
    options.headers['Authorization'] = `Bearer ${token}`;
  } else if (name !== undefined) {
    const pair = `${name}:${stringAt(user, 'password') ?? ''}`;
    options.headers['Authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
  } else if (signIn !== undefined) {
    await signIn(options);
  }
  const impersonated = stringAt(user, 'as');
  if (impersonated !== undefined) options.headers['Impersonate-User'] = impersonated;

  // KubeConfig makes the agent for this one request only.
  const { headers, agent: _agent, ...tls } = options;
  return { tls, headers, fingerprint: JSON.stringify(tls) };
}

/** `NAME-data` (base64) or the file `NAME`. The data wins, as for kubectl. */
async function material(fields: Fields, name: string): Promise<string | undefined> {
  const data = stringAt(fields, `${name}-data`);
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const file = stringAt(fields, name);
  return file === undefined || file === '' ? undefined : await readFile(file, 'utf8');
}

async function authenticator(
  name: string,
  user: Fields,
  identity: ClusterIdentity,
): Promise<Outcome<SignIn | undefined>> {
  const exec = fieldsAt(user, 'exec');
  const provider = fieldAt(user, 'auth-provider');
  if (stringAt(exec, 'command') !== undefined) {
    // Plugins learn two things from this variable: which answer is expected, and that nobody is there to answer
    // questions (client-go's exec authentication, "Input and output formats"). client-node leaves it out.
    const info = {
      apiVersion: stringAt(exec, 'apiVersion') ?? 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      spec: { interactive: false },
    };
    const env = [...listAt(exec, 'env'), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }];
    const { signInOf } = await import('./sign-in.ts');
    return ok(signInOf({ name, exec: { ...exec, env } }));
  }
  if (!isFields(provider)) return ok(undefined);
  if (stringAt(provider, 'name') === 'oidc') {
    const { signInOf } = await import('./sign-in.ts');
    return ok(signInOf({ name, authProvider: provider }));
  }
  const kind = stringAt(provider, 'name') ?? 'unknown';
  return failed(
    'KUBECONFIG_INVALID',
    `context ${identity.context} signs in with the auth provider ${kind}, which Kubernetes 1.26 removed`,
    { hint: "recreate the context with your cloud's own command; it then uses an exec plugin" },
  );
}
