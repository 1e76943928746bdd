/** Checks that what runs is what was built, for `verify` and the end of `run`. */
import type { ServiceConfig } from '../../config/model.ts';
import type { Artifact } from '../../core/events.ts';
import { complete, otherImages } from '../../loop/work/images.ts';
import { createRunReporter } from '../../loop/work/reporter.ts';
import { runFinished } from '../../loop/decide/run-finished.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { OpenTarget } from '../compose/cluster.ts';
import { firstFailure } from '../first-failure.ts';
import type { Session } from '../session.ts';

/**
 * Verifies each service: rolled out, and its ready pods run the digest.
 *
 * @param artifacts by service, also those of services that take no part, which manifests may name.
 */
export async function verifyServices(
  session: Session,
  { deployer }: OpenTarget,
  artifacts: ReadonlyMap<string, Artifact>,
): Promise<Outcome<void>> {
  const outcomes: Outcome<void>[] = [];
  for (const [index, service] of session.services.entries()) {
    outcomes.push(await verifyService(session, deployer, service, artifacts, index + 1));
  }
  return firstFailure(outcomes);
}

async function verifyService(
  { emit, project, signals }: Session,
  deployer: OpenTarget['deployer'],
  service: ServiceConfig,
  artifacts: ReadonlyMap<string, Artifact>,
  run: number,
): Promise<Outcome<void>> {
  const { name } = service;
  const artifact = artifacts.get(name);
  const shared = { service: name, run, change: run, reason: 'verify' } as const;
  emit({ type: 'run.started', ...shared, route: 'render-only' });
  const reporter = createRunReporter({ service: name, run, emit, now: () => performance.now() });
  const context = { signal: signals.shutdown, report: reporter.report };
  const rendered = complete(
    await deployer.render(service, artifact, context, otherImages(project.config.services, name, artifacts)),
  );
  let outcome: Outcome<void> = rendered.kind === 'ok' ? ok(undefined) : rendered;
  if (rendered.kind === 'ok') {
    outcome = await deployer.awaitReady(service, rendered.value, context);
    if (outcome.kind === 'ok') outcome = await deployer.verify(service, rendered.value, context);
  }
  reporter.close(outcome.kind);
  const record = { ms: reporter.elapsedMs(), stages: reporter.timings(), artifact };
  emit(runFinished(shared, outcome, record));
  return outcome;
}
