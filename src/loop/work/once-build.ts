/**
 * Building done once: services of one reactor by one invocation, and once more for those whose files were changed
 * meanwhile.
 */
import type { Artifact } from '../../core/events.ts';
import { cancelled, failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import type { Artifacts, Job, OnceOptions } from './once-job.ts';
import { prepare, type Unfinished } from './prepare.ts';
import { buildImage } from './run.ts';
import type { BuildParts } from './types.ts';

/** Builds and pushes the images of runs, apart from those that were given. Every run gets an outcome, and is left open. */
export async function buildJobs(options: OnceOptions, jobs: readonly Job[]): Promise<Artifacts> {
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
