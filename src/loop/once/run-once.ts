/**
 * Carries runs out once, with the loop's executor and the loop's events. Only what runs wait for differs. Nothing is
 * deployed until every image is made and admitted by the registry's scan. Each service waits for those that it needs.
 */
import type { ServiceConfig } from '../../config/model.ts';
import type { Artifact, Emit, StageTiming } from '../../core/events.ts';
import { cancelled, failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { hasStage, routes, type Route, type RouteSpec } from '../../core/routes.ts';
import { execute, type OpenRun, type Step } from '../work/execute.ts';
import { otherImages, type ImageOwner } from '../work/images.ts';
import { createMeeting } from './meeting.ts';
import type { Member, RunEnd, Unfinished } from '../work/member.ts';
import { inNeedsOrder } from '../decide/order.ts';
import { createRunReporter, type RunReporter } from '../work/reporter.ts';
import { makesImage } from '../decide/run-stage.ts';
import { runFinished } from '../decide/run-finished.ts';
import type { Running } from '../decide/state.ts';
import type { RunHooks } from '../steps/list.ts';
import { failedNeed, withheld } from './withheld.ts';

/** What every one-shot command hands in. */
export interface OnceBase {
  /** The services that take part. */
  readonly services: readonly ServiceConfig[];
  /** All services of the project, also those that take no part: manifests may name the image of any. */
  readonly images: readonly ImageOwner[];
  readonly emit: Emit;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Why the runs start, for the events. */
  readonly reason: string;
  /** Images that were built elsewhere, by service: these services are not built. Some may take no part. */
  readonly given?: ReadonlyMap<string, Artifact>;
  /** Called when a service's run has ended, with what it did. */
  readonly finished?: (service: string, did: Did) => void;
}

/** What a run did, however it ended. */
export interface Did {
  readonly stages: readonly StageTiming[];
  /** Absent if there is no image that may be deployed. */
  readonly artifact?: Artifact;
}

/** The outcome of each service: its image, or undefined if it has none. */
export type Artifacts = ReadonlyMap<string, Outcome<Artifact | undefined>>;

/** How a command carries out its runs. */
export interface OnceWork {
  readonly open: OpenRun;
  readonly steps: (hooks: RunHooks) => readonly Step[];
  /** Names the invocation that makes a service's jar; services with the same name share it. */
  readonly invocationOf: (service: ServiceConfig) => Promise<string>;
}

/** One service's run. It is announced, and finished exactly once. */
interface Job {
  readonly member: Member;
  readonly reporter: RunReporter;
}

/** What pods run if nothing is known about them yet. */
const nothing: Running = { uses: {}, wasReady: false };

/**
 * Carries out one run of `route` for each service. Every service gets an outcome. All fail with CONFIG_INVALID if
 * services that are to be deployed need each other.
 */
export async function runOnce(options: OnceBase, route: Route, work: OnceWork): Promise<Artifacts> {
  const { services, given, images, signal } = options;
  const names = services.map(({ name }) => name);
  const deploys = hasStage(routes[route], 'apply');
  const order = deploys ? inNeedsOrder(services) : ok(services);
  const jobs = services.map((service, index) => begin(options, route, service, index + 1));
  const ends = new Map(names.map((name) => [name, createMeeting<NotOk>([name])]));
  /** Ends when every image is made and admitted by the registry's scan. */
  const made = createMeeting<Unfinished>(names);
  /** Ends when every image of others that the manifests name is admitted, too. */
  const rendered = createMeeting<Unfinished>(names);
  const artifacts = new Map(given);
  const inTurn = turns();

  const steps = work.steps({
    // A build tool uses all cores by itself, so one runs at a time. Images may be made meanwhile: a build in the
    // cluster keeps nobody waiting.
    inTurn,
    async made({ service: { name } }, artifact) {
      if (artifact !== undefined) artifacts.set(name, artifact);
      made.arrive(name);
      return (deploys ? withheld(name, await made.all) : undefined) ?? ok(undefined);
    },
    others: ({ service }) => otherImages(images, service.name, artifacts),
    awaits: () => false,
    async gate({ service: { name, needs } }) {
      rendered.arrive(name);
      if (!deploys) return ok(nothing);
      const kept = withheld(name, await rendered.all);
      if (kept !== undefined) return kept;
      for (const need of needs) {
        const refusal = (await ends.get(need)?.all)?.get(need);
        if (refusal !== undefined) return failedNeed(name, need, refusal);
      }
      return signal.aborted ? cancelled(signal) : ok(nothing);
    },
  });

  const outcomes = new Map<string, Outcome<Artifact | undefined>>();
  const end = ({ member }: Job, { result, reached }: RunEnd): void => {
    const { name } = member.service;
    const unfinished = result.kind === 'ok' ? undefined : endOf(name, result, signal);
    made.arrive(name, unfinished);
    rendered.arrive(name, unfinished?.refused === true ? unfinished : undefined);
    ends.get(name)?.arrive(name, unfinished);
    outcomes.set(name, unfinished ?? ok(reached.artifact));
  };
  if (order.kind === 'ok') {
    await Promise.all(
      (await batchesOf(work, jobs)).map(
        async (batch) => await runBatch(batch, { steps, open: work.open }, end),
      ),
    );
  }
  for (const job of jobs) {
    const { name } = job.member.service;
    if (order.kind !== 'ok') outcomes.set(name, order);
    finish(options, job, outcomes.get(name) ?? cancelled(signal), artifacts);
  }
  return new Map(names.map((name) => [name, outcomes.get(name) ?? cancelled(signal)]));
}

/** Announces a run. A service without an image is rendered and applied, whatever happens to the others. */
function begin(options: OnceBase, asked: Route, service: ServiceConfig, run: number): Job {
  const { emit, now, signal, given, reason } = options;
  const builds = service.image !== undefined;
  const route: RouteSpec = asked === 'image' && !builds ? routes['render-only'] : routes[asked];
  const because = builds ? 'the command asks for it' : 'it has no image';
  const { name } = service;
  emit({ type: 'run.started', service: name, run, change: 0, route: route.route, because, reason });
  const reporter = createRunReporter({ service: name, run, emit, now });
  const image = given?.get(name);
  const member = {
    ...{ service, run, route, force: false, signal, report: reporter.report },
    ...(image === undefined ? {} : { given: image }),
  };
  return { member, reporter };
}

/** Runs a batch. Services whose inputs changed meanwhile run once more. */
async function runBatch(
  batch: readonly Job[],
  work: { readonly steps: readonly Step[]; readonly open: OpenRun },
  end: (job: Job, run: RunEnd) => void,
): Promise<void> {
  const members = batch.map(({ member }) => member);
  const [first] = members;
  if (first === undefined) return;
  const runs = execute(members, first.route, work);
  await Promise.all(
    batch.map(async (job) => {
      const { member } = job;
      const run = await runs.get(member);
      if (run === undefined) return;
      const again = isOutOfDate(run.result) && !member.signal.aborted;
      const last = again ? await execute([member], member.route, work).get(member) : run;
      if (last !== undefined) end(job, last);
    }),
  );
}

/**
 * Whether the run's inputs changed. A run that only shared an invocation with the one at fault is not tried again.
 */
function isOutOfDate(result: RunEnd['result']): boolean {
  return result.kind === 'cancelled' && result.reason === 'superseded' && !('because' in result);
}

/**
 * How a run that did not succeed ends the command. It has failed if its inputs changed twice, or if another service's
 * mistake ended it.
 */
function endOf(
  name: string,
  result: Exclude<RunEnd['result'], { kind: 'ok' }>,
  signal: AbortSignal,
): Unfinished {
  if (result.kind === 'redirected') {
    // A one-shot command never looks for an image that it could not build.
    return failed('IMAGE_MISSING', `${name}: ${result.because}`, { hint: `appdev build ${name}` });
  }
  if (result.kind === 'failed' || result.reason !== 'superseded') return result;
  if (signal.aborted) return cancelled(signal);
  const { because, moved = [] } = result as Unfinished;
  if (because !== undefined) return { kind: 'failed', error: because };
  const which = moved.length === 0 ? '' : `: ${moved.slice(0, 3).join(', ')}${moved.length > 3 ? ', …' : ''}`;
  return failed('SOURCE_CHANGED', `files of ${name} changed twice while it was built${which}`, {
    hint: 'build again when nothing writes them; list what the build itself writes under `ignore` in appdev.yaml',
  });
}

/** Ends a run and emits how it ended. */
function finish(
  { emit, finished, reason }: OnceBase,
  { member, reporter }: Job,
  outcome: Outcome<unknown>,
  artifacts: ReadonlyMap<string, Artifact>,
): void {
  const { service, run } = member;
  reporter.close(outcome.kind);
  const artifact = service.image === undefined ? undefined : artifacts.get(service.name);
  const stages = reporter.timings();
  finished?.(service.name, { stages, ...(artifact === undefined ? {} : { artifact }) });
  const name = { service: service.name, run, change: 0, reason };
  emit(runFinished(name, outcome, { ms: reporter.elapsedMs(), stages, artifact }));
}

/** Puts services together whose jars one invocation makes. Every other one is a batch of its own. */
async function batchesOf(
  { invocationOf }: OnceWork,
  jobs: readonly Job[],
): Promise<readonly (readonly Job[])[]> {
  const batches = new Map<string, Job[]>();
  for (const job of jobs) {
    const { service, route } = job.member;
    const key = makesImage(route) ? await invocationOf(service) : `service ${service.name}`;
    batches.set(key, [...(batches.get(key) ?? []), job]);
  }
  return [...batches.values()];
}

/**
 * Runs pieces of work one after the other, in the order in which they come. If one throws, the next one still runs.
 */
function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    const own = last.then(work);
    last = own.catch(() => undefined);
    return await own;
  };
}
