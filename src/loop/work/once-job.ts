/** What the one-shot commands hand in, and the runs that they are made of. */
import type { ServiceConfig } from '../../config/model.ts';
import type { Artifact, Emit, Route, StageTiming } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { ImageOwner } from './images.ts';
import type { Member } from './prepare.ts';
import { createRunReporter, type RunReporter } from './reporter.ts';
import { runFinished } from '../decide/run-finished.ts';
import type { BuildParts } from './types.ts';

/** What a one-shot command hands in. */
export interface OnceOptions {
  /** The services that take part. */
  readonly services: readonly ServiceConfig[];
  /** All services of the project, also those that take no part: manifests may name the image of any. */
  readonly images: readonly ImageOwner[];
  readonly parts: BuildParts;
  readonly emit: Emit;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Build and apply even what is there. */
  readonly force: boolean;
  /** Images that were built elsewhere, by service: these services are not built. Some may take no part. */
  readonly given?: ReadonlyMap<string, Artifact>;
  /** Told what each service's run did, when it has ended. */
  readonly finished?: (service: string, did: Did) => void;
}

/** What a run did, whatever its end was. */
export interface Did {
  readonly stages: readonly StageTiming[];
  /** Absent where the image was not built, and is not there. */
  readonly artifact?: Artifact;
}

/** One service's work under way: its run is announced, and finished exactly once. */
export interface Job {
  readonly member: Member;
  readonly reporter: RunReporter;
  artifact?: Artifact;
}

/** What building came to, by service; undefined for one without an image. */
export type Artifacts = ReadonlyMap<string, Outcome<Artifact | undefined>>;

/** Announces a run for each service. `route`: that of the services with an image. */
export function begin({ services, emit, now, signal, force }: OnceOptions, route: Route): Job[] {
  return services.map((service, index) => {
    const run = index + 1;
    const own = service.image === undefined ? 'render-only' : route;
    emit({ type: 'run.started', service: service.name, run, change: run, route: own, reason: 'start' });
    const reporter = createRunReporter({ service: service.name, run, emit, now });
    return { member: { service, run, route: own, force, signal, report: reporter.report }, reporter };
  });
}

/** Ends a run and says what came of it. */
export function finish(
  { emit, finished }: OnceOptions,
  { member, reporter, artifact }: Job,
  outcome: Outcome<unknown>,
): void {
  reporter.close(outcome.kind);
  const { service, run } = member;
  const name = { service: service.name, run, change: run, reason: 'start' };
  const stages = reporter.timings();
  finished?.(service.name, { stages, ...(artifact === undefined ? {} : { artifact }) });
  emit(runFinished(name, outcome, { ms: reporter.elapsedMs(), stages, artifact }));
}
