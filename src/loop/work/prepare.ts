/**
 * The part of a build that several services share: finds out which of them are built already, builds the jars of the
 * rest by one invocation, and checks that no input moved meanwhile. What comes after, image and deploy, each service does
 * alone (run.ts).
 */
import { resolve } from 'node:path';
import type { Jar, StageReporter } from '../../build/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { Artifact, Route } from '../../core/events.ts';
import type { AppdevError } from '../../core/errors.ts';
import { cancelled, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import type { Fingerprint, Scan } from '../../watch/types.ts';
import { sharedReporter } from './reporter.ts';
import type { BuildParts } from './types.ts';

/** One service of a batch. */
export interface Member {
  readonly service: ServiceConfig;
  readonly run: number;
  readonly route: Route;
  /** Build even what is there. */
  readonly force: boolean;
  /** What the inputs are expected to be; absent where nobody looked before. */
  readonly expected?: Fingerprint;
  /** A look at the inputs of a moment ago, to spare another one. What changed since is found when the jar is built. */
  readonly seen?: Scan;
  /** Aborts this member's work, and with it the invocation that it shares. */
  readonly signal: AbortSignal;
  readonly report: StageReporter;
}

/** What a member has when the shared part is over. */
export type Prepared =
  /** Nothing to build: no image, or one that is in the registry. */
  | { readonly kind: 'ready'; readonly artifact: Artifact | undefined; readonly scan: Scan }
  | { readonly kind: 'unbuilt'; readonly jar: Jar | undefined; readonly scan: Scan };

/** Why a run ends without a result of its own. */
export type Unfinished = NotOk & {
  /** The artifact that it was to deploy is gone from the registry. */
  readonly artifactLost?: boolean;
  /** Inputs that changed while they were built, relative to the project. */
  readonly moved?: readonly string[];
  /** It did nothing wrong itself: the invocation that it shared failed because of others. */
  readonly because?: AppdevError;
};

/** How the shared part talks to its owner. */
export interface PrepareHooks {
  /** The reactor's folders are in use from here on; `scan` is what the inputs were before. */
  readonly jarStarted?: (member: Member, scan: Scan) => void;
  readonly jarEnded?: (member: Member) => void;
  /** The member now stands for these inputs: its build wrote some of them. */
  readonly accepted?: (member: Member, fingerprint: Fingerprint) => void;
}

/**
 * Starts the shared part. Each member's promise resolves as soon as it has what it needs: one whose artifact is there does
 * not wait for its mates' jars. `jarSignal` aborts the one invocation.
 */
export function prepare(
  members: readonly Member[],
  parts: BuildParts,
  hooks: PrepareHooks = {},
): ReadonlyMap<Member, Promise<Prepared | Unfinished>> {
  const firsts = new Map(members.map((member) => [member, lookUp(member, parts)]));
  const jars = buildJars(firsts, parts, hooks);
  return new Map(
    members.map((member) => [
      member,
      (async () => {
        const first = await firsts.get(member);
        if (first?.kind !== 'unbuilt' || member.service.jar === undefined)
          return first ?? cancelled(member.signal);
        return (await jars).get(member) ?? cancelled(member.signal);
      })(),
    ]),
  );
}

/** The end of a run whose inputs are not there any more: the change is not done. */
export function inputsMoved(
  details: Pick<Unfinished, 'artifactLost' | 'moved' | 'because'> = {},
): Unfinished {
  return { kind: 'cancelled', reason: 'superseded', ...details };
}

function sameBuild(a: Fingerprint, b: Fingerprint): boolean {
  return a.build === b.build && a.tests === b.tests;
}

async function lookUp(member: Member, parts: BuildParts): Promise<Prepared | Unfinished> {
  const { service, expected, signal } = member;
  const scan = member.seen ?? (await parts.scanner.scan(service));
  if (signal.aborted) return cancelled(signal);
  // Manifests are read when they are rendered; only what is built has to be what was planned.
  if (expected !== undefined && !sameBuild(expected, scan.fingerprint)) return inputsMoved();
  if (service.image === undefined) return { kind: 'ready', artifact: undefined, scan };
  if (!member.force) {
    const found = await findArtifact(service, scan, parts, signal);
    if (found.kind !== 'ok') return found;
    if (found.value !== undefined) {
      if (member.route === 'image') reportReady(member, found.value);
      return { kind: 'ready', artifact: found.value, scan };
    }
  }
  if (member.route !== 'image') return inputsMoved({ artifactLost: true });
  return { kind: 'unbuilt', jar: undefined, scan };
}

async function findArtifact(
  service: ServiceConfig,
  scan: Scan,
  parts: BuildParts,
  signal: AbortSignal,
): Promise<Outcome<Artifact | undefined>> {
  const recorded = await parts.records.find(service.name, {
    inputHash: scan.fingerprint.build,
    tests: scan.fingerprint.tests,
    target: parts.target,
  });
  if (recorded === undefined) return ok(undefined);
  const there = await parts.manifests.has(recorded, signal);
  if (there.kind === 'cancelled') return there;
  // A registry that does not answer is the push's to report, with all that it knows about it.
  return ok(there.kind === 'ok' && there.value ? recorded : undefined);
}

function reportReady(member: Member, artifact: Artifact): void {
  const detail = `unchanged, ${artifact.digest.slice(0, 19)}`;
  const stages =
    member.service.jar === undefined
      ? (['image', 'push'] as const)
      : (['compile', 'package', 'image', 'push'] as const);
  for (const stage of stages) member.report.finished(stage, 'skipped', detail);
}

async function buildJars(
  firsts: ReadonlyMap<Member, Promise<Prepared | Unfinished>>,
  parts: BuildParts,
  hooks: PrepareHooks,
): Promise<ReadonlyMap<Member, Prepared | Unfinished>> {
  const before = new Map<Member, Scan>();
  for (const [member, first] of firsts) {
    const result = await first;
    if (result.kind === 'unbuilt' && member.service.jar !== undefined) before.set(member, result.scan);
  }
  const members = [...before.keys()];
  if (members.length === 0) return new Map();
  for (const [member, scan] of before) hooks.jarStarted?.(member, scan);
  // Only those that wait for a jar: a mate whose artifact was there is cancelled without harm to the others.
  const signal = AbortSignal.any(members.map((member) => member.signal));
  const built = await parts.jarBuilder.build(
    {
      services: members.map(({ service }) => service),
      tests: members.some(({ service }) => parts.testsRun(service)),
    },
    { signal, report: sharedReporter(members.map(({ report }) => report)) },
  );
  const results = new Map<Member, Prepared | Unfinished>();
  for (const [member, scan] of before) {
    const after = await parts.scanner.scan(member.service);
    results.set(member, judge(member, scan, after, built, parts));
    hooks.jarEnded?.(member);
  }
  accuse(results, before, built, parts);
  for (const [member, result] of results) {
    const old = before.get(member)?.fingerprint;
    if (result.kind !== 'unbuilt' || old === undefined) continue;
    const now = result.scan.fingerprint;
    if (!sameBuild(now, old)) hooks.accepted?.(member, now);
  }
  return results;
}

/** What one invocation came to for one member. Also a failure counts only if it is one of the inputs that it was given. */
function judge(
  member: Member,
  before: Scan,
  after: Scan,
  built: Outcome<ReadonlyMap<string, Jar>>,
  parts: BuildParts,
): Prepared | Unfinished {
  // The invocation ends for whoever was cancelled first; each member ends for its own reason.
  if (built.kind === 'cancelled') return member.signal.aborted ? cancelled(member.signal) : inputsMoved();
  const difference = parts.scanner.compare(before, after);
  if (parts.written.moved(member.service.name, member.run, difference, true)) {
    return inputsMoved({ moved: [...difference.changed, ...difference.rewritten].map(({ path }) => path) });
  }
  if (built.kind === 'failed') return built;
  return { kind: 'unbuilt', jar: built.value.get(member.service.name), scan: after };
}

/**
 * When one invocation failed for several services and its diagnostics lie in the files of some of them, the others did
 * nothing wrong: they are built again without the culprits.
 */
function accuse(
  results: Map<Member, Prepared | Unfinished>,
  before: ReadonlyMap<Member, Scan>,
  built: Outcome<unknown>,
  { projectRoot }: BuildParts,
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
