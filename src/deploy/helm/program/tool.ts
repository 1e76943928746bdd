/**
 * The `helm` program: which one it is, and how to run it. Every run is pinned to the session's own kubeconfig (or to
 * none), ignores the user's HELM_… settings that could point elsewhere, and loads no plugin except ours
 * (deploy/helm/keep/replicas.ts). This file does not know what the subcommands mean.
 */
import { devNull } from 'node:os';
import type { WorkContext } from '../../../build/types.ts';
import { cancelled, failed, ok, type Outcome } from '../../../core/outcome.ts';
import type { Finished, RunProcess } from '../../../support/process/process.ts';

/** The version of a helm program. */
export interface HelmVersion {
  readonly major: number;
  readonly minor: number;
  /** As printed: `v3.22.0`. */
  readonly text: string;
}

/** A finished helm run, with any exit code. */
export type HelmRun = Extract<Finished, { kind: 'exited' }>;

export interface HelmRequest {
  readonly args: readonly string[];
  readonly cwd: string;
  /** Kubeconfig that holds only the pinned context. If absent, helm gets none and can reach no cluster. */
  readonly kubeconfig?: string;
  readonly stdin?: string;
  /** More environment variables, e.g. the holder mark. */
  readonly env?: Readonly<Record<string, string>>;
  /** Reports the output as it comes. */
  readonly onLine?: (stream: 'stdout' | 'stderr', line: string) => void;
}

/** The helm program of this session. */
export interface Helm {
  /** The version of helm; helm is asked only once. Fails with TOOL_MISSING or TOOL_TOO_OLD. */
  version(context: WorkContext): Promise<Outcome<HelmVersion>>;
  /** Runs helm to its end. A non-zero exit code is an `ok` too: the caller knows what it means. */
  run(request: HelmRequest, signal: AbortSignal): Promise<Outcome<HelmRun>>;
}

/** The oldest version with `--labels` and `--description` on install and upgrade, and with `--reset-values`. */
const oldest = { major: 3, minor: 13 };

/** True if this Helm lacks flags that appdev uses. */
export function isTooOld({ major, minor }: HelmVersion): boolean {
  return major < oldest.major || (major === oldest.major && minor < oldest.minor);
}

/**
 * How long helm may take after it was told to stop, in milliseconds. It stops after the current request and then
 * records that its release failed; the client gives one request about this long.
 */
const graceMs = 20_000;

/** Helm's environment variables that could send a command elsewhere or change its output. */
const unset = [
  'HELM_DEBUG',
  'HELM_KUBEAPISERVER',
  'HELM_KUBEASGROUPS',
  'HELM_KUBEASUSER',
  'HELM_KUBECAFILE',
  'HELM_KUBECONTEXT',
  'HELM_KUBEINSECURE_SKIP_TLS_VERIFY',
  'HELM_KUBETLS_SERVER_NAME',
  'HELM_KUBETOKEN',
  'HELM_NAMESPACE',
  'KUBERNETES_SERVICE_HOST',
  'KUBERNETES_SERVICE_PORT',
] as const;

/** Returns the session's helm. `tool` is the program's name on PATH, or its path. */
export function createHelm(run: RunProcess, tool = 'helm'): Helm {
  let known: HelmVersion | undefined;

  const runHelm = async (request: HelmRequest, signal: AbortSignal): Promise<Outcome<HelmRun>> => {
    const finished = await run(
      {
        tool,
        args: request.args,
        cwd: request.cwd,
        env: {
          ...Object.fromEntries(unset.map((name) => [name, undefined])),
          KUBECONFIG: request.kubeconfig ?? devNull,
          HELM_DRIVER: 'secret',
          // Plugins and post-renderers are other people's programs; a chart must not be able to name one.
          HELM_PLUGINS: devNull,
          ...request.env,
        },
        ...(request.stdin === undefined ? {} : { stdin: request.stdin }),
      },
      { signal, graceMs, ...(request.onLine === undefined ? {} : { onLine: request.onLine }) },
    );
    if (finished.kind === 'cancelled') return cancelled(signal);
    if (finished.kind === 'missing') {
      return failed('TOOL_MISSING', `\`${tool}\` is not on the PATH, but appdev deploys charts with Helm`, {
        hint: 'install Helm 3.13 or newer (helm.sh/docs/intro/install), then run `appdev doctor`',
      });
    }
    return ok(finished);
  };

  return {
    run: runHelm,
    async version({ signal }) {
      if (known !== undefined) return ok(known);
      const finished = await runHelm({ args: ['version', '--template', '{{.Version}}'], cwd: '.' }, signal);
      if (finished.kind !== 'ok') return finished;
      const version = parseHelmVersion(finished.value.stdout);
      if (version === undefined) {
        return failed('TOOL_TOO_OLD', `\`${tool} version\` did not print a Helm version`, {
          evidence: finished.value.lines.slice(-5),
          hint: 'install Helm 3.13 or newer',
        });
      }
      if (isTooOld(version)) {
        return failed('TOOL_TOO_OLD', `${tool} is ${version.text}; appdev needs 3.13 or newer`, {
          hint: 'update Helm, then run `appdev doctor`',
        });
      }
      known = version;
      return ok(version);
    },
  };
}

/** Reads the output of `helm version`. A build's suffix (`+gabc`, `-rc.1`) does not count in the comparison. */
export function parseHelmVersion(text: string): HelmVersion | undefined {
  const match = /v?(?<!\d)(\d+)\.(\d+)\.\d+\S*/.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]), text: match[0] };
}

/** The arguments that pin a command to one namespace of the session's cluster. */
export function pinned(target: {
  readonly kubeconfig: string;
  readonly context: string;
  readonly namespace: string;
}): string[] {
  return [
    `--kubeconfig=${target.kubeconfig}`,
    `--kube-context=${target.context}`,
    `--namespace=${target.namespace}`,
  ];
}
