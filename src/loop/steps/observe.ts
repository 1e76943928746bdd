/**
 * The stages `rollout` and `verify`. They wait until the pods are ready, and compare what the pods run with what was
 * built.
 */
import type { Observer, Way } from '../../deploy/types.ts';
import { ok } from '../../core/outcome.ts';
import type { Step } from '../work/execute.ts';
import { contextOf } from '../work/member.ts';

/** Makes the step that waits until the new version serves, and then removes what only the version before needed. */
export function rolloutStep({ observer, way }: RolloutParts): Step {
  return {
    scope: 'service',
    stages: ['rollout'],
    async run(member, state) {
      const { service } = member;
      const { rendered } = state;
      if (rendered === undefined) throw new Error(`${service.name}: nothing was rendered to look at`);
      const context = contextOf(member);
      const seen = await observer.awaitReady(service, rendered, context);
      if (seen.kind !== 'ok') return seen;
      if (way === undefined) return ok(state);
      const settled = await way.settle(service, rendered, context);
      if (settled.kind !== 'ok') return settled;
      for (const name of settled.value) context.report.output('rollout', 'stdout', `pruned ${name}`);
      return ok(state);
    },
  };
}

/** What the step is made from. */
export interface RolloutParts {
  readonly observer: Pick<Observer, 'awaitReady'>;
  /** Absent if the runs apply nothing, and so must not remove anything. */
  readonly way?: Pick<Way, 'settle'>;
}

/** Makes the step that checks that the pods run what was built. */
export function verifyStep({ observer }: { readonly observer: Pick<Observer, 'verify'> }): Step {
  return {
    scope: 'service',
    stages: ['verify'],
    async run(member, state) {
      const { service } = member;
      if (state.rendered === undefined) throw new Error(`${service.name}: nothing was rendered to look at`);
      const seen = await observer.verify(service, state.rendered, contextOf(member));
      return seen.kind === 'ok' ? ok(state) : seen;
    },
  };
}
