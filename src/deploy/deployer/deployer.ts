/**
 * The deployer of one session on one cluster: renders, applies, watches, verifies and removes services of every kind.
 * Chooses by the config; each way of deploying lives in its own file.
 */
import type { WorkContext } from '../../build/types.ts';
import type { Cluster, KubeObject } from '../../cluster/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import type { RunProcess } from '../../support/process/process.ts';
import { applyObjects } from '../apply/apply.ts';
import { readLifetime } from './lifetime.ts';
import { applyRelease } from '../helm/apply.ts';
import { previewRelease } from '../helm/preview.ts';
import type { HelmApplySettings } from '../helm/upgrade.ts';
import { removeRelease } from '../helm/remove.ts';
import { createHelm } from '../helm/program/tool.ts';
import { createHolders } from '../record/holder.ts';
import { untilDeadline } from './interrupt.ts';
import { readInventory } from '../record/inventory.ts';
import { workloadsIn } from '../objects/kinds.ts';
import { followPods, lookAt } from '../rollout/pods.ts';
import { sumOf } from '../rollout/pod-summary.ts';
import { previewObjects } from '../apply/preview.ts';
import { installerOf, isOurRelease, placed } from '../record/release.ts';
import { countApplied, refuseBesideRelease } from '../record/conflict.ts';
import { readRelease } from '../record/release-store.ts';
import { removeApplied } from '../apply/remove.ts';
import { createRenderer } from './renderer.ts';
import { awaitRollout } from '../rollout/rollout.ts';
import { inStage } from './stage.ts';
import {
  defaultTools,
  type Applied,
  type DeployTerms,
  type DeployTools,
  type LiveDeployer,
  type Removed,
  type RemoveOptions,
  type Rendered,
  type ServiceStatus,
} from '../types.ts';
import { verifyDeployed } from '../rollout/verify.ts';

export interface DeployerSettings {
  readonly cluster: Cluster;
  readonly run: RunProcess;
  /** Name of the project; part of the ownership labels. */
  readonly project: string;
  /** Folder of appdev.yaml; messages show paths relative to it. */
  readonly root: string;
  /** Take over releases and objects that somebody else made. */
  readonly adopt: boolean;
  readonly terms: DeployTerms;
  /** Take back what others have changed of releases and objects that are ours; else that is a refusal. */
  readonly forceConflicts: boolean;
  readonly tools?: Partial<DeployTools>;
}

