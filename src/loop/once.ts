/**
 * The loop's work done once, for the commands `build`, `run` and `deploy`: services of one reactor by one invocation,
 * deploys in the order of `needs`, one outcome for each service. Emits the same run events as the loop.
 */
import type { ServiceConfig } from '../config/model.ts';
import { appdevError, type AppdevError } from '../errors.ts';
import type { Artifact, Emit, Route, StageTiming } from '../events.ts';
import { cancelled, failed, ok, type NotOk, type Outcome } from '../outcome.ts';
import { otherImages, type ImageOwner } from './images.ts';
import { judgeImages, refusal } from './judge.ts';
import { inNeedsOrder } from './order.ts';
import { prepare, type Member, type Unfinished } from './prepare.ts';
import { createRunReporter, type RunReporter } from './reporter.ts';
import { buildImage, deploy } from './run.ts';
import { runFinished } from './run-finished.ts';
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
interface Job {
  readonly member: Member;
  readonly reporter: RunReporter;
  artifact?: Artifact;
}

type Artifacts = ReadonlyMap<string, Outcome<Artifact | undefined>>;

/** Builds and pushes what is not there already. Every service gets an outcome; none is left out because another failed. */
export async function buildServices(options: OnceOptions): Promise<Artifacts> {
  const jobs = begin(options, 'image');
  const outcomes = await buildJobs(options, jobs);
  for (const job of jobs)
    finish(options, job, outcomes.get(job.member.service.name) ?? cancelled(options.signal));
  return outcomes;
}

/**
 * Deploys given artifacts, each service once all that it needs is ready. A service whose need failed is not deployed and
 * fails with the need's code. Fails for all with CONFIG_INVALID where services need each other.
 */
export async function deployServices(
  options: OnceOptions,
  artifacts: ReadonlyMap<string, Artifact>,
): Promise<ReadonlyMap<string, Outcome<void>>> {
  const jobs = begin(options, 'render-only');
  for (const job of jobs) {
    const artifact = artifacts.get(job.member.service.name);
    if (artifact !== undefined) job.artifact = artifact;
  }
  const outcomes = await deployJudged(options, jobs, artifacts, new Set());
  for (const job of jobs)
    finish(options, job, outcomes.get(job.member.service.name) ?? cancelled(options.signal));
  return outcomes;
}

/** Builds all and then deploys all: where one build fails, nothing is deployed, so that no half of a change goes out. */
export async function runServices(options: OnceOptions): Promise<Artifacts> {
  const jobs = begin(options, 'image');
  const built = await buildJobs(options, jobs);
  const culprit = firstNotOk(built);
  const deployed =
    culprit === undefined ? await deployBuilt(options, jobs) : new Map<string, Outcome<void>>();
  const outcomes = new Map<string, Outcome<Artifact | undefined>>();
  for (const job of jobs) {
    const { name } = job.member.service;
    const build = built.get(name) ?? cancelled(options.signal);
    const end =
      build.kind !== 'ok' ? build : culprit === undefined ? deployed.get(name) : withheld(name, culprit);
    const outcome = end?.kind === 'ok' ? build : (end ?? cancelled(options.signal));
    finish(options, job, outcome);
    outcomes.set(name, outcome);
  }
  return outcomes;
}

function begin({ services, emit, now, signal, force }: OnceOptions, route: Route): Job[] {
  return services.map((service, index) => {
    const run = index + 1;
    const own = service.image === undefined ? 'render-only' : route;
    emit({ type: 'run.started', service: service.name, run, change: run, route: own, reason: 'start' });
    const reporter = createRunReporter({ service: service.name, run, emit, now });
    return { member: { service, run, route: own, force, signal, report: reporter.report }, reporter };
  });
}

function finish(
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

async function buildJobs(options: OnceOptions, jobs: readonly Job[]): Promise<Artifacts> {
  const outcomes = new Map<string, Outcome<Artifact | undefined>>();
  const unbuilt = jobs.filter((job) => {
    const { service, report } = job.member;
    const given = options.given?.get(service.name);
    if (given === undefined) return true;
    job.artifact = given;
    report.finished('image', 'skipped', `given: ${given.digest.slice(0, 19)}`);
    outcomes.set(service.name, ok(given));
    return false;
  });
  const inTurn = turns();
  const build = async (batch: readonly Job[]): Promise<void> => {
    let left = batch;
    for (const lastTime of [false, true]) {
      const results = await buildBatch(options.parts, left, inTurn);
      const again: Job[] = [];
      for (const [job, result] of results) {
        const { name } = job.member.service;
        if (result.kind !== 'cancelled' || options.signal.aborted) outcomes.set(name, result);
        else if (lastTime || wasBlameless(result)) outcomes.set(name, explain(name, result));
        else again.push(job);
      }
      left = again;
      if (left.length === 0) break;
    }
  };
  await Promise.all((await reactorsOf(options, unbuilt)).map(build));
  return outcomes;
}

/** Runs one piece of work after the other, in the order in which they come. Work that throws lets the next one go on. */
type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

function turns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    const own = last.then(work);
    last = own.catch(() => undefined);
    return await own;
  };
}

async function buildBatch(
  parts: BuildParts,
  jobs: readonly Job[],
  inTurn: InTurn,
): Promise<ReadonlyMap<Job, Outcome<Artifact | undefined> | Unfinished>> {
  // Jars one reactor after the other, for a build tool uses all cores by itself. Images beside that: a build in the
  // cluster must not keep the next one waiting.
  const prepared = await new Promise<ReturnType<typeof prepare>>((resolve, reject) => {
    inTurn(async () => {
      const begun = prepare(
        jobs.map((job) => job.member),
        parts,
      );
      resolve(begun);
      await Promise.all(begun.values());
    }).catch(reject);
  });
  const results = new Map<Job, Outcome<Artifact | undefined> | Unfinished>();
  await Promise.all(
    jobs.map(async (job) => {
      const ready = (await prepared.get(job.member)) ?? cancelled(job.member.signal);
      const image = await buildImage(job.member, ready, parts);
      if (image.kind === 'ok' && image.value !== undefined) job.artifact = image.value;
      results.set(job, image);
    }),
  );
  return results;
}

