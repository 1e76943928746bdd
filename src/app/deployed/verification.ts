/** Checks that the pods run what was built, for `verify` and the end of `run`. */
import type { Artifact } from '../../core/events.ts';
import { verifyServices } from '../../loop/once/once.ts';
import type { Outcome } from '../../core/outcome.ts';
import { monotonicClock } from '../../support/clock.ts';
import type { OpenTarget } from '../compose/cluster.ts';
import { firstFailure } from '../compose/once.ts';
import type { Session } from '../session.ts';

/**
 * Verifies each service: it is rolled out, and its ready pods run the digest.
 *
 * @param artifacts by service. Services that take no part are included, because manifests may name their images.
 * @returns the first failure, if there is one
 */
export async function verifyRunning(
  { emit, project, services, signals }: Session,
  { deployer: { renderer, observer } }: OpenTarget,
  artifacts: ReadonlyMap<string, Artifact>,
): Promise<Outcome<void>> {
  const outcomes = await verifyServices({
    ...{ services, images: project.config.services, parts: { renderer, observer } },
    ...{ emit, now: () => monotonicClock.now(), signal: signals.shutdown },
    ...{ reason: 'verify', given: artifacts },
  });
  return firstFailure(outcomes.values());
}
