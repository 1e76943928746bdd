/**
 * The stages `rollout` and `verify`. They wait until the pods are ready, and compare what the pods run with what was
 * built.
 */
import type { Observer } from '../../deploy/types.ts';
import { ok } from '../../core/outcome.ts';
import type { Step } from '../work/execute.ts';
import { contextOf } from '../work/member.ts';

/** Makes the step that waits until the new version serves. */
export function rolloutStep({ observer }: { readonly observer: Pick<Observer, 'awaitReady'> }): Step {
  return observing(
    'rollout',
    async (service, rendered, context) => await observer.awaitReady(service, rendered, context),
  );
}

/** Makes the step that checks that the pods run what was built. */
export function verifyStep({ observer }: { readonly observer: Pick<Observer, 'verify'> }): Step {
  return observing(
    'verify',
    async (service, rendered, context) => await observer.verify(service, rendered, context),
  );
}

function observing(stage: 'rollout' | 'verify', look: Observer['awaitReady']): Step {
  return {
    scope: 'service',
    stages: [stage],
    async run(member, state) {
      const { service } = member;
      if (state.rendered === undefined) throw new Error(`${service.name}: nothing was rendered to look at`);
      const seen = await look(service, state.rendered, contextOf(member));
      return seen.kind === 'ok' ? ok(state) : seen;
    },
  };
}
