/**
 * What proves to the API server who sends a request: TLS material and headers, from the pinned kubeconfig.
 * client-node handles OpenID Connect.
 */
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { fieldsAt, listAt, stringAt, fieldAt, isFields, type Fields } from '../../support/fields.ts';
import { byProgram, deny, type ProgramOptions, type SignIn } from './sign-in-program.ts';
import { shared } from './shared-work.ts';
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
  /** Fails with CLUSTER_DENIED. A sign-in program has a deadline of its own, and ends with the last signal. */
  proof(signal: AbortSignal): Promise<Outcome<Proof>>;
  /** Call if the API server did not accept a proof. A newer one than that stays. */
  forget(refused: Proof): void;
}

const keepMs = 60_000;
/** How long signing in may take, in milliseconds. Some programs open a browser and wait for the user. */
const signInMs = 120_000;

/**
 * Reads the identity's pinned kubeconfig. Contacts nothing yet.
 *
 * @param signInDeadlineMs how long a sign-in program may take, in milliseconds; default two minutes
 */
export async function loadCredentials(
  identity: ClusterIdentity,
  signInDeadlineMs = signInMs,
): Promise<Outcome<Credentials>> {
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
  const signIn = await authenticator(stringAt(userEntry, 'name') ?? '', user, cluster, {
    context: identity.context,
    deadlineMs: signInDeadlineMs,
  });
  if (signIn.kind !== 'ok') return signIn;

  let kept: { readonly until: number; readonly proof: Proof } | undefined;
  const make = shared(async (signal) => {
    try {
      const made = await makeProof(cluster, user, signIn.value, signal);
      if (made.kind === 'ok') kept = { until: performance.now() + keepMs, proof: made.value };
      return made;
    } catch (error) {
      return deny(identity.context, error instanceof Error ? error.message.trim() : String(error));
    }
  });
  return ok({
    async proof(signal) {
      const holds = kept !== undefined && kept.until > performance.now() && signIn.value?.isOver() !== true;
      return holds && kept !== undefined ? ok(kept.proof) : await make(signal);
    },
    forget(refused) {
      if (kept !== undefined && !isSame(kept.proof, refused)) return;
      kept = undefined;
      signIn.value?.forget();
    },
  });
}

function isSame(one: Proof, other: Proof): boolean {
  return (
    one.fingerprint === other.fingerprint && one.headers['Authorization'] === other.headers['Authorization']
  );
}

async function makeProof(
  cluster: Fields,
  user: Fields,
  signIn: SignIn | undefined,
  signal: AbortSignal,
): Promise<Outcome<Proof>> {
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
    const signed = await signIn.add(options, signal);
    if (signed.kind !== 'ok') return signed;
  }
  const impersonated = stringAt(user, 'as');
  if (impersonated !== undefined) options.headers['Impersonate-User'] = impersonated;

  // KubeConfig makes the agent for this one request only.
  const { headers, agent: _agent, ...tls } = options;
  return ok({ tls, headers, fingerprint: JSON.stringify(tls) });
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
  cluster: Fields,
  options: ProgramOptions,
): Promise<Outcome<SignIn | undefined>> {
  const exec = fieldsAt(user, 'exec');
  const provider = fieldAt(user, 'auth-provider');
  if (stringAt(exec, 'command') !== undefined) return ok(byProgram(exec, cluster, options));
  if (!isFields(provider)) return ok(undefined);
  if (stringAt(provider, 'name') === 'oidc') {
    const { byProvider } = await import('./sign-in.ts');
    return ok(byProvider({ name, authProvider: provider }, options));
  }
  const kind = stringAt(provider, 'name') ?? 'unknown';
  return failed(
    'KUBECONFIG_INVALID',
    `context ${options.context} signs in with the auth provider ${kind}, which Kubernetes 1.26 removed`,
    { hint: "recreate the context with your cloud's own command; it then uses an exec plugin" },
  );
}