async function reactorsOf(
  { parts }: OnceOptions,
  jobs: readonly Job[],
): Promise<readonly (readonly Job[])[]> {
  const groups = new Map<string, Job[]>();
  for (const job of jobs) {
    const { service } = job.member;
    const reactor = service.jar === undefined ? undefined : await parts.jarBuilder.reactorOf(service);
    // One that cannot be told is built alone; the build says what is wrong.
    const folder = reactor?.kind === 'ok' ? reactor.value : `service ${service.name}`;
    const key = `${folder}\0${parts.testsRun(service)}`;
    groups.set(key, [...(groups.get(key) ?? []), job]);
  }
  return [...groups.values()];
}

/** Deploys what was built, and what was given: that has to pass the gate that the built has passed. */
async function deployBuilt(
  options: OnceOptions,
  jobs: readonly Job[],
): Promise<ReadonlyMap<string, Outcome<void>>> {
  const given = options.given ?? new Map<string, Artifact>();
  const built = jobs.flatMap(({ member, artifact }) =>
    artifact === undefined ? [] : [[member.service.name, artifact] as const],
  );
  const artifacts = new Map([...given, ...built]);
  const judged = new Set(built.map(([name]) => name).filter((name) => !given.has(name)));
  return await deployJudged(options, jobs, artifacts, judged);
}

/** Deploys, unless one of the images may not be: then nothing is. `judged`: services whose image was judged already. */
async function deployJudged(
  options: OnceOptions,
  jobs: readonly Job[],
  artifacts: ReadonlyMap<string, Artifact>,
  judged: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Outcome<void>>> {
  const refused = await judgeImages({ ...options, jobs, artifacts, judged });
  if (refused.size === 0) return await deployJobs(options, jobs, artifacts);
  return new Map(
    jobs.map(({ member: { service } }) => [service.name, refusal(service.name, refused)] as const),
  );
}

async function deployJobs(
  options: OnceOptions,
  jobs: readonly Job[],
  artifacts: ReadonlyMap<string, Artifact>,
): Promise<ReadonlyMap<string, Outcome<void>>> {
  const order = inNeedsOrder(options.services);
  if (order.kind !== 'ok') return new Map(jobs.map((job) => [job.member.service.name, order]));
  const byName = new Map(jobs.map((job) => [job.member.service.name, job]));
  const ends = new Map<string, Promise<Outcome<void>>>();
  // In that order, so that the promises of a service's needs are there before its own is made.
  for (const service of order.value) {
    const job = byName.get(service.name);
    if (job === undefined) continue;
    const needs = service.needs.flatMap((name) => {
      const end = ends.get(name);
      return end === undefined ? [] : [[name, end] as const];
    });
    ends.set(service.name, deployAfter(options, job, needs, artifacts));
  }
  const outcomes = new Map<string, Outcome<void>>();
  for (const [name, end] of ends) outcomes.set(name, await end);
  return outcomes;
}

async function deployAfter(
  { parts, images }: OnceOptions,
  { member, artifact }: Job,
  needs: readonly (readonly [name: string, end: Promise<Outcome<void>>])[],
  artifacts: ReadonlyMap<string, Artifact>,
): Promise<Outcome<void>> {
  let unmet: AppdevError | undefined;
  const gate = async (): Promise<boolean> => {
    for (const [name, end] of needs) {
      const outcome = await end;
      if (outcome.kind === 'failed') unmet ??= needFailed(member.service.name, name, outcome.error);
      if (outcome.kind !== 'ok') return false;
    }
    return !member.signal.aborted;
  };
  const scan = await parts.scanner.scan(member.service);
  const outcome = await deploy(member, artifact, scan, parts, new Map(), {
    gate,
    others: () => otherImages(images, member.service.name, artifacts),
    awaits: () => false,
  });
  return unmet === undefined ? outcome : { kind: 'failed', error: unmet };
}

function needFailed(service: string, need: string, error: AppdevError): AppdevError {
  return appdevError(error.code, `${service} was not deployed: ${need}, which it needs, failed`, {
    hint: `see what ${need} says`,
    ...(error.exit === undefined ? {} : { exit: error.exit }),
  });
}

function firstNotOk(outcomes: Artifacts): readonly [string, NotOk] | undefined {
  for (const [name, outcome] of outcomes) if (outcome.kind !== 'ok') return [name, outcome];
  return undefined;
}

function withheld(service: string, [culprit, end]: readonly [string, NotOk]): NotOk {
  if (end.kind === 'cancelled') return end;
  const { code, exit } = end.error;
  return failed(code, `${service} was built but not deployed: the build of ${culprit} failed`, {
    hint: `see what ${culprit} says`,
    ...(exit === undefined ? {} : { exit }),
  });
}

function wasBlameless(result: Unfinished): boolean {
  return result.because !== undefined;
}

function explain(name: string, { because, moved = [] }: Unfinished): NotOk {
  if (because !== undefined) return { kind: 'failed', error: because };
  const which = moved.length === 0 ? '' : `: ${moved.slice(0, 3).join(', ')}${moved.length > 3 ? ', …' : ''}`;
  return failed('SOURCE_CHANGED', `files of ${name} changed while it was built, twice${which}`, {
    hint: 'build again when nothing writes them; list what the build itself writes under `ignore` in appdev.yaml',
  });
}
