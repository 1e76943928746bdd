/**
 * The stage `scan`: the one gate between an image and the pods. Every image that is deployed passes it. It does not
 * matter whether this run built the image, an earlier one did, or it comes from elsewhere. An image that the
 * registry's scan admits is published: other services can use it from here on.
 */
import type { Artifact } from '../../core/events.ts';
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import type { Step } from '../work/execute.ts';
import { identityOf } from '../work/images.ts';
import { contextOf, type Member, type Origin, type Unfinished } from '../work/member.ts';
import type { WorkParts } from '../work/types.ts';

/** Judges images, and remembers which ones the registry's scan admitted. */
export interface Admission {
  /** Judges the image of a run. Fails with SCAN_GATE or SCAN_INCOMPLETE, or as the registry fails. */
  own(artifact: Artifact, origin: Origin, member: Member): Promise<Outcome<void>>;
  /** Judges an image of another service that manifests name, unless it was admitted already. */
  borrowed(artifact: Artifact, member: Member): Promise<Outcome<void>>;
}

/** Makes the admission of one session or command. Without a registry to ask, it admits every image. */
export function createAdmission({ admit }: Pick<WorkParts, 'admit'>): Admission {
  const admitted = new Set<string>();
  const own: Admission['own'] = async (artifact, origin, member) => {
    const outcome = admit === undefined ? ok(undefined) : await admit(artifact, origin, contextOf(member));
    if (outcome.kind === 'ok') admitted.add(nameOf(artifact));
    return outcome;
  };
  return {
    own,
    borrowed: async (artifact, member) =>
      admitted.has(nameOf(artifact)) ? ok(undefined) : await own(artifact, 'given', member),
  };
}

/** What the step tells its owner and asks of it. */
export interface ScanStepHooks {
  /**
   * Called when the service's image may be deployed, or if it has none. Others may be rendered with it from then on.
   * The step awaits what is returned, and the run ends unless that is ok.
   */
  readonly made: (member: Member, artifact: Artifact | undefined) => Promise<Outcome<void>>;
}

/** Makes the step. It judges the image, publishes it and tells the owner. */
export function scanStep(
  { publish }: Pick<WorkParts, 'publish'>,
  admission: Admission,
  hooks: ScanStepHooks,
): Step {
  return {
    scope: 'service',
    stages: ['scan'],
    async run(member, state) {
      const { made, origin = 'built' } = state;
      if (made !== undefined) {
        const admitted = await admission.own(made, origin, member);
        if (admitted.kind !== 'ok') return refused(admitted);
        // Whoever built an image elsewhere also tags and keeps it.
        const published = origin === 'given' ? ok(undefined) : await publish(made, contextOf(member));
        if (published.kind !== 'ok') return published;
      }
      if (member.signal.aborted) return cancelled(member.signal);
      const passed = await hooks.made(member, made);
      if (passed.kind !== 'ok') return passed;
      return ok({ ...state, ...(made === undefined ? {} : { artifact: made }) });
    },
  };
}

/** The same end, marked as one that keeps a whole deploy back. */
export function refused(outcome: Exclude<Outcome<void>, { kind: 'ok' }>): Unfinished {
  return outcome.kind === 'failed' ? { ...outcome, refused: true } : outcome;
}

function nameOf(artifact: Artifact): string {
  return `${artifact.repository} ${identityOf(artifact)}`;
}
