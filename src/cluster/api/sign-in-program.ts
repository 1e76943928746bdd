/**
 * Signs in with the program that a kubeconfig names (client-go's exec credential plugins, `exec` of a user). The program
 * runs like every other child: under a signal and a deadline, in a process group of its own, and without appdev's own
 * secrets. client-node's ExecAuth does none of that, and sends a token again that the API server has just refused.
 */
import { existsSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { homedir, tmpdir } from 'node:os';
import { cancelled, failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { hasAborted, limitedAbort } from '../../support/abort.ts';
import { fieldAt, isFields, listAt, stringAt, type Fields } from '../../support/fields.ts';
import { runProcess } from '../../support/process/process.ts';

/** Adds what a program or an identity provider hands out to the options of a request. */
export interface SignIn {
  /** Fails with CLUSTER_DENIED, or throws what went wrong in the words of the identity provider. */
  add(
    options: RequestOptions & { headers: Record<string, string> },
    signal: AbortSignal,
  ): Promise<Outcome<void>>;
  /** True if what was handed out last has ended. */
  isOver(): boolean;
  /** Forgets what was handed out. */
  forget(): void;
}

/** The sign-in by a program. What it hands out is kept until it ends or is refused. */
export function byProgram(exec: Fields, cluster: Fields, options: ProgramOptions): SignIn {
  let kept: HandedOut | undefined;
  const isOver = (): boolean => kept !== undefined && kept.until <= Date.now();
  return {
    isOver,
    forget() {
      kept = undefined;
    },
    async add(request, signal) {
      if (kept === undefined || isOver()) {
        const asked = await askProgram(exec, cluster, options, signal);
        if (asked.kind !== 'ok') return asked;
        kept = asked.value;
      }
      const { token, cert, key } = kept;
      if (cert !== undefined) request.cert = cert;
      if (key !== undefined) request.key = key;
      if (token !== undefined) request.headers['Authorization'] = `Bearer ${token}`;
      return ok(undefined);
    },
  };
}

/** What a program hands out. */
interface HandedOut {
  readonly token?: string;
  /** Certificate and key as PEM text. */
  readonly cert?: string;
  readonly key?: string;
  /** Time at which it ends, in milliseconds since the epoch; Infinity if it holds until it is refused. */
  readonly until: number;
}

/** How a program is asked. */
export interface ProgramOptions {
  /** For messages. */
  readonly context: string;
  /** How long it may take, in milliseconds. */
  readonly deadlineMs: number;
}

/**
 * Runs the program once.
 *
 * @param exec `exec` of a user. A relative path in it is absolute already.
 * @param cluster the cluster's entry, for programs that ask for it (`provideClusterInfo`)
 * @returns fails with CLUSTER_DENIED if the program is not there, fails, takes too long, or hands out nothing.
 */
async function askProgram(
  exec: Fields,
  cluster: Fields,
  { context, deadlineMs }: ProgramOptions,
  signal: AbortSignal,
): Promise<Outcome<HandedOut>> {
  const tool = stringAt(exec, 'command') ?? '';
  const given = listAt(exec, 'env').map((entry) => [stringAt(entry, 'name') ?? '', stringAt(entry, 'value')]);
  const denied = (why: string, hint?: string): NotOk => deny(context, why, hint);
  const limit = limitedAbort(signal, deadlineMs);
  try {
    const finished = await runProcess(
      {
        tool,
        args: listAt(exec, 'args').map(String),
        // Not the folder of the project: what a program finds there came with the source (`python -m`).
        cwd: existsSync(homedir()) ? homedir() : tmpdir(),
        env: {
          ...(Object.fromEntries(given) as Record<string, string>),
          KUBERNETES_EXEC_INFO: JSON.stringify(infoOf(exec, cluster)),
        },
      },
      { signal: limit.signal },
    );
    if (finished.kind === 'missing') {
      return denied(`the program ${tool} is not there`, stringAt(exec, 'installHint'));
    }
    if (finished.kind === 'cancelled') {
      if (hasAborted(signal) || !limit.expired()) return cancelled(signal);
      return denied(`${tool} did not end within ${deadlineMs / 1000} seconds`);
    }
    if (finished.exitCode !== 0) {
      return denied(finished.stderr.trim() || `${tool} ended with exit code ${finished.exitCode}`);
    }
    return handedOut(finished.stdout) ?? denied(`${tool} handed out neither a token nor a certificate`);
  } finally {
    limit.unlink();
  }
}

/** The failure to sign in. */
export function deny(context: string, why: string, hint?: string): NotOk {
  return failed('CLUSTER_DENIED', `cannot sign in to context ${context}: ${why}`, {
    hint: hint ?? `test it with kubectl --context ${context} get namespaces, which signs in the same way`,
  });
}

/**
 * What a program learns of KUBERNETES_EXEC_INFO: which answer is expected, that nobody is there to answer questions, and
 * the cluster if it asks for it (client-go's exec authentication, "Input and output formats").
 */
function infoOf(exec: Fields, cluster: Fields): Fields {
  const { server, extensions: _extensions, ...fields } = cluster;
  const config = listAt(cluster, 'extensions')
    .filter((entry) => stringAt(entry, 'name') === 'client.authentication.k8s.io/exec')
    .map((entry) => fieldAt(entry, 'extension'))[0];
  const wanted = fieldAt(exec, 'provideClusterInfo') === true;
  return {
    apiVersion: stringAt(exec, 'apiVersion') ?? 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      ...(wanted ? { cluster: { server, ...fields, ...(config === undefined ? {} : { config }) } } : {}),
    },
  };
}

function handedOut(stdout: string): Outcome<HandedOut> | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(stdout);
  } catch {
    // The parser's message quotes the text, and the text contains a token.
    return undefined;
  }
  const status = isFields(answer) ? fieldAt(answer, 'status') : undefined;
  const token = stringAt(status, 'token');
  const cert = stringAt(status, 'clientCertificateData');
  const key = stringAt(status, 'clientKeyData');
  const end = Date.parse(stringAt(status, 'expirationTimestamp') ?? '');
  if ((token ?? '') === '' && ((cert ?? '') === '' || (key ?? '') === '')) return undefined;
  return ok({
    until: Number.isNaN(end) ? Infinity : end,
    ...(token === undefined || token === '' ? {} : { token }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  });
}
