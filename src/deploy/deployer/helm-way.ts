/** The way of a chart: a Helm release. */
import type { WorkContext } from '../../build/types.ts';
import type { HelmConfig, ServiceConfig } from '../../config/model.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { applyRelease } from '../helm/apply.ts';
import { previewRelease } from '../helm/preview.ts';
import { removeRelease } from '../helm/remove.ts';
import type { HelmApplySettings } from '../helm/upgrade.ts';
import { belongingIn, type Belonging } from '../objects/lifetime.ts';
import { installerOf, isOurRelease, placed } from '../record/release.ts';
import { readRelease } from '../record/release-store.ts';
import type { Applied, Deployed, Preview, Removed, RemoveOptions, Rendered } from '../types.ts';

/** A service whose manifests come from a chart. */
export type ChartService = ServiceConfig & { readonly deploy: HelmConfig };

/**
 * A `Way` for charts. Reading gives undefined if there is no release. The chart may then have been applied without
 * one.
 */
export interface HelmWay {
  apply(service: ChartService, rendered: Rendered, context: WorkContext): Promise<Outcome<Applied>>;
  preview(service: ChartService, rendered: Rendered, signal: AbortSignal): Promise<Outcome<Preview>>;
  remove(service: ChartService, options: RemoveOptions, context: WorkContext): Promise<Outcome<Removed>>;
  deployed(service: ChartService, signal: AbortSignal): Promise<Outcome<Deployed | undefined>>;
  /** `foreign` means a release that this project did not make. */
  lifetime(service: ChartService, signal: AbortSignal): Promise<Outcome<Belonging | 'foreign' | undefined>>;
}

/** Makes the way for charts. `namespaceFor` gives the namespace that a service goes to. */
export function helmWay(
  settings: HelmApplySettings,
  namespaceFor: (service: ServiceConfig) => string,
): HelmWay {
  const { cluster, project, terms } = settings;
  return {
    apply: async (service, rendered, context) =>
      await applyRelease(service, service.deploy, rendered, settings, context),
    preview: async ({ deploy }, rendered, signal) => await previewRelease(deploy, rendered, settings, signal),
    remove: async (service, options, context) =>
      await removeRelease(service, service.deploy, namespaceFor(service), options, settings, context),
    async deployed(service, signal) {
      const namespace = namespaceFor(service);
      const state = await readRelease(service.deploy.release, namespace, cluster, signal);
      if (state.kind !== 'ok') return state;
      if (state.value.kind === 'absent') return ok(undefined);
      const { last } = state.value;
      if (!isOurRelease(last, project)) {
        return ok({ objects: [], deployed: false, detail: `installed by ${installerOf(last)}` });
      }
      const status = last.status === 'deployed' ? '' : `, ${last.status}`;
      const detail = `revision ${last.revision}${status}`;
      return ok({ objects: placed([...last.objects, ...last.hooks], namespace), deployed: true, detail });
    },
    async lifetime(service, signal) {
      const found = await readRelease(service.deploy.release, namespaceFor(service), cluster, signal);
      if (found.kind !== 'ok') return found;
      const state = found.value;
      if (state.kind === 'absent') return ok(undefined);
      return ok(
        isOurRelease(state.last, project) ? belongingIn(state.last.labels, terms.maker.user) : 'foreign',
      );
    },
  };
}
