/**
 * Deploys a chart as a real release, by `helm upgrade --install`. Does nothing if the release was made from the same
 * inputs and its objects are as its record says. Never takes over what someone else installed, unless told to.
 */
import type { WorkContext } from '../../build/types.ts';
import type { HelmConfig, ServiceConfig } from '../../config/model.ts';
import type { AppdevError } from '../../core/errors.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { refuseDrift, takenBack } from '../live/drift-words.ts';
import { removeFrozen } from './frozen.ts';
import { holdBack } from './hold-back.ts';
import { updateLifetime } from './lifetime.ts';
import { lookAtRelease } from './keep/live.ts';
import { conflictingObject, explainUpgrade } from './upgrade-errors.ts';
import { shapeLabel } from '../../core/labels.ts';
import { revisionIn, upgradeRelease, type HelmApplySettings } from './upgrade.ts';
import { lifetimeIn, nextLifetime } from '../objects/lifetime.ts';
import { nameOf } from '../objects/kinds.ts';
import { readRelease } from '../record/release-store.ts';
import { isOurRelease, type ReleaseState } from '../record/release.ts';
import { foreignRelease, refuseOverApplied } from '../record/conflict.ts';
import { isMadeOf } from './render-plan.ts';
import { finishUninstall, repairRelease, requireAbandoned } from './repair.ts';
import type { Applied, Rendered } from '../types.ts';

/**
 * Installs or upgrades the release of a service. Repairs it first if a killed helm left it half done. The value says
 * whether anything changed.
 */