/** Makes a deployer. */
export function createDeployer(settings: DeployerSettings): LiveDeployer {
  const { cluster, run, project, root, adopt, terms, forceConflicts } = settings;
  const tools = { ...defaultTools, ...settings.tools };
  const namespaceFor = (service: ServiceConfig): string =>
    service.deploy.namespace ?? cluster.identity.namespace;
  const helmTool = createHelm(run, tools.helm);
  const renderer = createRenderer({ run, project, root, namespaceFor, tools, helm: helmTool });
  const helm: HelmApplySettings = {
    helm: helmTool,
    holders: createHolders(run),
    cluster,
    project,
    root,
    adopt,
    terms,
    forceConflicts,
  };
  const applySettings = { cluster, project, adopt, terms, forceConflicts };

  /** What was applied last, with a phrase about it; undefined where appdev has deployed nothing. */
  async function findDeployed(
    service: ServiceConfig,
    signal: AbortSignal,
  ): Promise<
    Outcome<{ readonly objects: readonly KubeObject[]; readonly deployed: boolean; readonly detail: string }>
  > {
    const namespace = namespaceFor(service);
    const none = { objects: [], deployed: false, detail: 'not deployed' };
    if (service.deploy.kind === 'helm') {
      const state = await readRelease(service.deploy.release, namespace, cluster, signal);
      if (state.kind !== 'ok') return state;
      if (state.value.kind !== 'absent') {
        const { last } = state.value;
        if (!isOurRelease(last, project)) return ok({ ...none, detail: `installed by ${installerOf(last)}` });
        const status = last.status === 'deployed' ? '' : `, ${last.status}`;
        return ok({
          objects: placed(last.objects, namespace),
          deployed: true,
          detail: `revision ${last.revision}${status}`,
        });
      }
      // A chart whose rendered manifests were applied has an inventory, as others have.
    }
    const owner = { project, service: service.name };
    if (service.deploy.kind === 'helm') {
      const count = await countApplied(owner, namespace, cluster, signal);
      if (count.kind !== 'ok') return count;
      if (count.value === 0) return ok(none);
    }
    const inventory = await readInventory({ owner, namespace }, cluster, signal);
    if (inventory.kind !== 'ok') return inventory;
    const objects: KubeObject[] = [];
    for (const entry of inventory.value.values()) {
      const live = await cluster.get(entry, signal);
      if (live.kind !== 'ok') return live;
      if (live.value !== undefined) objects.push(live.value);
    }
    if (objects.length === 0) return ok(none);
    return ok({
      objects,
      deployed: true,
      detail: `${objects.length} ${objects.length === 1 ? 'object' : 'objects'}`,
    });
  }

  async function remove(
    service: ServiceConfig,
    options: RemoveOptions,
    context: WorkContext,
  ): Promise<Outcome<Removed>> {
    const namespace = namespaceFor(service);
    const { deploy } = service;
    const place = { owner: { project, service: service.name }, namespace };
    if (deploy.kind !== 'helm') return await removeApplied(place, options, cluster, context);
    const removed = await removeRelease(service, deploy, namespace, options, helm, context);
    if (removed.kind !== 'ok') return removed;
    // What `deploy --rendered` applied of the chart.
    const count = await countApplied(place.owner, namespace, cluster, context.signal);
    if (count.kind !== 'ok') return count;
    if (count.value === 0) return removed;
    const applied = await removeApplied(place, options, cluster, context);
    if (applied.kind !== 'ok') return applied;
    return ok({
      removed: removed.value.removed + applied.value.removed,
      kept: [...removed.value.kept, ...applied.value.kept],
    });
  }

  /** Rendered manifests of a chart must not meet its release. */
  async function besideNothing(
    { name, deploy }: ServiceConfig,
    { namespace }: Rendered,
    signal: AbortSignal,
  ): Promise<Outcome<void>> {
    if (deploy.kind !== 'helm') return ok(undefined);
    return await refuseBesideRelease(name, deploy.release, namespace, cluster, signal);
  }

  return {
    render: renderer.render.bind(renderer),
    async apply(service, rendered, context) {
      if (context.signal.aborted) return cancelled(context.signal);
      const work = async (): Promise<Outcome<Applied>> =>
        await untilDeadline(context.signal, async (signal) => {
          const inner: WorkContext = { signal, report: context.report };
          const { deploy } = service;
          if (deploy.kind === 'helm' && rendered.file === undefined)
            return await applyRelease(service, deploy, rendered, helm, inner);
          const free = await besideNothing(service, rendered, signal);
          return free.kind === 'ok' ? await applyObjects(rendered, applySettings, inner) : free;
        });
      return await inStage('apply', context, work, ({ changed, detail }) => ({ detail, skipped: !changed }));
    },
    async awaitReady(service, rendered, context) {
      const { deadlineMs, restartsAllowed } = service.deploy;
      const workloads = placed(workloadsIn(rendered.objects), rendered.namespace);
      const request = { service: service.name, workloads, deadlineMs, policy: { restartsAllowed } };
      const awaited = await inStage(
        'rollout',
        context,
        async () => await awaitRollout(request, cluster, context),
        (verdicts) => {
          const { ready, desired } = sumOf(verdicts.map(({ pods }) => pods));
          return { detail: `${ready}/${desired} ready` };
        },
      );
      return awaited.kind === 'ok' ? ok(undefined) : awaited;
    },
    async verify(_service, rendered, context) {
      return await inStage(
        'verify',
        context,
        async () => await verifyDeployed(rendered, cluster, context.signal),
      );
    },
    async remove(service, options, context) {
      if (context.signal.aborted) return cancelled(context.signal);
      return await untilDeadline(
        context.signal,
        async (signal) => await remove(service, options, { signal, report: context.report }),
      );
    },
    async preview(service, rendered, signal) {
      const { deploy } = service;
      if (deploy.kind === 'helm' && rendered.file === undefined)
        return await previewRelease(deploy, rendered, helm, signal);
      const free = await besideNothing(service, rendered, signal);
      return free.kind === 'ok' ? await previewObjects(rendered, applySettings, signal) : free;
    },
    lifetime: async (service, signal) =>
      await readLifetime(service, namespaceFor(service), project, cluster, signal),
    async status(service, signal): Promise<Outcome<ServiceStatus>> {
      const found = await findDeployed(service, signal);
      if (found.kind !== 'ok') return found;
      const { objects, deployed, detail } = found.value;
      const workloads = await lookAt(workloadsIn(objects), cluster, signal);
      if (workloads.kind !== 'ok') return workloads;
      const pods = sumOf(workloads.value.map((workload) => workload.pods));
      const namespace = namespaceFor(service);
      return ok({ service: service.name, namespace, deployed, detail, workloads: workloads.value, pods });
    },
    async deployedObjects(service, signal) {
      const found = await findDeployed(service, signal);
      return found.kind === 'ok' ? ok(found.value.objects) : found;
    },
    followPods(service, objects, onSummary, signal) {
      followPods(placed(workloadsIn(objects), namespaceFor(service)), cluster, onSummary, signal);
    },
  };
}
