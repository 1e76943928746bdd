/**
 * The loop's work done once, for the commands `build`, `run` and `deploy`: services of one reactor by one invocation,
 * deploys in the order of `needs`, one outcome for each service. Emits the same run events as the loop.
 */
import { appdevError, type AppdevError } from '../../core/errors.ts';
import type { Artifact } from '../../core/events.ts';
import { cancelled, failed, type NotOk, type Outcome } from '../../core/outcome.ts';
import { otherImages } from './images.ts';
import { judgeImages, refusal } from './admission.ts';
import { buildJobs } from './once-build.ts';
import { begin, finish, type Artifacts, type Job, type OnceOptions } from './once-job.ts';
import { inNeedsOrder } from '../decide/order.ts';
import { deploy } from './run.ts';

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
