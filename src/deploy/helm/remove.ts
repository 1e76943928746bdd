/**
 * Removes a release by `helm uninstall`, waits until its objects and their pods are gone, and says what stayed. Leaves
 * other people's releases alone, and volume claims too unless the user allowed deleting them.
 */
import type { WorkContext } from '../../build/types.ts';
import { refOf, type KubeObject } from '../../cluster/types.ts';
import type { HelmConfig, ServiceConfig } from '../../config/model.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import {
  isClaim,
  isKept,
  policyAnnotation,
  refuseRemoval,
  retainCommands,
  templateClaims,
} from '../live/claims.ts';
import { goneLimitMs, waitUntilGone } from '../live/gone.ts';
import { targetOf, type HelmApplySettings } from './upgrade.ts';
import { complaintOf } from './chart/errors.ts';
import { keepInRecord } from './keep/keep.ts';
import { findLosses } from './keep/losses.ts';
import { lossOfApiServer } from './program/outage.ts';
import { pinned } from './program/tool.ts';
import { holdsOthers, identityOf, isHook, nameOf } from '../objects/kinds.ts';
import { isOurRelease, placed, type Revision } from '../record/release.ts';
import { readRelease } from '../record/release-store.ts';
import { requireAbandoned } from './repair.ts';
import { readLive, podsOf, removeObjects } from '../live/removal.ts';
import type { Removed, RemoveOptions } from '../types.ts';

/** Helm's own way to keep a claim after its release is gone. */
const keepInChart = `annotate it in the chart with \`${policyAnnotation}: keep\` and deploy again`;

/**
 * Uninstalls the release of a service. The value says what stayed. Fails with VOLUME_CLAIMS if claims would be deleted
 * and that was not allowed.
 */
export async function removeRelease(
  service: ServiceConfig,
  config: HelmConfig,
  namespace: string,
  options: RemoveOptions,
  settings: HelmApplySettings,
  { signal }: WorkContext,
): Promise<Outcome<Removed>> {
  const { cluster, helm, project, root } = settings;
  const { release } = config;
  const found = await readRelease(release, namespace, cluster, signal);
  if (found.kind !== 'ok') return found;
  const state = found.value;
  if (state.kind === 'absent') return ok({ removed: 0, kept: [] });
  if (!isOurRelease(state.last, project)) return ok({ removed: 0, kept: [`Release/${release}`] });
  if (state.kind === 'pending') {
    const abandoned = await requireAbandoned(state, namespace, settings);
    if (abandoned.kind !== 'ok') return abandoned;
  }

  const objects = objectsOf(
    state.last,
    state.kind === 'uninstalling' ? undefined : state.deployed,
    namespace,
  );
  const live = await readLive(objects, cluster, signal);
  if (live.kind !== 'ok') return live;
  const losses = await findLosses(objects, 'uninstall', cluster, signal);
  if (losses.kind !== 'ok') return losses;
  const { claims: lost, holders } = losses.value;
  if (lost.length > 0 && !options.deleteVolumes) {
    const inChart = lost.some(({ by }) => by === undefined) ? [keepInChart] : [];
    const keep = [...inChart, ...retainCommands(lost, cluster.identity.context)];
    return refuseRemoval(service.name, lost, keep);
  }
  const marked = await keepInRecord(state.last, holders, namespace, cluster, signal);
  if (marked.kind !== 'ok') return marked;
  const doomed = objects.flatMap((object) =>
    isKept(object) || holdsOthers(object) ? [] : (live.value.get(identityOf(refOf(object))) ?? []),
  );
  const pods = await podsOf(doomed, cluster, signal);
  if (pods.kind !== 'ok') return pods;
  const claims = await cluster.list({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace }, signal);
  if (claims.kind !== 'ok') return claims;

  const target = targetOf(cluster, namespace);
  const timeout = `--timeout=${Math.ceil(service.deploy.deadlineMs / 1000)}s`;
  const args = ['uninstall', ...pinned(target), timeout, '--', release];
  const run = await helm.run({ args, cwd: root, kubeconfig: target.kubeconfig }, signal);
  if (run.kind !== 'ok') return run;
  if (run.value.exitCode !== 0) {
    const complaint = complaintOf(run.value.stderr);
    const loss = lossOfApiServer(complaint.join('\n'), cluster.identity.server);
    if (loss !== undefined) {
      return failed(
        'CLUSTER_UNREACHABLE',
        `the API server of ${target.context} ${loss} while release ${release} was removed: its state is unknown`,
        { hint: 'run appdev delete again when it is back', evidence: complaint },
      );
    }
    return failed(
      'DEPLOY_FAILED',
      `release ${release} in ${namespace} cannot be removed: ${complaint[0] ?? ''}`,
      {
        evidence: complaint.slice(1),
        hint: `helm uninstall ${release} --kube-context ${target.context} -n ${namespace}`,
      },
    );
  }

  // Helm deletes only what the last revision lists. Two kinds of objects would stay for ever: those that only the
  // deployed revision had (if its successor was cut short), and jobs that hooks made. Both belong to this release, as
  // their metadata shows.
  const hooks = await readLive(hooksOf(state.last, namespace), cluster, signal);
  if (hooks.kind !== 'ok') return hooks;
  const named = doomed.filter(
    ({ metadata }) => metadata.annotations?.['meta.helm.sh/release-name'] === release,
  );
  const rest = await removeObjects([...named, ...[...hooks.value.values()].filter(isHook)], cluster, signal);
  if (rest.kind !== 'ok') return rest;
  const kept = claims.value.filter(
    (claim) =>
      templateClaims(objects, [claim]).length > 0 ||
      objects.some((object) => isClaim(object) && object.metadata.name === claim.metadata.name),
  );
  const volumes = options.deleteVolumes ? kept : [];
  const deleted = await removeObjects(volumes, cluster, signal);
  if (deleted.kind !== 'ok') return deleted;
  const gone = await waitUntilGone(
    [...doomed, ...pods.value, ...volumes],
    cluster,
    goneLimitMs(pods.value),
    signal,
  );
  if (gone.kind !== 'ok') return gone;
  const keptObjects = objects.filter((object) => isKept(object) && !isClaim(object));
  return ok({
    removed: doomed.length + volumes.length,
    kept: [...[...keptObjects, ...holders].map(nameOf), ...(options.deleteVolumes ? [] : kept.map(nameOf))],
  });
}

/** Every object that the records list, once. */
function objectsOf(last: Revision, deployed: Revision | undefined, namespace: string): KubeObject[] {
  const objects = placed([...last.objects, ...(deployed?.objects ?? [])], namespace);
  return [...new Map(objects.map((object) => [identityOf(refOf(object)), object])).values()];
}

/**
 * What hooks made and helm does not delete. Claims stay, because a hook may have filled one. So does what holds other
 * people's objects.
 */
function hooksOf(last: Revision, namespace: string): KubeObject[] {
  return placed(last.hooks, namespace).filter(
    (object) => !isKept(object) && !isClaim(object) && !holdsOthers(object),
  );
}