export async function applyRelease(
  service: ServiceConfig,
  config: HelmConfig,
  rendered: Rendered,
  settings: HelmApplySettings,
  { signal, report }: WorkContext,
): Promise<Outcome<Applied>> {
  const { cluster } = settings;
  const { namespace } = rendered;
  const { release } = config;
  const found = await readRelease(release, namespace, cluster, signal);
  if (found.kind !== 'ok') return found;
  const state = found.value;
  if (state.kind !== 'absent' && !isOurRelease(state.last, settings.project) && !settings.adopt) {
    return foreignRelease(state.last, release, namespace);
  }
  if (state.kind === 'absent') {
    const owner = { project: settings.project, service: service.name };
    const free = await refuseOverApplied(owner, namespace, cluster, signal);
    if (free.kind !== 'ok') return free;
  }
  const usable = await makeUsable(state, release, namespace, settings, { signal, report });
  if (usable.kind !== 'ok') return usable;

  const same = isMadeOf(state, rendered.hash, settings.project);
  const last = state.kind === 'absent' ? undefined : state.last;
  // What others may have changed is what the cluster was told, not what a chart would make up now.
  const told = same && last !== undefined ? { ...rendered, objects: last.rendered } : rendered;
  const live = await lookAtRelease(told, release, cluster, signal);
  if (live.kind !== 'ok') return live;
  const { replicas, intact } = live.value;
  const ours = state.kind === 'absent' || isOurRelease(state.last, settings.project);
  // When a release is adopted, Helm itself says what stops it.
  const drifts = ours ? live.value.drifts : [];
  if (same && last !== undefined && drifts.length === 0) {
    if (intact) {
      const marked = await updateLifetime(last, settings.terms, namespace, cluster, signal);
      if (marked.kind !== 'ok') return marked;
      return ok({ changed: false, detail: 'unchanged', recorded: last.rendered });
    }
    report.output(
      'apply',
      'stderr',
      `someone changed the objects of release ${release} by hand; deploying it again`,
    );
  }
  if (drifts.length > 0 && !settings.forceConflicts) return refuseDrift(service.name, drifts);
  const held = await holdBack(state, told, settings, signal);
  if (held.kind !== 'ok') return held;
  const staying = held.value;
  const replaced = await removeFrozen(state, told, release, cluster, signal);
  if (replaced.kind !== 'ok') return replaced;
  for (const one of replaced.value) {
    report.output('apply', 'stderr', `${nameOf(one)} cannot change, so it is deleted and created again`);
  }
  const checked = state.kind === 'settled' ? state.last.labels[shapeLabel] : undefined;
  const serverSide = state.kind === 'absent' || state.last.serverSide;
  const gone = state.kind === 'absent' || state.kind === 'uninstalling';
  const before = gone ? undefined : lifetimeIn(state.last.labels);
  const lifetime = nextLifetime(settings.terms.lifetime, before);
  const request = { service, config, rendered, checked, lifetime, serverSide, replicas };
  const upgraded = await upgradeRelease({ ...request, force: drifts.length > 0 }, settings, {
    signal,
    report,
  });
  if (upgraded.kind !== 'ok') return upgraded;
  const { exitCode, stdout, stderr } = upgraded.value;
  if (exitCode === 0) return await recorded(stdout);
  const clash = conflictingObject(stderr);
  if (settings.adopt && clash !== undefined && !wasOurs(state, clash, settings.project)) {
    // Helm 4 takes the object over, but not its fields. Adopting an object includes its fields.
    const forced = await upgradeRelease({ ...request, force: true }, settings, { signal, report });
    if (forced.kind !== 'ok') return forced;
    if (forced.value.exitCode === 0) return await recorded(forced.value.stdout);
    return { kind: 'failed', error: explain(forced.value.stderr) };
  }
  return { kind: 'failed', error: explain(stderr) };

  /**
   * What helm did, confirmed by its record. Helm ends with 0 even if its last request, which writes the record, got no
   * answer (seen with 3.22 and 4.3); then the release stays pending.
   */
  async function recorded(stdout: string): Promise<Outcome<Applied>> {
    const after = await readRelease(release, namespace, cluster, signal);
    if (after.kind !== 'ok') return after;
    if (after.value.kind === 'settled') {
      for (const drift of drifts) report.warn(takenBack(drift));
      const stayed = staying.map((one) => `${nameOf(one)} stays`);
      const detail = [revisionIn(stdout), ...stayed].join(', ');
      return ok({ changed: true, detail, recorded: after.value.last.rendered });
    }
    const { context } = cluster.identity;
    return failed(
      'CLUSTER_UNREACHABLE',
      `helm applied release ${release} but could not record it in ${context}: the record is ${after.value.kind === 'absent' ? 'absent' : after.value.last.status}`,
      { hint: 'run the command again: it checks the release first and repairs it' },
    );
  }

  function explain(words: string): AppdevError {
    return explainUpgrade(words, {
      service: service.name,
      release,
      namespace,
      context: cluster.identity.context,
      server: cluster.identity.server,
    });
  }
}

/** True if the release already held this object (`Kind/name`), as a release of this project. */
function wasOurs(state: ReleaseState, object: string, project: string): boolean {
  if (state.kind === 'absent' || !isOurRelease(state.last, project)) return false;
  return state.last.objects.some((one) => nameOf(one) === object);
}

/** Repairs what a killed helm left behind, if that is safe. */
async function makeUsable(
  state: ReleaseState,
  release: string,
  namespace: string,
  settings: HelmApplySettings,
  context: WorkContext,
): Promise<Outcome<void>> {
  if (state.kind === 'pending') {
    const abandoned = await requireAbandoned(state, namespace, settings);
    if (abandoned.kind !== 'ok') return abandoned;
    const repaired = await repairRelease(state, namespace, settings, context);
    if (repaired.kind !== 'ok') return repaired;
    const left = `a helm that was killed had left release ${release} ${state.last.status}`;
    context.report.output('apply', 'stderr', `${left}; ${repaired.value}`);
  }
  if (state.kind === 'uninstalling') {
    const finished = await finishUninstall(state.last, namespace, settings, context);
    if (finished.kind !== 'ok') return finished;
    context.report.output('apply', 'stderr', `release ${release} was being uninstalled; ${finished.value}`);
  }
  return ok(undefined);
}
