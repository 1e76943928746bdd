/**
 * Chooses the way of a service, in one place. A chart becomes a Helm release, unless manifests that were rendered
 * before are given. Everything else is applied. Whatever either way left behind is found and removed.
 */
import type { Cluster } from '../../cluster/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import type { ChartService, HelmWay } from './helm-way.ts';
import { untilDeadline } from './interrupt.ts';
import { countApplied, refuseBesideRelease } from '../record/conflict.ts';
import { inStage } from './stage.ts';
import type { Rendered, Way } from '../types.ts';

/** The two ways, and what is needed to tell which one was used. */
export interface Ways {
  readonly helm: HelmWay;
  readonly applied: Way;
  readonly cluster: Cluster;
  readonly project: string;
  readonly namespaceFor: (service: ServiceConfig) => string;
}

/** Makes the one way by which a session deploys. */
export function chosenWay({ helm, applied, cluster, project, namespaceFor }: Ways): Way {
  /** Whether anything of a chart was applied, as `deploy --rendered` does it. */
  async function hasApplied(service: ServiceConfig, signal: AbortSignal): Promise<Outcome<boolean>> {
    const owner = { project, service: service.name };
    const count = await countApplied(owner, namespaceFor(service), cluster, signal);
    return count.kind === 'ok' ? ok(count.value > 0) : count;
  }

  /** Fails if the release of a chart exists. Rendered manifests of the chart must not be applied as well. */
  async function besideNothing(
    service: ServiceConfig,
    { namespace }: Rendered,
    signal: AbortSignal,
  ): Promise<Outcome<void>> {
    if (!isChart(service)) return ok(undefined);
    return await refuseBesideRelease(service.name, service.deploy.release, namespace, cluster, signal);
  }

  return {
    async apply(service, rendered, context) {
      if (context.signal.aborted) return cancelled(context.signal);
      return await inStage(
        'apply',
        context,
        async () =>
          await untilDeadline(context.signal, async (signal) => {
            const inner = { signal, report: context.report };
            if (isChart(service) && rendered.file === undefined) {
              return await helm.apply(service, rendered, inner);
            }
            const free = await besideNothing(service, rendered, signal);
            return free.kind === 'ok' ? await applied.apply(service, rendered, inner) : free;
          }),
        ({ changed, detail }) => ({ detail, skipped: !changed }),
      );
    },
    async settle(service, rendered, { signal: outer, report }) {
      // Helm has pruned already.
      if (isChart(service) && rendered.file === undefined) return ok([]);
      if (outer.aborted) return cancelled(outer);
      return await untilDeadline(
        outer,
        async (signal) => await applied.settle(service, rendered, { signal, report }),
      );
    },
    async preview(service, rendered, signal) {
      if (isChart(service) && rendered.file === undefined) {
        return await helm.preview(service, rendered, signal);
      }
      const free = await besideNothing(service, rendered, signal);
      return free.kind === 'ok' ? await applied.preview(service, rendered, signal) : free;
    },
    async remove(service, options, { signal: outer, report }) {
      if (outer.aborted) return cancelled(outer);
      return await untilDeadline(outer, async (signal) => {
        const context = { signal, report };
        if (!isChart(service)) return await applied.remove(service, options, context);
        const released = await helm.remove(service, options, context);
        if (released.kind !== 'ok') return released;
        const more = await hasApplied(service, signal);
        if (more.kind !== 'ok') return more;
        if (!more.value) return released;
        const rest = await applied.remove(service, options, context);
        if (rest.kind !== 'ok') return rest;
        return ok({
          removed: released.value.removed + rest.value.removed,
          kept: [...released.value.kept, ...rest.value.kept],
        });
      });
    },
    async deployed(service, signal) {
      if (!isChart(service)) return await applied.deployed(service, signal);
      const released = await helm.deployed(service, signal);
      if (released.kind !== 'ok') return released;
      if (released.value !== undefined) return ok(released.value);
      const there = await hasApplied(service, signal);
      if (there.kind !== 'ok') return there;
      if (there.value) return await applied.deployed(service, signal);
      return ok({ objects: [], deployed: false, detail: 'not deployed' });
    },
    async lifetime(service, signal) {
      if (!isChart(service)) return await applied.lifetime(service, signal);
      const released = await helm.lifetime(service, signal);
      if (released.kind !== 'ok') return released;
      if (released.value === 'foreign') return ok(undefined);
      if (released.value !== undefined) return ok(released.value);
      return await applied.lifetime(service, signal);
    },
  };
}

function isChart(service: ServiceConfig): service is ChartService {
  return service.deploy.kind === 'helm';
}
