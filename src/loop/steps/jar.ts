/**
 * The stages `compile` and `package`, which the services of a batch share. One invocation of the build tool makes the
 * jars of all that have no image yet. A jar is not used if its inputs changed meanwhile.
 */
import { resolve } from 'node:path';
import type { Jar, JarBuilder } from '../../build/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { namesOf } from '../../core/words.ts';
import { cancelled, failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import type { Difference, Fingerprint, InputScanner, Scan } from '../../watch/types.ts';
import type { Step } from '../work/execute.ts';
import { inputsMoved, type Member, type RunState, type StepResult } from '../work/member.ts';
import { sameBuild } from '../work/open-run.ts';
import { sharedReporter } from '../work/reporter.ts';
import type { WrittenFiles } from '../work/written.ts';

/** What the step is made from. */
export interface JarStepParts {
  /** Absolute. Relative paths of diagnostics start from it. */
  readonly projectRoot: string;
  readonly jarBuilder: JarBuilder;
  readonly scanner: InputScanner;
  readonly written: WrittenFiles;
  /** Whether a service's unit tests run with its build. */
  readonly testsRun: (service: ServiceConfig) => boolean;
}

/** What the step tells its owner and asks of it. */
export interface JarStepHooks {
  /** The reactor's folders are in use from here on. `scan` is how the inputs were before. */
  readonly jarStarted?: (member: Member, scan: Scan) => void;
  readonly jarEnded?: (member: Member) => void;
  /** The member now counts for these inputs, because its build wrote some of them. */
  readonly accepted?: (member: Member, fingerprint: Fingerprint) => void;
  /** Lets one invocation begin after another. By default each begins at once. */
  readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Makes the step. A service whose image is there does not wait for the jars of its batch. */
export function jarStep(parts: JarStepParts, hooks: JarStepHooks): Step {
  return {
    scope: 'batch',
    stages: ['compile', 'package'],
    run(states) {
      const jars = buildJars(states, parts, hooks);
      return new Map(
        [...states].map(([member, state]) => [
          member,
          (async () => {
            const before = await state;
            if (before.kind !== 'ok') return before;
            if (!needsJar(member, before.value)) {
              skip(member, before.value);
              return before;
            }
            return (await jars).get(member) ?? cancelled(member.signal);
          })(),
        ]),
      );
    },
  };
}

function needsJar({ service }: Member, { made }: RunState): boolean {
  return service.jar !== undefined && service.image !== undefined && made === undefined;
}

function skip({ service, report }: Member, { made, origin }: RunState): void {
  if (origin !== 'found' || made === undefined || service.jar === undefined) return;
  for (const stage of ['compile', 'package'] as const) {
    report.finished(stage, 'skipped', `unchanged, ${made.digest.slice(0, 19)}`);
  }
}

type JarResults = Map<Member, StepResult>;

async function buildJars(
  states: ReadonlyMap<Member, Promise<StepResult>>,
  parts: JarStepParts,
  { jarStarted, jarEnded, accepted, inTurn = async (work) => await work() }: JarStepHooks,
): Promise<JarResults> {
  const before = new Map<Member, Scan>();
  for (const [member, pending] of states) {
    const state = await pending;
    if (state.kind === 'ok' && needsJar(member, state.value)) before.set(member, state.value.scan);
  }
  const members = [...before.keys()];
  if (members.length === 0) return new Map();
  // Only members that wait for a jar count. A mate whose image is there can be cancelled without harm to the others.
  const signal = AbortSignal.any(members.map((member) => member.signal));
  return await inTurn(async () => {
    for (const [member, scan] of before) jarStarted?.(member, scan);
    const built = await parts.jarBuilder.package(
      {
        services: members.map(({ service }) => service),
        tests: members.some(({ service }) => parts.testsRun(service)),
      },
      { signal, report: sharedReporter(members.map(({ report }) => report)) },
    );
    const results: JarResults = new Map();
    for (const [member, scan] of before) {
      const after = await parts.scanner.scan(member.service);
      const { result, isHeld = false } = resultFor(member, scan, after, built, parts);
      results.set(member, result);
      // Held means: at rest until something else changes than what the build has changed.
      if (isHeld) accepted?.(member, after.fingerprint);
      jarEnded?.(member);
    }
    accuse(results, before, built, parts);
    for (const [member, result] of results) {
      const old = before.get(member)?.fingerprint;
      if (result.kind !== 'ok' || old === undefined) continue;
      const now = result.value.scan.fingerprint;
      if (!sameBuild(now, old)) accepted?.(member, now);
    }
    return results;
  });
}

/**
 * What one invocation means for one member. Even a failure counts only if the inputs are still those that the
 * invocation was given.
 */
function resultFor(
  member: Member,
  before: Scan,
  after: Scan,
  built: Outcome<ReadonlyMap<string, Jar>>,
  parts: JarStepParts,
): { readonly result: StepResult; readonly isHeld?: true } {
  // The invocation ends when the first member is cancelled. Each member ends for its own reason.
  if (built.kind === 'cancelled') {
    return { result: member.signal.aborted ? cancelled(member.signal) : inputsMoved() };
  }
  const { name } = member.service;
  const difference = parts.scanner.compare(before, after);
  const paths = [...difference.changed, ...difference.rewritten].map(({ path }) => path);
  switch (parts.written.moved(name, member.run, difference, true)) {
    case 'moved':
      return { result: inputsMoved({ moved: paths }) };
    case 'held':
      return { result: changesEachTime(name, difference), isHeld: true };
    case 'same':
      break;
  }
  if (built.kind === 'failed') return { result: built };
  const jar = built.value.get(name);
  return { result: ok({ scan: after, ...(jar === undefined ? {} : { jar }) }) };
}

function changesEachTime(name: string, { changed }: Difference): NotOk {
  const names = namesOf(changed.filter(({ buildInput }) => buildInput).map(({ path }) => path));
  return failed(
    'SOURCE_CHANGED',
    `each build of ${name} changes ${names}, so none is up to date when it ends; it is not built again until another change`,
    {
      exit: 3,
      hint: `list what the build writes under \`ignore\` in appdev.yaml; if you saved it yourself, press r`,
    },
  );
}

/**
 * Clears services that did nothing wrong. If one invocation failed for several services, its diagnostics may lie in
 * the files of only some of them. The others are then built again without those.
 */
function accuse(
  results: JarResults,
  before: ReadonlyMap<Member, Scan>,
  built: Outcome<unknown>,
  { projectRoot }: JarStepParts,
): void {
  if (built.kind !== 'failed' || results.size < 2) return;
  const files = (built.error.diagnostics ?? []).flatMap(({ file }) =>
    file === undefined ? [] : [resolve(projectRoot, file)],
  );
  const culprits = [...before].filter(([, scan]) => files.some((file) => scan.files.has(file)));
  if (culprits.length === 0) return;
  for (const [member] of before) {
    if (!culprits.some(([culprit]) => culprit === member) && results.get(member)?.kind === 'failed') {
      results.set(member, inputsMoved({ because: built.error }));
    }
  }
}
