/**
 * From "which cluster?" to a pinned identity, in this order: kubeconfig, context, guard, pinned file. Contacts nothing.
 * This is the only way to an identity, so no command can reach a cluster without the guard.
 */
import { homedir, networkInterfaces } from 'node:os';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { ClusterConfig } from '../../config/model.ts';
import { decide, type GuardedCommand } from './guard.ts';
import { chooseContext, readKubeconfig, type Kubeconfig, type KubeconfigPlaces } from './kubeconfig.ts';
import { checkNamespaceName } from './namespace-name.ts';
import { checkSignIn, writePinned } from './pin.ts';
import { recognize } from '../products.ts';
import type { ClusterIdentity } from '../types.ts';

/** What decides which cluster a command uses. */
export interface SelectRequest {
  readonly command: GuardedCommand;
  readonly places: KubeconfigPlaces;
  /** `cluster:` of the project file. `--kube-context` and `-n` below take precedence. */
  readonly config: ClusterConfig;
  /** `--kube-context`, or APPDEV_KUBE_CONTEXT. */
  readonly contextFlag?: string;
  /** `-n`, or APPDEV_NAMESPACE. */
  readonly namespaceFlag?: string;
  /** Absolute folder of the project. A kubeconfig in its repository must not run programs. */
  readonly projectRoot: string;
  /** Where to write the pinned kubeconfig. Must not exist; the caller owns and removes it. */
  readonly pinnedPath: string;
}

/** A cluster that the command may use. */
export interface Selected {
  readonly identity: ClusterIdentity;
  /** What the user should know once: a program that signing in runs. */
  readonly notices: readonly string[];
}

/** Chooses, judges and pins the cluster. Fails with KUBECONFIG_INVALID, CONTEXT_REFUSED, CONTEXT_NOT_NAMED or USAGE. */
export async function selectCluster(request: SelectRequest): Promise<Outcome<Selected>> {
  const kubeconfig = await readKubeconfig(request.places);
  if (kubeconfig.kind !== 'ok') return kubeconfig;
  const named = request.contextFlag ?? request.config.context;
  const chosen = chooseContext(kubeconfig.value, named);
  if (chosen.kind !== 'ok') return chosen;
  const { facts } = chosen.value;

  const ownAddresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  const admission = decide({
    command: request.command,
    facts,
    allow: request.config.allow,
    explicitContext: named !== undefined,
    ownAddresses,
    localContexts: localContexts(kubeconfig.value, ownAddresses).filter((name) => name !== facts.context),
  });
  if (admission.kind !== 'ok') return admission;
  const trusted = await checkSignIn(chosen.value, request.projectRoot, homedir());
  if (trusted.kind !== 'ok') return trusted;

  const namespace = request.namespaceFlag ?? request.config.namespace ?? chosen.value.namespace ?? 'default';
  const fits = checkNamespaceName(namespace);
  if (fits.kind !== 'ok') return fits;
  await writePinned(chosen.value, namespace, request.pinnedPath);
  const { signIn } = chosen.value;
  return ok({
    identity: {
      context: facts.context,
      server: facts.server,
      product: admission.value.product,
      namespace,
      kubeconfig: request.pinnedPath,
    },
    notices: signIn === undefined ? [] : [`context ${facts.context} signs in by running "${signIn}"`],
  });
}

/** The contexts that lead to known local products. */
function localContexts(kubeconfig: Kubeconfig, ownAddresses: readonly string[]): readonly string[] {
  return [...kubeconfig.contexts.keys()].filter((name) => {
    const chosen = chooseContext(kubeconfig, name);
    return chosen.kind === 'ok' && recognize(chosen.value.facts, ownAddresses).kind === 'known';
  });
}
