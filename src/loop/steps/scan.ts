/**
 * The stage `scan`, the one gate between an image and the pods: whatever is deployed passes here, whether it was built by
 * this run, by an earlier one or elsewhere. What is let through is published: others get to know of it from here on.
 */
import type { Artifact } from '../../core/events.ts';
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import type { Step } from '../work/execute.ts';
import { identityOf } from '../work/images.ts';
import { contextOf, type Member, type Origin, type Unfinished } from '../work/member.ts';
import type { WorkParts } from '../work/types.ts';

/** Lets images through, and remembers which. */
export interface Admission {
  /** Judges the image of a run. SCAN_GATE, SCAN_INCOMPLETE, and as the registry fails. */
  own(artifact: Artifact, origin: Origin, member: Member): Promise<Outcome<void>>;
  /** Judges an image of another service, which manifests name, unless it was let through already. */
  borrowed(artifact: Artifact, member: Member): Promise<Outcome<void>>;
}

/** Makes the admission of one session or command. Without a registry to ask, all is let through. */
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

/** How the step talks to its owner. */
export interface ScanStepHooks {
  /**
   * The service's image may be deployed, or it has none; others may be rendered with it. What is returned is awaited, and
   * ends the run unless it is ok.
   */
  readonly made: (member: Member, artifact: Artifact | undefined) => Promise<Outcome<void>>;
}

/** Makes the step. */
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
        // What was built elsewhere is somebody else's to tag and to keep.
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

/** The same end, marked as what keeps a whole deploy back. */
export function refused(outcome: Exclude<Outcome<void>, { kind: 'ok' }>): Unfinished {
  return outcome.kind === 'failed' ? { ...outcome, refused: true } : outcome;
}

function nameOf(artifact: Artifact): string {
  return `${artifact.repository} ${identityOf(artifact)}`;
}
