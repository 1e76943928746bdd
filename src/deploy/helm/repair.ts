/**
 * Repairs a release that a killed helm left half done, so that helm accepts it again. It goes back to its last good
 * revision, or to nothing if it never had one. Only done if it is certain that no helm works on it any more.
 */
import type { WorkContext } from '../../build/types.ts';
import type { Cluster, ClusterIdentity, KubeObject } from '../../cluster/types.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { complaintOf } from './chart/errors.ts';
import { keepInRecord, keepLive } from './keep/keep.ts';
import { findLosses, goneFrom, keepersOf } from './keep/losses.ts';
import { lossOfApiServer } from './program/outage.ts';
import { pinned, type Helm } from './program/tool.ts';
import { repairAnnotation } from '../../core/labels.ts';
import { holderVariable, type Holders } from '../record/holder.ts';
import { homed, nameOf } from '../objects/kinds.ts';
import { fieldManager } from '../objects/ownership.ts';
import type { ReleaseState, Revision } from '../record/release.ts';

/** What repair and deploy need from the session. */
export interface ReleaseTools {
  readonly helm: Helm;
  readonly cluster: Cluster;
  readonly holders: Holders;
  /** Folder in which helm runs. Paths in messages are relative to it. */
  readonly root: string;
}

type Pending = Extract<ReleaseState, { kind: 'pending' }>;

/**
 * Makes sure that nobody works on a pending release. Otherwise fails with RELEASE_STUCK, which says how to continue by
 * hand.
 */
export async function requireAbandoned(
  state: Pending,
  namespace: string,
  { holders, cluster }: Pick<ReleaseTools, 'holders' | 'cluster'>,
): Promise<Outcome<void>> {
  const holder = state.holder === undefined ? 'unknown' : await holders.stateOf(state.holder);
  if (holder === 'gone') return ok(undefined);
  const { release, revision, status } = state.last;
  const what = `release ${release} in ${namespace} is ${status} (revision ${revision})`;
  if (holder === 'alive') {
    return failed(
      'RELEASE_STUCK',
      `${what}: another helm started by appdev is working on it on this machine`,
      {
        hint: 'wait until it ends, then try again',
      },
    );
  }
  return failed('RELEASE_STUCK', `${what}, and appdev cannot tell whether the helm that did this has ended`, {
    hint: `when it has ended, run ${byHand(state, namespace, cluster.identity.context)}`,
  });
}

/** Repairs an abandoned release. The value says what was done, as a clause for the user. */
export async function repairRelease(
  state: Pending,
  namespace: string,
  tools: ReleaseTools,
  { signal }: Pick<WorkContext, 'signal'>,
): Promise<Outcome<string>> {
  const { cluster, helm, holders, root } = tools;
  const { last, deployed } = state;
  const target = { ...cluster.identity, namespace };
  if (deployed === undefined) {
    const losses = await findLosses(homed(last.objects, namespace), 'uninstall', cluster, signal);
    if (losses.kind !== 'ok') return losses;
    if (keepersOf(losses.value).length > 0) {
      // Uninstalling would delete data. Without the record, the next install adopts the objects, because they all carry
      // this release's name.
      const ref = { apiVersion: 'v1', kind: 'Secret', name: last.secret, namespace };
      const removed = await cluster.remove(ref, {}, signal);
      return removed.kind === 'ok' ? ok('its record was removed; it had never been deployed') : removed;
    }
    const args = ['uninstall', ...pinned(target), '--no-hooks', '--', last.release];
    const run = await helm.run({ args, cwd: root, kubeconfig: target.kubeconfig }, signal);
    if (run.kind !== 'ok') return run;
    if (run.value.exitCode !== 0) return stillStuck(state, namespace, cluster.identity, run.value.stderr);
    return ok('it was uninstalled; it had never been deployed');
  }
  // The rollback deletes what the abandoned revision was the first to have.
  const going = goneFrom(last.objects, deployed.objects, namespace);
  const losses = await findLosses(going, 'upgrade', cluster, signal);
  if (losses.kind !== 'ok') return losses;
  const staying = keepersOf(losses.value);
  const kept = await keepLive(staying, cluster, signal);
  if (kept.kind !== 'ok') return kept;
  const mark = await holders.mark();
  const marked = await markRepair(last, namespace, mark, cluster, signal);
  if (marked.kind !== 'ok') return marked;
  const args = [
    'rollback',
    ...pinned(target),
    '--history-max=10',
    '--',
    last.release,
    String(deployed.revision),
  ];
  const env = { [holderVariable]: mark };
  const run = await helm.run({ args, cwd: root, kubeconfig: target.kubeconfig, env }, signal);
  if (run.kind !== 'ok') return run;
  if (run.value.exitCode !== 0) return stillStuck(state, namespace, cluster.identity, run.value.stderr);
  return ok(`it was rolled back to revision ${deployed.revision}${stayClause(staying)}`);
}

/**
 * Finishes a removal that was cut off. For helm, an object that is already gone is not an error. What holds data stays,
 * because nobody was asked. The value says what was done, as a clause for the user.
 */
export async function finishUninstall(
  last: Revision,
  namespace: string,
  { cluster, helm, root }: ReleaseTools,
  { signal }: Pick<WorkContext, 'signal'>,
): Promise<Outcome<string>> {
  const losses = await findLosses(homed(last.objects, namespace), 'uninstall', cluster, signal);
  if (losses.kind !== 'ok') return losses;
  const staying = keepersOf(losses.value);
  const kept = await keepInRecord(last, staying, namespace, cluster, signal);
  if (kept.kind !== 'ok') return kept;
  const target = { ...cluster.identity, namespace };
  const args = ['uninstall', ...pinned(target), '--', last.release];
  const run = await helm.run({ args, cwd: root, kubeconfig: target.kubeconfig }, signal);
  return run.kind === 'ok' ? ok(`appdev finishes that first${stayClause(staying)}`) : run;
}

function stayClause(staying: readonly KubeObject[]): string {
  return staying.map((one) => `, ${nameOf(one)} stays`).join('');
}

/** Puts the rollback's mark on the pending record. If the rollback is killed too, the next start can tell. */
async function markRepair(
  last: Revision,
  namespace: string,
  mark: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<unknown>> {
  const metadata = { name: last.secret, namespace, annotations: { [repairAnnotation]: mark } };
  return await cluster.apply(
    { apiVersion: 'v1', kind: 'Secret', metadata },
    { fieldManager, force: true },
    signal,
  );
}

function stillStuck(
  state: Pending,
  namespace: string,
  { context, server }: ClusterIdentity,
  stderr: string,
): Outcome<never> {
  const { release, status } = state.last;
  const complaint = complaintOf(stderr);
  const loss = lossOfApiServer(complaint.join('\n'), server);
  if (loss !== undefined) {
    return failed(
      'CLUSTER_UNREACHABLE',
      `the API server of ${context} ${loss} while release ${release} was repaired: its state is unknown`,
      { hint: 'run the command again: it checks the release first and repairs it', evidence: complaint },
    );
  }
  return failed(
    'RELEASE_STUCK',
    `release ${release} in ${namespace} is ${status}, and helm cannot repair it`,
    {
      evidence: complaint,
      hint: byHand(state, namespace, context),
    },
  );
}

function byHand({ last, deployed }: Pending, namespace: string, context: string): string {
  const at = `--kube-context ${context} -n ${namespace}`;
  return deployed === undefined
    ? `helm uninstall ${last.release} ${at}`
    : `helm rollback ${last.release} ${deployed.revision} ${at}`;
}
