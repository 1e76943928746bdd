/** The stage `apply`: brings the rendered manifests into the cluster, unless the pods run them already. */
import type { ServiceConfig } from '../../config/model.ts';
import type { Rendered, Way } from '../../deploy/types.ts';
import { ok } from '../../core/outcome.ts';
import type { Step } from '../work/execute.ts';
import { contextOf } from '../work/member.ts';

/** Makes the step. It applies nothing if the pods run these manifests already, unless the run is forced. */
export function applyStep({ way }: { readonly way: Pick<Way, 'apply'> }): Step {
  return {
    scope: 'service',
    stages: ['apply'],
    async run(member, state) {
      const { service, force, report } = member;
      const { rendered, running } = state;
      if (rendered === undefined) throw new Error(`${service.name}: nothing was rendered to apply`);
      const manifests = manifestsOf(service, rendered);
      if (!force && running?.manifests === manifests) {
        report.finished('apply', 'skipped', 'unchanged');
        return ok({ ...state, manifests });
      }
      const applied = await way.apply(service, rendered, contextOf(member));
      if (applied.kind !== 'ok') return applied;
      const { recorded } = applied.value;
      // What follows looks at what the cluster was told.
      const told = recorded === undefined ? rendered : { ...rendered, objects: recorded, recorded: true };
      return ok({ ...state, manifests, rendered: told });
    },
  };
}

/**
 * Identifies applied manifests. The same ones in another namespace, or as another release, are still to be applied.
 */
function manifestsOf({ deploy }: ServiceConfig, { namespace, hash }: Rendered): string {
  return JSON.stringify([namespace, deploy.kind === 'helm' ? deploy.release : '', hash]);
}
