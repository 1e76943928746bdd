/** The way of everything except charts: server-side apply, with an inventory of what was applied. */
import type { Cluster, KubeObject } from '../../cluster/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { ok } from '../../core/outcome.ts';
import { count } from '../../core/words.ts';
import { applyObjects, settleObjects } from '../apply/apply.ts';
import { belongingIn } from '../objects/lifetime.ts';
import { readInventory, readInventoryRecord } from '../record/inventory.ts';
import { previewObjects } from '../apply/preview.ts';
import { removeApplied } from '../apply/remove.ts';
import type { DeployTerms, Way } from '../types.ts';

/** What the way is made from. */
export interface AppliedWaySettings {
  readonly cluster: Cluster;
  /** Name of the project; part of the ownership labels. */
  readonly project: string;
  /** Take over objects that someone else made. */
  readonly adopt: boolean;
  readonly terms: DeployTerms;
  /** Take back what others have changed in our own objects. Without it, such a change is a refusal. */
  readonly forceConflicts: boolean;
}

/** Makes the way of server-side apply. `namespaceFor` gives the namespace that a service goes to. */
export function appliedWay(
  settings: AppliedWaySettings,
  namespaceFor: (service: ServiceConfig) => string,
): Way {
  const { cluster, project, terms } = settings;
  const placeOf = (service: ServiceConfig) => ({
    owner: { project, service: service.name },
    namespace: namespaceFor(service),
  });
  return {
    apply: async (_service, rendered, context) => await applyObjects(rendered, settings, context),
    settle: async (_service, rendered, { signal }) => await settleObjects(rendered, settings, signal),
    preview: async (_service, rendered, signal) => await previewObjects(rendered, settings, signal),
    remove: async (service, options, context) =>
      await removeApplied(placeOf(service), options, cluster, context),
    async deployed(service, signal) {
      const inventory = await readInventory(placeOf(service), cluster, signal);
      if (inventory.kind !== 'ok') return inventory;
      const objects: KubeObject[] = [];
      for (const entry of inventory.value.values()) {
        const live = await cluster.get(entry, signal);
        if (live.kind !== 'ok') return live;
        if (live.value !== undefined) objects.push(live.value);
      }
      if (objects.length === 0) return ok({ objects, deployed: false, detail: 'not deployed' });
      return ok({ objects, deployed: true, detail: count(objects.length, 'object') });
    },
    async lifetime(service, signal) {
      const record = await readInventoryRecord(placeOf(service), cluster, signal);
      // The record belongs to another project's service of the same name. Its objects are not ours.
      if (record.kind === 'failed' && record.error.code === 'OBJECT_FOREIGN') return ok(undefined);
      if (record.kind !== 'ok') return record;
      const { labels } = record.value;
      return ok(labels === undefined ? undefined : belongingIn(labels, terms.maker.user));
    },
  };
}
